import NIOCore
import NIOHTTP1

/// What a server does with an HTTP request.
enum HTTPRoute {
    /// Make a WebSocket of the connection, with this subprotocol.
    case webSocket(subprotocol: String?, omitsReason: Bool = false)
    /// Answer, and end the connection.
    case answer(HTTPAnswer)
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
        guard request.method == .GET else {
            return HTTPAnswer.refusal(.methodNotAllowed, "A WebSocket is asked for by GET", ("Allow", "GET"))
        }
        let headers = request.headers
        if let allowedOrigins, let origin = headers.first(name: "Origin"), !allowedOrigins.contains(origin) {
            return HTTPAnswer.refusal(.forbidden, "This origin is not allowed here")
        }
        guard headers.hasToken("websocket", in: "Upgrade") else {
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
        let offered = headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
        let chosen =
            choosesByOwnOrder
            ? subprotocols.first { offered.contains($0) } : offered.first { subprotocols.contains($0) }
        return .webSocket(subprotocol: chosen, omitsReason: omitsReason)
    }
}
