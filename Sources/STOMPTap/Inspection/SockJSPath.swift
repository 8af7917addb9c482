import NIOHTTP1

/// The parts of a request's path that identify a SockJS session (SockJS 0.3.3, "Session URLs").
struct SockJSPath {
    /// How a response or a request carries frames.
    enum Carriage {
        case websocket
        /// One frame per line.
        case lines
        /// One frame per event.
        case events
        /// One frame per script.
        case scripts
        /// An array of messages, in the body of a request.
        case sending
    }

    /// The path of the session, which all its requests share.
    let session: String
    /// The last component of the path, such as `xhr_streaming`.
    let transport: String
    let carriage: Carriage
    /// The function that the script of `jsonp` must call; nil if its name is missing or invalid.
    let callback: String?

    /// - Parameter requestTarget: path and query. The result is nil if they do not belong to a session.
    init?(requestTarget: String) {
        let path = requestTarget.prefix { $0 != "?" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 4 else { return nil }
        let (server, session) = (parts[parts.count - 3], parts[parts.count - 2])
        // Neither may have dots, so that files are never mistaken for sessions.
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
        callback = transport == "jsonp" ? Self.callback(in: requestTarget.dropFirst(path.count + 1)) : nil
    }

    private static func callback(in query: Substring) -> String? {
        let value = query.split(separator: "&").first { $0.hasPrefix("c=") || $0.hasPrefix("callback=") }
        guard let name = value?.drop(while: { $0 != "=" }).dropFirst(), !name.isEmpty,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._$".contains($0)) })
        else { return nil }
        return String(name)
    }

    /// Whether the tap can insert frames of its own into an answer.
    var acceptsFrames: Bool {
        switch carriage {
        case .lines, .events: true
        case .scripts: callback != nil || transport == "htmlfile"
        case .websocket, .sending: false
        }
    }

    /// Whether an answer may consist only of such frames. With `htmlfile` it may not: the page that contains the
    /// scripts comes from the server.
    var acceptsWholeAnswer: Bool { acceptsFrames && transport != "htmlfile" }

    /// The method of its requests.
    var method: HTTPMethod { carriage == .lines || carriage == .sending ? .POST : .GET }
}
