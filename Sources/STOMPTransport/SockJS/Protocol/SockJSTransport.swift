/// How a SockJS session travels (SockJS 0.3.3, "Session URLs").
public enum SockJSTransport: String, Sendable, Hashable, CaseIterable {
    /// The first of the others, in their order, that works.
    case auto
    /// A WebSocket.
    case websocket
    /// An HTTP response that goes on, a line a frame; what is sent goes in requests of its own.
    case xhrStreaming = "xhr-streaming"
    /// An HTTP response of server-sent events; what is sent goes as with ``xhrStreaming``.
    case eventSource = "eventsource"
    /// An HTTP response for each frame; what is sent goes as with ``xhrStreaming``.
    case xhrPolling = "xhr-polling"

    /// What `auto` tries, in its order.
    static let all: [SockJSTransport] = [.websocket, .xhrStreaming, .eventSource, .xhrPolling]

    /// The last part of the URL that receives.
    var pathComponent: String {
        switch self {
        case .auto, .websocket: "websocket"
        case .xhrStreaming: "xhr_streaming"
        case .eventSource: "eventsource"
        case .xhrPolling: "xhr"
        }
    }
}

/// Where a SockJS service is, and its sessions: what is put behind its base.
struct SockJSLocation: Hashable, Sendable {
    /// The base's path, without a slash at its end.
    let path: String
    /// The base's query with its question mark; empty where there is none. It goes with every request.
    let query: String

    /// - Parameter base: path and query, as in a request target.
    init(base: String) {
        var path = base.prefix { $0 != "?" }
        query = String(base[path.endIndex...])
        while path.last == "/" { path.removeLast() }
        self.path = String(path)
    }

    /// The request target that tells what the server can do.
    var info: String { path + "/info" + query }

    /// The plain WebSocket of the service, without envelopes.
    var plainWebSocket: String { path + "/websocket" + query }

    /// The base itself.
    var base: String { (path.isEmpty ? "/" : path) + query }

    /// A session that nobody has had.
    func newSession() -> SockJSSessionLocation {
        var random = SystemRandomNumberGenerator()
        return newSession(using: &random)
    }

    func newSession(using random: inout some RandomNumberGenerator) -> SockJSSessionLocation {
        let server = String(Int.random(in: 1000...1999, using: &random)).dropFirst()
        // As SockJS's own client has it: no dots, which servers refuse.
        let letters = Array("abcdefghijklmnopqrstuvwxyz012345")
        let session = String((0..<16).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
        return SockJSSessionLocation(location: self, name: "\(server)/\(session)")
    }
}

/// Where a session is.
struct SockJSSessionLocation: Hashable, Sendable {
    fileprivate let location: SockJSLocation
    /// `SERVER/SESSION`.
    let name: String

    /// The request target that receives.
    func receiving(_ transport: SockJSTransport) -> String { target(transport.pathComponent) }

    /// The request target that takes messages, where it is another one.
    var sending: String { target("xhr_send") }

    private func target(_ component: String) -> String {
        "\(location.path)/\(name)/\(component)\(location.query)"
    }
}
