import NIOCore
import NIOHTTP1

/// The server that HTTP requests go to, and the headers that all requests to it share.
package struct HTTPSite {
    /// The value of the `Host` header; the port is included if it is not the default port of the scheme.
    package let host: String
    let isSecure: Bool

    package init(_ target: TransportTarget) {
        let isDefaultPort = target.port == (target.isSecure ? 443 : 80)
        // A zone, as in `fe80::1%eth0`, is only meaningful on this machine.
        let name = target.host.contains(":") ? String(target.host.prefix { $0 != "%" }) : target.host
        host = addressText(host: name, port: isDefaultPort ? nil : target.port)
        isSecure = target.isSecure
    }

    /// The origin of the server's own pages.
    package var origin: String { (isSecure ? "https://" : "http://") + host }

    /// The URL of a WebSocket, without the query, which may contain secrets.
    func webSocketURL(_ requestTarget: String) -> String {
        (isSecure ? "wss://" : "ws://") + host + requestTarget.prefix { $0 != "?" }
    }

    /// The URL of any other resource, without the query.
    func url(_ requestTarget: String) -> String { origin + requestTarget.prefix { $0 != "?" } }

    /// Returns the head of a request: `Host`, the headers in `own`, the origin and the cookie, then the user's
    /// headers, which replace those of the same name.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` if the head would not be valid HTTP.
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
        // Checked first, because an invalid name cannot be searched for.
        try Self.check(options.httpHeaders)
        for (name, _) in options.httpHeaders { headers.remove(name: name) }
        for (name, value) in options.httpHeaders { headers.add(name: name, value: value) }
        for (name, value) in headers { try Self.check(name, value) }
        return HTTPRequestHead(version: .http1_1, method: method, uri: requestTarget, headers: headers)
    }

    /// Checks that these are valid headers.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` if one is not.
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
    /// Upgrade the connection to WebSocket.
    case webSocket(WebSocketAgreement, omitsReason: Bool = false)
    /// Upgrade the connection to WebSocket, with a different stream on top than for other connections.
    case otherWebSocket(WebSocketAgreement, omitsReason: Bool, open: HTTPServerHandler.Opener)
    /// Respond, and close the connection.
    case answer(HTTPAnswer)
    /// Pass the request on when it is complete. The connection accepts another request after the response. A body
    /// of more than `limit` bytes is rejected.
    case exchange(limit: Int = largestBody, (HTTPServerExchange) -> Void)

    /// The maximum body size in bytes of a request that needs no body.
    static let largestBody = 64 << 10
}

/// Returns the route of a request. It is called when the head has arrived.
typealias HTTPRouter = @Sendable (HTTPRequestHead) -> HTTPRoute

/// A short plain-text response.
struct HTTPAnswer {
    var status: HTTPResponseStatus
    var text: String
    var headers: [(String, String)] = []

    /// A response that says, for a person, why a request is rejected.
    static func refusal(_ status: HTTPResponseStatus, _ text: String, _ headers: (String, String)...) -> HTTPRoute {
        .answer(HTTPAnswer(status: status, text: text, headers: headers))
    }
}

extension WebSocketEndpoint {
    /// Returns the route of a request, checked as in RFC 6455, section 4.2.1.
    func route(_ request: HTTPRequestHead) -> HTTPRoute {
        guard request.uri.prefix(while: { $0 != "?" }) == path else {
            return HTTPAnswer.refusal(.notFound, "There is nothing here; the WebSocket is at \(path)")
        }
        return webSocketRoute(request)
    }

    /// Returns the route of a request whose path has already been checked.
    func webSocketRoute(_ request: HTTPRequestHead) -> HTTPRoute {
        if let refusal = refusal(of: request) { return refusal }
        let offered = request.headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
        let chosen =
            choosesByOwnOrder
            ? subprotocols.first { offered.contains($0) } : offered.first { subprotocols.contains($0) }
        return .webSocket(
            WebSocketAgreement(subprotocol: chosen, compression: compression(for: request)), omitsReason: omitsReason)
    }

    /// The compression negotiated with a request; nil for none.
    func compression(for request: HTTPRequestHead) -> PerMessageDeflate? {
        compresses ? .accepted(among: WebSocketExtension.all(in: request.headers)) : nil
    }

    /// Returns the response that rejects a WebSocket request, independent of its path; nil if it is accepted.
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
