/// The transport of a SockJS session (SockJS 0.3.3, "Session URLs").
public enum SockJSTransport: String, Sendable, Hashable, CaseIterable {
    /// The first of the other transports that works, tried in their order.
    case auto
    /// A WebSocket.
    case websocket
    /// A streaming HTTP response with one frame per line; messages to the server go in separate requests.
    case xhrStreaming = "xhr-streaming"
    /// An HTTP response of server-sent events; messages to the server go as with ``xhrStreaming``.
    case eventSource = "eventsource"
    /// An HTTP response for each frame; messages to the server go as with ``xhrStreaming``.
    case xhrPolling = "xhr-polling"

    /// The transports that `auto` tries, in order.
    static let all: [SockJSTransport] = [.websocket, .xhrStreaming, .eventSource, .xhrPolling]

    /// The last path component of the URL that receives frames.
    var pathComponent: String {
        switch self {
        case .auto, .websocket: "websocket"
        case .xhrStreaming: "xhr_streaming"
        case .eventSource: "eventsource"
        case .xhrPolling: "xhr"
        }
    }
}

/// The location of a SockJS service. It builds the request targets under its base.
struct SockJSLocation: Hashable, Sendable {
    /// The base's path, without a trailing slash.
    let path: String
    /// The base's query with its question mark; empty if there is none. It is added to every request.
    let query: String

    /// - Parameter base: path and query, as in a request target.
    init(base: String) {
        var path = base.prefix { $0 != "?" }
        query = String(base[path.endIndex...])
        while path.last == "/" { path.removeLast() }
        self.path = String(path)
    }

    /// The request target that returns what the server supports.
    var info: String { path + "/info" + query }

    /// The request target of the plain WebSocket, without SockJS framing.
    var plainWebSocket: String { path + "/websocket" + query }

    /// The request target of the base itself.
    var base: String { (path.isEmpty ? "/" : path) + query }

    /// A session with a new random name.
    func newSession() -> SockJSSessionLocation {
        var random = SystemRandomNumberGenerator()
        return newSession(using: &random)
    }

    func newSession(using random: inout some RandomNumberGenerator) -> SockJSSessionLocation {
        let server = String(Int.random(in: 1000...1999, using: &random)).dropFirst()
        // The alphabet of SockJS's own client. It has no dots, which servers reject.
        let letters = Array("abcdefghijklmnopqrstuvwxyz012345")
        let session = String((0..<16).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
        return SockJSSessionLocation(location: self, name: "\(server)/\(session)")
    }
}

/// The location of a session.
struct SockJSSessionLocation: Hashable, Sendable {
    fileprivate let location: SockJSLocation
    /// `SERVER/SESSION`.
    let name: String

    /// The request target that receives frames.
    func receiving(_ transport: SockJSTransport) -> String { target(transport.pathComponent) }

    /// The request target that accepts messages, for transports that use a separate one.
    var sending: String { target("xhr_send") }

    private func target(_ component: String) -> String {
        "\(location.path)/\(name)/\(component)\(location.query)"
    }
}
