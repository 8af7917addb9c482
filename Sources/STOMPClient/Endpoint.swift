import FoundationEssentials
import STOMPTransport

/// Where a STOMP server is to be found, read off a URL.
///
/// | scheme | means | port |
/// |---|---|---|
/// | `stomp`, `tcp` | STOMP over TCP | 61613 |
/// | `stomps`, `ssl`, `stomp+ssl` | STOMP over TLS | 61614 |
/// | `ws`, `wss` | STOMP over WebSocket | 80, 443 |
/// | `http`, `https` | what a browser's SockJS client is given; SockJS or a plain WebSocket is found there | 80, 443 |
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable, Hashable, CaseIterable {
        case stomp, stomps, ws, wss, http, https

        /// Whether TLS stands between TCP and the rest.
        public var isSecure: Bool { self == .stomps || self == .wss || self == .https }

        var defaultPort: Int {
            switch self {
            case .stomp: 61613
            case .stomps: 61614
            case .ws, .http: 80
            case .wss, .https: 443
            }
        }

        init?(name: String) {
            switch name.lowercased() {
            case "stomp", "tcp": self = .stomp
            case "stomps", "ssl", "stomp+ssl": self = .stomps
            case "ws": self = .ws
            case "wss": self = .wss
            case "http": self = .http
            case "https": self = .https
            default: return nil
            }
        }
    }

    public var scheme: Scheme
    /// A name, or an IP address without brackets.
    public var host: String
    public var port: Int
    /// Path and query of the HTTP requests of WebSocket and SockJS; `/` over TCP.
    public var requestTarget: String
    public var login: String?
    public var passcode: String?
    /// The virtual host that the path of a `stomp://` URL names; nil where it has none.
    public var virtualHost: String?
    /// Whether it is in this very process, where no proxy of the environment is meant for it. Default false.
    public var isInProcess = false

    /// Reads a URL.
    ///
    /// - Throws: ``STOMPClientError/Code/invalidEndpoint``, with a sentence that says what is wrong with it.
    public init(_ url: String) throws(STOMPClientError) {
        guard let schemeEnd = url.firstRange(of: "://") else {
            throw Self.invalid(url, "has no scheme; write it as stomp://HOST:PORT or ws://HOST:PORT/PATH")
        }
        let name = String(url[..<schemeEnd.lowerBound])
        guard let scheme = Scheme(name: name) else {
            // What else stands before the scheme may be a passcode.
            let shown = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+.-".contains($0)) }
            throw Self.invalid(
                url,
                "has \(shown ? "the scheme \(name.debugDescription)" : "a scheme"), which is none of stomp, stomps, tcp, ssl, ws, wss, http and https"
            )
        }
        guard !TypedSecrets.breaksUserinfo(url) else {
            throw Self.invalid(
                url,
                "has a /, # or ? before its @; in a login or passcode write / as %2F, # as %23, ? as %3F, and in a path @ as %40"
            )
        }
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty else {
            throw Self.invalid(url, Self.fault(of: url[schemeEnd.upperBound...]))
        }
        // A number that is too large for one is no port to the reader of URLs, as if there were none.
        let isWritten = Self.portText(in: url[schemeEnd.upperBound...])?.isEmpty == false
        guard (1...65535).contains(parts.port ?? (isWritten ? 0 : scheme.defaultPort)) else {
            throw Self.invalid(url, Self.fault(of: url[schemeEnd.upperBound...]))
        }
        guard parts.fragment == nil else { throw Self.invalid(url, "has a fragment, which no server is ever sent") }
        self.scheme = scheme
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? scheme.defaultPort
        login = parts.user
        passcode = parts.password
        switch scheme {
        case .ws, .wss, .http, .https:
            requestTarget =
                (parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath)
                + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
        case .stomp, .stomps:
            requestTarget = "/"
            guard parts.percentEncodedQuery == nil else {
                throw Self.invalid(url, "has a query, which STOMP over TCP has no place for")
            }
            let path = String(parts.path.dropFirst())
            if !path.isEmpty { virtualHost = path }
        }
    }

    /// Why what follows the scheme cannot be used.
    private static func fault(of rest: Substring) -> String {
        guard let port = portText(in: rest) else { return "names no host" }
        guard !(1...65535).contains(Int(port) ?? (port.isEmpty ? 1 : 0)) else {
            return "has characters that a URL cannot have"
        }
        // Without an @ it may be a passcode, whose host is missing.
        let isShown = rest.contains("@") || port.count <= 5 && port.allSatisfy(\.isNumber)
        return (isShown ? "has the port \(port), which is none" : "has no valid port") + "; a port is 1 to 65535"
    }

    /// What is written as the port, behind a host; nil where there is no host.
    private static func portText(in rest: Substring) -> Substring? {
        let authority = rest.prefix { !"/?#".contains($0) }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let host = place.hasPrefix("[") ? place.prefix { $0 != "]" } : place.prefix { $0 != ":" }
        guard !host.isEmpty else { return nil }
        return place[host.endIndex...].drop { $0 == "]" }.dropFirst()
    }

    private static func invalid(_ url: String, _ fault: String) -> STOMPClientError {
        STOMPClientError(.invalidEndpoint, layer: "endpoint", "\(TypedSecrets.masked(url).debugDescription) \(fault)")
    }

    /// The URL without login and passcode.
    public var description: String {
        let shownHost = host.contains(":") ? "[\(host)]" : host
        let path =
            switch scheme {
            case .ws, .wss, .http, .https: requestTarget
            case .stomp, .stomps: ""
            }
        return "\(scheme.rawValue)://\(shownHost):\(port)\(path)"
    }

    /// What the transport is to open.
    ///
    /// - Parameter transport: which SockJS transport is used at an `http://` endpoint.
    public func target(sockJS transport: SockJSTransport) -> TransportTarget {
        let kind: TransportTarget.Kind =
            switch scheme {
            case .stomp, .stomps: .tcp
            case .ws, .wss: .webSocket(requestTarget: requestTarget)
            case .http, .https: .sockJS(base: requestTarget, transport: transport)
            }
        return TransportTarget(kind: kind, host: host, port: port, isSecure: scheme.isSecure)
    }
}
