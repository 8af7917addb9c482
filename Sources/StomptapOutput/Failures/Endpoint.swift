import STOMPClient

extension Explanation {
    /// - Parameter url: the URL as typed, without its secrets.
    init(_ url: String, _ fault: EndpointFault) {
        self.init(layer: "endpoint", "\(url.debugDescription): \(fault.sentence)", hint: fault.hint(for: url))
    }
}

extension EndpointFault {
    fileprivate var sentence: String {
        switch self {
        case .noScheme: "missing scheme"
        case .unknownScheme(let name):
            "unknown scheme\(name.map { " \($0.debugDescription)" } ?? "")"
        case .separatorInUserinfo: "/, # or ? before the @"
        case .fragment: "unexpected fragment (#...), which is never sent to a server"
        case .query: "unexpected query (?...); STOMP over TCP has none"
        case .noHost: "missing host"
        case .invalidCharacters: "characters that are not allowed in a URL"
        case .invalidPort(let text): text.map { "invalid port \($0)" } ?? "invalid port"
        }
    }

    fileprivate func hint(for url: String) -> String? {
        switch self {
        case .noScheme: "write it as \(Self.withScheme(url))"
        case .separatorInUserinfo:
            "in a login or passcode, write / as %2F, # as %23 and ? as %3F; in a path, write @ as %40"
        case .invalidPort: "a port is 1 to 65535"
        case .unknownScheme: "use stomp, stomps, tcp, ssl, ws, wss, http or https"
        case .fragment, .query, .noHost, .invalidCharacters: nil
        }
    }

    /// Guesses the intended URL: `ws:/x` lacks a slash; `localhost:15674/ws` has a path, so it is a WebSocket URL.
    private static func withScheme(_ url: String) -> String {
        let usual = "stomp://HOST:PORT or ws://HOST:PORT/PATH"
        guard !url.contains("@"), !url.contains("*") else { return usual }
        for scheme in ["stomps", "stomp", "wss", "ws", "https", "http"] where url.hasPrefix("\(scheme):") {
            let rest = url.dropFirst(scheme.count + 1).drop { $0 == "/" }
            return rest.isEmpty ? usual : "\(scheme)://\(rest)"
        }
        guard url.contains("/") else { return url.contains(":") ? "stomp://\(url)" : usual }
        guard !url.hasPrefix("/") else { return usual }
        return "ws://\(url), or http://\(url) for SockJS"
    }
}
