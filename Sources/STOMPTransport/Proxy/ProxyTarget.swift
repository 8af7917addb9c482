/// The URL of a proxy for connections.
public struct ProxyTarget: Sendable, Hashable, CustomStringConvertible {
    /// The protocol of a proxy.
    public enum Scheme: String, Sendable, Hashable {
        /// HTTP CONNECT (RFC 9110, section 9.3.6).
        case http
        /// SOCKS 5 (RFC 1928), with user and password if given (RFC 1929).
        case socks5

        /// The default port for a URL without a port.
        var defaultPort: Int {
            switch self {
            case .http: 80
            case .socks5: 1080
            }
        }
    }

    /// The protocol of the proxy.
    public let scheme: Scheme
    /// A name, or an IP address without brackets.
    public let host: String
    /// The port, 1 to 65535.
    public let port: Int
    /// The user for the proxy: for Basic credentials (RFC 7617), or for SOCKS 5. SOCKS 5 needs a user and a
    /// password of 1 to 255 bytes each.
    public let user: String?
    /// The password for the proxy; nil if the URL has none.
    public let password: String?

    /// Parses `http://[USER:PASSWORD@]HOST:PORT` or `socks5://[USER:PASSWORD@]HOST:PORT`. In user and password,
    /// characters that a URL does not allow are percent-encoded. `socks5h` means the same as `socks5`: the proxy
    /// resolves names. The default scheme is `http`.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration``, without the password.
    public init(_ url: String) throws(TransportError) {
        func fault(_ fault: ProxyURLFault) -> TransportError {
            .proxy(.invalidURL(TypedSecrets.masked(url), fault))
        }
        let (name, rest) = Self.parts(url)
        switch name.lowercased() {
        case "http": scheme = .http
        case "socks5", "socks5h": scheme = .socks5
        case "https": throw fault(.needsTLS)
        default: throw fault(.unknownScheme)
        }
        var authority = rest.prefix { !"/?#".contains($0) }
        guard ["", "/"].contains(rest[authority.endIndex...]) else {
            throw fault(.moreThanHostAndPort)
        }
        if let at = authority.lastIndex(of: "@") {
            let credentials = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = credentials[0].percentDecoded, let password = credentials.dropFirst().first.percentDecoded
            else { throw fault(.badPercentEncoding) }
            switch scheme {
            case .http where user.contains(":"):
                throw fault(.colonInUser)
            case .socks5 where ![user, password].allSatisfy({ (1...255).contains($0.utf8.count) }):
                throw fault(.badCredentialsLength)
            default: break
            }
            self.user = user
            self.password = password
            authority = authority[authority.index(after: at)...]
        } else {
            user = nil
            password = nil
        }
        guard let address = HostAndPort(authority) else { throw fault(.noHostAndPort) }
        host = address.host
        port = address.port ?? scheme.defaultPort
        guard (1...65535).contains(port) else { throw fault(.invalidPort) }
    }

    /// The URL without user and password.
    public var description: String { "\(scheme.rawValue)://\(addressText(host: host, port: port))" }

    private static func parts(_ url: String) -> (scheme: String, rest: Substring) {
        guard let end = url.firstRange(of: "://") else { return ("http", url[...]) }
        return (String(url[..<end.lowerBound]), url[end.upperBound...])
    }
}

/// A host with an optional port: `host`, `host:port`, `[::1]:port`, or an IPv6 address without a port.
struct HostAndPort {
    let host: String
    let port: Int?

    init?(_ text: Substring) {
        let tail: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = String(text[text.index(after: text.startIndex)..<end])
            tail = text[text.index(after: end)...]
        } else if text.count(where: { $0 == ":" }) > 1 {
            (host, tail) = (String(text), "")
        } else {
            host = String(text.prefix { $0 != ":" })
            tail = text.drop { $0 != ":" }
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        guard !tail.isEmpty else {
            port = nil
            return
        }
        guard tail.first == ":", tail.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(tail.dropFirst())
        else { return nil }
        port = number
    }
}

extension Substring {
    /// The percent-decoded text; nil if it is not UTF-8.
    fileprivate var percentDecoded: String? {
        PercentEncoding.decode(utf8, malformed: .isRefused).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

extension Substring? {
    /// The percent-decoded text; a missing password is empty.
    fileprivate var percentDecoded: String? { self.map(\.percentDecoded) ?? "" }
}
