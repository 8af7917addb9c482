import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The HTTP request that asks for a WebSocket, and what its answer must be (RFC 6455, sections 4.1 and 4.2).
struct WebSocketRequest {
    /// Where the WebSocket is, without the query, which may hold secrets: `ws://localhost:8080/ws`.
    let url: String
    /// The request as a failure names it.
    let summary: HTTPRequestSummary
    let identity: HTTPIdentity
    /// The origin of the server's own pages.
    let ownOrigin: String
    let head: HTTPRequestHead
    private let upgrader: NIOWebSocketClientUpgrader

    /// - Parameter identity: what the options of the user say; those here may have cookies that the server has set.
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` where the request would be no HTTP.
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
        // It is asked only whether the answer fits the key, which an empty header leaves without one.
        let key = head.headers.first(name: "Sec-WebSocket-Key") ?? ""
        upgrader = NIOWebSocketClientUpgrader(requestKey: key.isEmpty ? " " : key) { channel, _ in
            channel.eventLoop.makeSucceededVoidFuture()
        }
    }

    /// Takes or refuses a `101 Switching Protocols`.
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
    /// How messages are compressed; nil where none is.
    var compression: PerMessageDeflate?
}

/// Where a server takes WebSockets, and whose.
public struct WebSocketEndpoint: Sendable, Hashable {
    /// The path of the request target, such as `/ws`; a query behind it is not looked at.
    public var path: String
    /// The subprotocols that the server speaks: the first of the client's offer that is among them is chosen.
    /// Where the client offers none of them, none is chosen.
    public var subprotocols: [String]
    /// Whether the first of ``subprotocols`` that the client offers is chosen, in whichever order it offers them.
    public var choosesByOwnOrder = false
    /// Whether the answer goes without a reason phrase, as Tomcat's does: `HTTP/1.1 101 `.
    public var omitsReason = false
    /// Whether messages are compressed with clients that offer permessage-deflate (RFC 7692). Default no.
    public var compresses = false
    /// The values of `Host` that are let in; nil, the default, lets in all. A request without a `Host` is let in always.
    public var hosts: OwnHosts?
    /// The values of `Origin` that are let in, `*` for all; nil lets in all. A request without an `Origin` is let in
    /// always.
    public var allowedOrigins: [String]?
    /// Whether pages of this machine are let in beside ``allowedOrigins``: from a loopback name or address, or from the
    /// host that `Host` names, at any port. Default no.
    public var allowsOwnOrigins = false

    /// How SockJS is spoken at the same path; nil for not at all.
    public var sockJS: SockJSServerOptions?
    /// In whose details HTTP requests are answered. Default ``HTTPDialect/reference``.
    public var dialect = HTTPDialect.reference
    /// The status that every handshake is refused with: 200 with an empty body, as an interceptor of the application
    /// does it, or 302 (to `/login`), 401 or 403, as a filter before the application does it, which refuses all other
    /// requests too. Nil, the default, refuses none.
    public var handshakeRefusal: Int?

    public init(
        path: String, subprotocols: [String] = [], allowedOrigins: [String]? = nil, sockJS: SockJSServerOptions? = nil
    ) {
        self.path = path
        self.subprotocols = subprotocols
        self.allowedOrigins = allowedOrigins
        self.sockJS = sockJS
    }
}

/// What servers of WebSocket and SockJS do differently over HTTP, within their specifications.
public enum HTTPDialect: Sendable, Hashable {
    /// As the reference implementation of SockJS, in node, and RFC 6455's examples have it.
    case reference
    /// As applications in a servlet container have it: no `Access-Control-Allow-Origin` without an `Origin`, preflights
    /// answered 200 with the method that was asked for, a 404 without a body.
    case servlet
}
