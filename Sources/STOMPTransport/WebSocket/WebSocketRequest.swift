import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The HTTP request that opens a WebSocket, and the check of its answer (RFC 6455, sections 4.1 and 4.2).
struct WebSocketRequest {
    /// The URL of the WebSocket without the query, which may contain secrets: `ws://localhost:8080/ws`.
    let url: String
    /// The request as shown in errors.
    let summary: HTTPRequestSummary
    let identity: HTTPIdentity
    /// The origin of the server's own pages.
    let ownOrigin: String
    let head: HTTPRequestHead
    private let upgrader: NIOWebSocketClientUpgrader

    /// - Parameter identity: the identity from the user's options; `options` may contain cookies that the server
    ///   has set.
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` if the request would not be
    ///   valid HTTP.
    init(
        _ target: TransportTarget, requestTarget: String, options: TransportOptions, identity: HTTPIdentity? = nil
    ) throws(TransportError) {
        let site = HTTPSite(target)
        var own = [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", NIOWebSocketClientUpgrader.randomRequestKey()),
        ]
        if !options.subprotocols.isEmpty {
            own.append(("Sec-WebSocket-Protocol", options.subprotocols.joined(separator: ", ")))
        }
        if options.offersCompression { own.append((WebSocketExtension.header, PerMessageDeflate.offer)) }
        head = try site.head(.GET, requestTarget, own, options: options)
        for subprotocol in options.subprotocols where !subprotocol.isToken {
            throw .webSocket(.invalidSubprotocol(subprotocol))
        }
        url = site.webSocketURL(head.uri)
        summary = HTTPRequestSummary(.webSocket, url, isSecure: site.isSecure)
        ownOrigin = site.origin
        self.identity = identity ?? options.identity
        // Used only to check that the answer matches the key, which is missing if the user's header is empty.
        let key = head.headers.first(name: "Sec-WebSocket-Key") ?? ""
        upgrader = NIOWebSocketClientUpgrader(requestKey: key.isEmpty ? " " : key) { channel, _ in
            channel.eventLoop.makeSucceededVoidFuture()
        }
    }

    /// Accepts or rejects a `101 Switching Protocols` response.
    func agreement(with answer: HTTPResponseHead) throws(TransportError) -> WebSocketAgreement {
        guard answer.headers.hasToken("websocket", in: "Upgrade") else {
            throw .webSocket(.noUpgradeHeader(from: url))
        }
        guard answer.headers.hasToken("upgrade", in: "Connection") else {
            throw .webSocket(.noConnectionHeader(from: url))
        }
        guard upgrader.shouldAllowUpgrade(upgradeResponse: answer) else {
            throw .webSocket(.wrongAccept(from: url))
        }
        return WebSocketAgreement(
            subprotocol: try subprotocol(chosenBy: answer), compression: try compression(chosenBy: answer))
    }

    private func compression(chosenBy answer: HTTPResponseHead) throws(TransportError) -> PerMessageDeflate? {
        let offered = Set(WebSocketExtension.all(in: head.headers).map(\.name))
        let chosen = WebSocketExtension.all(in: answer.headers)
        for member in chosen where !offered.contains(member.name) || member.name != PerMessageDeflate.name {
            throw .webSocket(.unofferedExtension(member.name, from: url))
        }
        guard let first = chosen.first else { return nil }
        guard chosen.count == 1, let compression = PerMessageDeflate(answer: first) else {
            let value = answer.headers[WebSocketExtension.header].joined(separator: ", ")
            throw .webSocket(.invalidExtensionAnswer(value, from: url))
        }
        return compression
    }

    private func subprotocol(chosenBy answer: HTTPResponseHead) throws(TransportError) -> String? {
        let chosen = answer.headers["Sec-WebSocket-Protocol"]
        guard let name = chosen.first else { return nil }
        let offered = head.headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
        guard chosen.count == 1, offered.contains(name) else {
            throw .webSocket(.unofferedSubprotocol(chosen, from: url, offered: offered))
        }
        return name
    }
}

/// What both sides of a WebSocket have agreed on when it opens.
struct WebSocketAgreement: Sendable, Equatable {
    var subprotocol: String?
    /// How messages are compressed; nil if they are not.
    var compression: PerMessageDeflate?
}

/// An endpoint at which a server accepts WebSockets, and the clients it accepts.
public struct WebSocketEndpoint: Sendable, Hashable {
    /// The path of the request target, such as `/ws`; a query after it is ignored.
    public var path: String
    /// The subprotocols that the server speaks. The first one in the client's offer that is among them is chosen;
    /// if the client offers none of them, no subprotocol is chosen.
    public var subprotocols: [String]
    /// Whether the first of ``subprotocols`` that the client offers is chosen, regardless of the order of the
    /// offer.
    public var choosesByOwnOrder = false
    /// Whether the answer has no reason phrase, like Tomcat's: `HTTP/1.1 101 `.
    public var omitsReason = false
    /// Whether messages are compressed with clients that offer permessage-deflate (RFC 7692). Default no.
    public var compresses = false
    /// The accepted values of `Host`; nil, the default, accepts all. A request without a `Host` is always
    /// accepted.
    public var hosts: OwnHosts?
    /// The accepted values of `Origin`, `*` for all; nil accepts all. A request without an `Origin` is always
    /// accepted.
    public var allowedOrigins: [String]?
    /// Whether pages of this machine are accepted in addition to ``allowedOrigins``: from a loopback name or
    /// address, or from the host in `Host`, at any port. Default no.
    public var allowsOwnOrigins = false

    /// The SockJS options at the same path; nil disables SockJS.
    public var sockJS: SockJSServerOptions?
    /// The dialect in which HTTP requests are answered. Default ``HTTPDialect/reference``.
    public var dialect = HTTPDialect.reference
    /// The status with which every handshake is refused: 200 with an empty body, like an interceptor of the
    /// application, or 302 (to `/login`), 401 or 403, like a filter in front of the application, which refuses all
    /// other requests too. Default nil, which refuses no handshake.
    public var handshakeRefusal: Int?

    /// Creates the settings of a server at a path.
    public init(
        path: String, subprotocols: [String] = [], allowedOrigins: [String]? = nil, sockJS: SockJSServerOptions? = nil
    ) {
        self.path = path
        self.subprotocols = subprotocols
        self.allowedOrigins = allowedOrigins
        self.sockJS = sockJS
    }
}

/// The HTTP details in which WebSocket and SockJS servers differ, within their specifications.
public enum HTTPDialect: Sendable, Hashable {
    /// Like the reference implementation of SockJS in node, and the examples of RFC 6455.
    case reference
    /// Like applications in a servlet container: no `Access-Control-Allow-Origin` without an `Origin`, preflights
    /// answered with 200 and the requested method, and a 404 without a body.
    case servlet
}
