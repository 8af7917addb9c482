import NIOCore

extension ProxyTarget {
    /// The environment variables that select a proxy; the first that is not empty is used.
    private enum Variable {
        static let web = ["http_proxy", "HTTP_PROXY"]
        static let secure = ["https_proxy", "HTTPS_PROXY"]
        static let all = ["all_proxy", "ALL_PROXY"]
        static let none = ["no_proxy", "NO_PROXY"]
    }

    /// All variables that ``fromEnvironment(for:environment:)`` reads.
    public static let environmentVariables = Variable.web + Variable.secure + Variable.all + Variable.none

    /// Returns the proxy that the environment sets for `target`; nil if the connection is direct.
    ///
    /// `HTTPS_PROXY` applies to targets with TLS, and `HTTP_PROXY` to WebSocket and SockJS without TLS.
    /// `ALL_PROXY` applies to all other targets, and to these if their own variable is not set. `NO_PROXY` lists
    /// the hosts to connect to directly, separated by commas or spaces: names, which include their subdomains,
    /// `*`, IP addresses and networks (`10.0.0.0/8`). A name or an address may have a port. The same variables in
    /// lower case have the same meaning and take precedence.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration``, which names the variable.
    public static func fromEnvironment(
        for target: TransportTarget, environment: [String: String]
    ) throws(TransportError) -> ProxyTarget? {
        func first(_ names: [String]) -> (name: String, value: String)? {
            names.lazy.compactMap { name in environment[name].map { (name, $0) } }.first { !$0.1.isEmpty }
        }
        let own = target.isSecure ? Variable.secure : target.kind == .tcp ? [] : Variable.web
        guard let (name, value) = first(own + Variable.all) else { return nil }
        if let (_, list) = first(Variable.none), ProxyExceptions(list).contains(target) { return nil }
        do {
            return try ProxyTarget(value)
        } catch .proxy(let failure) {
            throw .proxy(.invalidVariable(name, failure))
        }
    }
}

/// The entries of `NO_PROXY`.
struct ProxyExceptions {
    private let entries: [Substring]

    init(_ list: String) {
        entries = list.split { $0 == "," || $0.isWhitespace }
    }

    func contains(_ target: TransportTarget) -> Bool {
        let host = Self.plain(target.host[...])
        let address = IPBytes(host)
        return entries.contains { entry in
            if entry == "*" { return true }
            if let network = IPNetwork(entry) { return address.map(network.contains) ?? false }
            guard let place = HostAndPort(entry), place.port == nil || place.port == target.port else { return false }
            let name = Self.plain(place.host[...].drop { $0 == "." })
            if name == "*" { return true }
            if let address { return IPBytes(name) == address }
            return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
        }
    }

    /// Normalizes a name: lower case, without a trailing dot, and without the zone of an address.
    private static func plain(_ name: Substring) -> String {
        let name = name.contains(":") ? name.prefix { $0 != "%" } : name
        return (name.hasSuffix(".") ? name.dropLast() : name).lowercased()
    }
}

/// The 4 or 16 bytes of an IP address.
private struct IPBytes: Equatable {
    let bytes: [UInt8]

    init?(_ text: String) {
        guard let bytes = (try? SocketAddress(ipAddress: text, port: 0))?.ipBytes else { return nil }
        self.bytes = bytes
    }
}

/// An IP network such as `10.0.0.0/8` or `fd00::/8`.
private struct IPNetwork {
    private let address: IPBytes
    private let length: Int

    init?(_ text: Substring) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let length = Int(parts[1]),
            let host = HostAndPort(parts[0]), host.port == nil, let address = IPBytes(host.host),
            (0...address.bytes.count * 8).contains(length)
        else { return nil }
        self.address = address
        self.length = length
    }

    func contains(_ other: IPBytes) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        return zip(address.bytes, other.bytes).enumerated().allSatisfy { index, pair in
            let bits = min(8, max(0, length - index * 8))
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            return (pair.0 ^ pair.1) & mask == 0
        }
    }
}
