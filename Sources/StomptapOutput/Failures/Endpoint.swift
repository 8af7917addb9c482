import STOMPClient

extension Explanation {
    /// - Parameter url: the URL as typed, without its secrets.
    init(_ url: String, _ fault: EndpointFault) {
        self.init(layer: "endpoint", "\(url.debugDescription) \(fault.sentence)", hint: fault.hint(for: url))
    }
}

extension EndpointFault {
    fileprivate var sentence: String {
        switch self {
        case .noScheme: "has no scheme"
        case .unknownScheme(let name):
            "has \(name.map { "the scheme \($0.debugDescription)" } ?? "a scheme"), which is none of "
                + "stomp, stomps, tcp, ssl, ws, wss, http and https"
        case .separatorInUserinfo: "has a /, # or ? before its @"
        case .fragment: "has a fragment, which no server is ever sent"
        case .query: "has a query, which STOMP over TCP has no place for"
        case .noHost: "names no host"
        case .invalidCharacters: "has characters that a URL cannot have"
        case .invalidPort(let text): text.map { "has the port \($0), which is none" } ?? "has no valid port"
        }
    }

    fileprivate func hint(for url: String) -> String? {
        switch self {
        case .noScheme: "write it as \(Self.withScheme(url))"
        case .separatorInUserinfo:
            "in a login or passcode write / as %2F, # as %23, ? as %3F, and in a path @ as %40"
        case .invalidPort: "a port is 1 to 65535"
        case .unknownScheme, .fragment, .query, .noHost, .invalidCharacters: nil
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
        return "ws://\(url), or http://\(url) where it is a URL for SockJS"
    }
}
