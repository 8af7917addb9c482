import NIOCore
import NIOHTTP1

/// The server that HTTP requests go to, as they name it, and what they all have.
package struct HTTPSite {
    /// For the `Host` header: the port stands in it where it is not the scheme's own.
    package let host: String
    let isSecure: Bool

    package init(_ target: TransportTarget) {
        let isDefaultPort = target.port == (target.isSecure ? 443 : 80)
        // A zone, as in `fe80::1%eth0`, means something on this machine only.
        let name = target.host.contains(":") ? String(target.host.prefix { $0 != "%" }) : target.host
        host = addressText(host: name, port: isDefaultPort ? nil : target.port)
        isSecure = target.isSecure
    }

    /// The origin of the server's own pages.
    package var origin: String { (isSecure ? "https://" : "http://") + host }

    /// Where a WebSocket is, without the query, which may hold secrets.
    func webSocketURL(_ requestTarget: String) -> String {
        (isSecure ? "wss://" : "ws://") + host + requestTarget.prefix { $0 != "?" }
    }

    /// Where something else is, without the query.
    func url(_ requestTarget: String) -> String { origin + requestTarget.prefix { $0 != "?" } }

    /// The head of a request: `own` headers behind `Host`, then origin and cookie, and the user's, which replace those
    /// of the same name.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` where it would be no HTTP.
    func head(
        _ method: HTTPMethod, _ requestTarget: String, _ own: [(String, String)], options: TransportOptions
    ) throws(TransportError) -> HTTPRequestHead {
        let requestTarget = requestTarget.hasPrefix("/") ? requestTarget : "/" + requestTarget
        guard requestTarget.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .http(.invalidPath(requestTarget))
        }
        var headers = HTTPHeaders([("Host", host)] + own)
        if let origin = options.origin { headers.add(name: "Origin", value: origin) }
        if let cookie = options.cookie { headers.add(name: "Cookie", value: cookie) }
        // One that is no name cannot be looked for.
        try Self.check(options.httpHeaders)
        for (name, _) in options.httpHeaders { headers.remove(name: name) }
        for (name, value) in options.httpHeaders { headers.add(name: name, value: value) }
        for (name, value) in headers { try Self.check(name, value) }
        return HTTPRequestHead(version: .http1_1, method: method, uri: requestTarget, headers: headers)
    }

    /// Whether these can be headers.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` where one cannot.
    package static func check(_ headers: [(name: String, value: String)]) throws(TransportError) {
        for (name, value) in headers { try check(name, value) }
    }

    private static func check(_ name: String, _ value: String) throws(TransportError) {
        guard name.isToken else { throw .http(.invalidHeaderName(name)) }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .http(.invalidValue(ofHeader: name))
        }
    }
}

/// What a server does with an HTTP request.
enum HTTPRoute {
    /// Make a WebSocket of the connection.
    case webSocket(WebSocketAgreement, omitsReason: Bool = false)
    /// Make a WebSocket of the connection, and another stream of it than is made of the others.
    case otherWebSocket(WebSocketAgreement, omitsReason: Bool, open: HTTPServerHandler.Opener)
    /// Answer, and end the connection.
    case answer(HTTPAnswer)
    /// Hand the request on when it is whole. The connection takes another one when the answer is whole. A body of more
    /// than `limit` bytes is refused.
    case exchange(limit: Int = largestBody, (HTTPServerExchange) -> Void)

    /// The largest body of a request that is to have none.
    static let largestBody = 64 << 10
}

/// Finds the route of a request. It is asked once the head is here.
typealias HTTPRouter = @Sendable (HTTPRequestHead) -> HTTPRoute

/// A short answer in plain text.
struct HTTPAnswer {
    var status: HTTPResponseStatus
    var text: String
    var headers: [(String, String)] = []

    /// What is not found or not allowed here, for people.
    static func refusal(_ status: HTTPResponseStatus, _ text: String, _ headers: (String, String)...) -> HTTPRoute {
        .answer(HTTPAnswer(status: status, text: text, headers: headers))
    }
}

extension WebSocketEndpoint {
    /// Judges a request by RFC 6455, section 4.2.1.
    func route(_ request: HTTPRequestHead) -> HTTPRoute {
        guard request.uri.prefix(while: { $0 != "?" }) == path else {
            return HTTPAnswer.refusal(.notFound, "There is nothing here; the WebSocket is at \(path)")
        }
        return webSocketRoute(request)
    }

    /// Judges a request whose path is known to be right.
    func webSocketRoute(_ request: HTTPRequestHead) -> HTTPRoute {
        if let refusal = refusal(of: request) { return refusal }
        let offered = request.headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
        let chosen =
            choosesByOwnOrder
            ? subprotocols.first { offered.contains($0) } : offered.first { subprotocols.contains($0) }
        return .webSocket(
            WebSocketAgreement(subprotocol: chosen, compression: compression(for: request)), omitsReason: omitsReason)
    }

    /// How messages are compressed that follow a request.
    func compression(for request: HTTPRequestHead) -> PerMessageDeflate? {
        compresses ? .accepted(among: WebSocketExtension.all(in: request.headers)) : nil
    }

    /// Why a request, whatever its path, gets no WebSocket.
    func refusal(of request: HTTPRequestHead) -> HTTPRoute? {
        guard request.method == .GET else {
            return HTTPAnswer.refusal(.methodNotAllowed, "A WebSocket is asked for by GET", ("Allow", "GET"))
        }
        let headers = request.headers
        guard headers.hasToken("websocket", in: "Upgrade") else {
            if dialect == .servlet {
                return .exchange { $0.answer(.badRequest, HTTPHeaders(), #"Can "Upgrade" only to "WebSocket"."#) }
            }
            return HTTPAnswer.refusal(.upgradeRequired, "This is a WebSocket endpoint", ("Upgrade", "websocket"))
        }
        guard headers.hasToken("upgrade", in: "Connection"), request.version.minor >= 1 else {
            return HTTPAnswer.refusal(.badRequest, "A WebSocket needs HTTP/1.1 and 'Connection: Upgrade'")
        }
        guard headers["Sec-WebSocket-Version"] == ["13"] else {
            return HTTPAnswer.refusal(.upgradeRequired, "Only version 13 is spoken", ("Sec-WebSocket-Version", "13"))
        }
        guard headers["Sec-WebSocket-Key"].count == 1, headers["Sec-WebSocket-Key"][0].utf8.count == 24 else {
            return HTTPAnswer.refusal(.badRequest, "Sec-WebSocket-Key has to be 16 octets in base64")
        }
        return nil
    }
}
