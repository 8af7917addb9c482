import FoundationEssentials
import STOMPTransport

/// The address of a STOMP server, parsed from a URL.
///
/// | scheme | means | port |
/// |---|---|---|
/// | `stomp`, `tcp` | STOMP over TCP | 61613 |
/// | `stomps`, `ssl`, `stomp+ssl` | STOMP over TLS | 61614 |
/// | `ws`, `wss` | STOMP over WebSocket | 80, 443 |
/// | `http`, `https` | the URL of a browser's SockJS client; detects SockJS or a plain WebSocket | 80, 443 |
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// How the server is reached. The names `tcp`, `ssl` and `stomp+ssl` of a URL are `stomp` and `stomps` here.
    public enum Scheme: String, Sendable, Hashable, CaseIterable {
        /// STOMP over TCP.
        case stomp
        /// STOMP over TLS.
        case stomps
        /// STOMP over WebSocket (RFC 6455).
        case ws
        /// STOMP over WebSocket and TLS.
        case wss
        /// SockJS 0.3.3, or the plain WebSocket that the server has at this URL instead.
        case http
        /// As `http`, over TLS.
        case https

        /// Whether the connection uses TLS.
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

    /// How the server is reached.
    public var scheme: Scheme
    /// A name, or an IP address without brackets.
    public var host: String
    /// The port, 1 to 65535.
    public var port: Int
    /// Path and query of the HTTP requests for WebSocket and SockJS; `/` over TCP.
    public var requestTarget: String
    /// The user name of the URL, without percent-encoding; nil if it has none.
    public var login: String?
    /// The password of the URL, without percent-encoding; nil if it has none.
    public var passcode: String?
    /// The virtual host in the path of a `stomp://` URL; nil if the path is empty.
    public var virtualHost: String?
    /// Whether the server runs in this process, so that no proxy from the environment is used. Default false.
    public var isInProcess = false

    /// Parses a URL, such as `wss://login:passcode@example.org/ws`. A host name with letters outside ASCII is encoded
    /// (RFC 3492).
    ///
    /// - Parameter url: a URL with one of the schemes above.
    /// - Throws: ``STOMPClientError/invalidEndpoint(_:_:)``.
    public init(_ url: String) throws(STOMPClientError) {
        guard let schemeEnd = url.firstRange(of: "://") else {
            throw Self.invalid(url, .noScheme)
        }
        let name = String(url[..<schemeEnd.lowerBound])
        guard let scheme = Scheme(name: name) else {
            // Any other text before the scheme may be a passcode.
            let shown = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+.-".contains($0)) }
            throw Self.invalid(url, .unknownScheme(name: shown ? name : nil))
        }
        guard !TypedSecrets.breaksUserinfo(url) else {
            throw Self.invalid(url, .separatorInUserinfo)
        }
        guard let parts = URLComponents(string: url), let given = parts.host, !given.isEmpty else {
            throw Self.invalid(url, Self.fault(of: url[schemeEnd.upperBound...]))
        }
        guard let host = given.utf8.allSatisfy({ $0 < 0x80 }) ? given : Punycode.host(given) else {
            throw Self.invalid(url, .invalidCharacters)
        }
        // `URLComponents` ignores a port number that is too large for it, as if there were none.
        let isWritten = Self.portText(in: url[schemeEnd.upperBound...])?.isEmpty == false
        guard (1...65535).contains(parts.port ?? (isWritten ? 0 : scheme.defaultPort)) else {
            throw Self.invalid(url, Self.fault(of: url[schemeEnd.upperBound...]))
        }
        guard parts.fragment == nil else { throw Self.invalid(url, .fragment) }
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
                throw Self.invalid(url, .query)
            }
            let path = String(parts.path.dropFirst())
            if !path.isEmpty { virtualHost = path }
        }
    }

    /// Why the text after the scheme is invalid.
    private static func fault(of rest: Substring) -> EndpointFault {
        guard let port = portText(in: rest) else { return .noHost }
        guard !(1...65535).contains(Int(port) ?? (port.isEmpty ? 1 : 0)) else {
            return .invalidCharacters
        }
        // Without an @ it may be a passcode with its host missing.
        let isShown = rest.contains("@") || port.count <= 5 && port.allSatisfy(\.isNumber)
        return .invalidPort(text: isShown ? String(port) : nil)
    }

    /// The text of the port, after a host; nil if there is no host.
    private static func portText(in rest: Substring) -> Substring? {
        let authority = rest.prefix { !"/?#".contains($0) }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let host = place.hasPrefix("[") ? place.prefix { $0 != "]" } : place.prefix { $0 != ":" }
        guard !host.isEmpty else { return nil }
        return place[host.endIndex...].drop { $0 == "]" }.dropFirst()
    }

    private static func invalid(_ url: String, _ fault: EndpointFault) -> STOMPClientError {
        .invalidEndpoint(TypedSecrets.masked(url), fault)
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

    /// The target for the transport to connect to.
    ///
    /// - Parameter transport: the SockJS transport for an `http://` endpoint.
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
