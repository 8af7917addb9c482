import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The HTTP request that asks for a WebSocket, and what its answer must be (RFC 6455, sections 4.1 and 4.2).
struct WebSocketRequest {
    /// Where the WebSocket is, without the query, which may hold secrets: `ws://localhost:8080/ws`.
    let url: String
    /// The request as a failure names it.
    let summary: HTTPRequestSummary
    /// The origin that is sent, and the one of the server's own pages.
    let origin: String?
    let ownOrigin: String
    let head: HTTPRequestHead
    private let upgrader: NIOWebSocketClientUpgrader

    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` where the request would be no HTTP.
    init(_ target: TransportTarget, requestTarget: String, options: TransportOptions) throws(TransportError) {
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
        origin = head.headers.first(name: "Origin")
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
