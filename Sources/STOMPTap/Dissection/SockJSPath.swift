import NIOHTTP1

/// What the path of a request says of a SockJS session (SockJS 0.3.3, "Session URLs").
struct SockJSPath: Hashable {
    /// How a response or a request carries frames.
    enum Carriage: String {
        case websocket
        /// A frame a line.
        case lines
        /// A frame an event.
        case events
        /// A frame a script.
        case scripts
        /// An array of messages, in the body of a request.
        case sending
    }

    /// The path of the session: its requests have it in common.
    let session: String
    /// The last part of the path: `xhr_streaming`.
    let transport: String
    let carriage: Carriage

    /// - Parameter requestTarget: path and query; nil comes of what is none of a session.
    init?(requestTarget: String) {
        let path = requestTarget.prefix { $0 != "?" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 4 else { return nil }
        let (server, session) = (parts[parts.count - 3], parts[parts.count - 2])
        // Neither may have dots, so that files are never taken for sessions.
        guard !server.isEmpty, !session.isEmpty, !server.contains("."), !session.contains(".") else { return nil }
        transport = String(parts[parts.count - 1])
        switch transport {
        case "websocket": carriage = .websocket
        case "xhr", "xhr_streaming": carriage = .lines
        case "eventsource": carriage = .events
        case "htmlfile", "jsonp": carriage = .scripts
        case "xhr_send", "jsonp_send": carriage = .sending
        default: return nil
        }
        self.session = String(path.dropLast(transport.count + 1))
    }

    /// The method of its requests.
    var method: HTTPMethod { carriage == .lines || carriage == .sending ? .POST : .GET }

    /// The name of what comes to the app, for people: `SockJS xhr-streaming`.
    var name: String {
        let isPolling = transport == "xhr" || transport == "jsonp"
        return "SockJS " + transport.replacing("_", with: "-") + (isPolling ? "-polling" : "")
    }
}
