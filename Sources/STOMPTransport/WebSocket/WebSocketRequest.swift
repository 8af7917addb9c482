import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The HTTP request that asks for a WebSocket, and what its answer must be (RFC 6455, sections 4.1 and 4.2).
struct WebSocketRequest {
    /// Where the WebSocket is, without the query, which may hold secrets: `ws://localhost:8080/ws`.
    let url: String
    /// The origin that is sent, and the one of the server's own pages.
    let origin: String?
    let ownOrigin: String
    let head: HTTPRequestHead
    private let upgrader: NIOWebSocketClientUpgrader

    /// - Throws: ``TransportError`` with ``TransportError/Code/badConfiguration`` where the request would be no HTTP.
    init(_ target: TransportTarget, requestTarget: String, options: TransportOptions) throws(TransportError) {
        let requestTarget = requestTarget.hasPrefix("/") ? requestTarget : "/" + requestTarget
        guard requestTarget.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw TransportError(
                .badConfiguration, .http,
                "the path \"\(printable(requestTarget))\" has characters that a URL cannot have",
                remedy: "write them percent-encoded")
        }
        let isDefaultPort = target.port == (target.isSecure ? 443 : 80)
        let host = addressText(host: Self.withoutZone(target.host), port: isDefaultPort ? nil : target.port)
        url = (target.isSecure ? "wss://" : "ws://") + host + requestTarget.prefix { $0 != "?" }
        ownOrigin = (target.isSecure ? "https://" : "http://") + host

        var headers = HTTPHeaders()
        headers.add(name: "Host", value: host)
        headers.add(name: "Upgrade", value: "websocket")
        headers.add(name: "Connection", value: "Upgrade")
        headers.add(name: "Sec-WebSocket-Version", value: "13")
        headers.add(name: "Sec-WebSocket-Key", value: NIOWebSocketClientUpgrader.randomRequestKey())
        if !options.subprotocols.isEmpty {
            headers.add(name: "Sec-WebSocket-Protocol", value: options.subprotocols.joined(separator: ", "))
        }
        if let origin = options.origin { headers.add(name: "Origin", value: origin) }
        if let cookie = options.cookie { headers.add(name: "Cookie", value: cookie) }
        for (name, value) in options.httpHeaders { try Self.check(name, value) }
        for (name, _) in options.httpHeaders { headers.remove(name: name) }
        for (name, value) in options.httpHeaders { headers.add(name: name, value: value) }
        for (name, value) in headers { try Self.check(name, value) }
        for subprotocol in options.subprotocols where !subprotocol.isToken {
            throw TransportError(
                .badConfiguration, .webSocket, "\"\(printable(subprotocol))\" cannot be the name of a subprotocol")
        }

        origin = headers.first(name: "Origin")
        head = HTTPRequestHead(version: .http1_1, method: .GET, uri: requestTarget, headers: headers)
        // It is asked only whether the answer fits the key, which an empty header leaves without one.
        let key = headers.first(name: "Sec-WebSocket-Key") ?? ""
        upgrader = NIOWebSocketClientUpgrader(requestKey: key.isEmpty ? " " : key) { channel, _ in
            channel.eventLoop.makeSucceededVoidFuture()
        }
    }

    /// Takes or refuses a `101 Switching Protocols`.
    ///
    /// - Returns: the subprotocol that the server chose.
    func subprotocol(chosenBy answer: HTTPResponseHead) throws(TransportError) -> String? {
        func violation(_ message: String) -> TransportError {
            TransportError(.protocolViolation, .webSocket, "101 from \(url) \(message)")
        }
        guard answer.headers.hasToken("websocket", in: "Upgrade") else {
            throw violation("without 'Upgrade: websocket'")
        }
        guard answer.headers.hasToken("upgrade", in: "Connection") else {
            throw violation("without 'Connection: Upgrade'")
        }
        guard upgrader.shouldAllowUpgrade(upgradeResponse: answer) else {
            throw violation("with a Sec-WebSocket-Accept that does not answer the key")
        }
        if let name = answer.headers[canonicalForm: "Sec-WebSocket-Extensions"].first(where: { !$0.isEmpty }) {
            throw violation("with the extension \(printable(name)), which was not offered")
        }
        let chosen = answer.headers["Sec-WebSocket-Protocol"]
        guard let name = chosen.first else { return nil }
        let offered = head.headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
        guard chosen.count == 1, offered.contains(name) else {
            let offer = offered.isEmpty ? "none was offered" : "\(offered.joined(separator: ", ")) were offered"
            throw TransportError(
                .protocolViolation, .webSocket,
                "101 from \(url) with the subprotocol \(printable(chosen.joined(separator: ", "))), where \(offer)",
                remedy: chosen.count == 1 ? "offer it with --subprotocol" : nil)
        }
        return name
    }

    private static func check(_ name: String, _ value: String) throws(TransportError) {
        guard name.isToken else {
            throw TransportError(.badConfiguration, .http, "\"\(printable(name))\" cannot be the name of a header")
        }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw TransportError(.badConfiguration, .http, "the value of the header \(name) has control characters")
        }
    }

    /// A zone, as in `fe80::1%eth0`, means something on this machine only.
    private static func withoutZone(_ host: String) -> String {
        host.contains(":") ? String(host.prefix { $0 != "%" }) : host
    }
}

extension String {
    /// Whether this is a token: the name of a header or of a subprotocol (RFC 9110, section 5.6.2).
    var isToken: Bool {
        !isEmpty
            && utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains($0)
                }
            }
    }
}

extension HTTPHeaders {
    /// Whether one of the members of a list header is this token, in capitals or not.
    func hasToken(_ token: String, in name: String) -> Bool {
        self[canonicalForm: name].contains { $0.lowercased() == token }
    }
}
