import NIOCore
import SystemC

/// A host and an optional port, as in `Host` and in URLs (RFC 9110, section 7.2).
package struct HTTPAuthority: Hashable, Sendable {
    /// The maximum length in bytes; a host name has at most 253.
    private static let limit = 300

    /// A lowercase name without a trailing dot, or an address without brackets and zone.
    package let host: String
    /// Whether the host is an IPv4 or IPv6 address.
    package let isAddress: Bool
    package let port: Int?

    /// Returns nil if the text is malformed: an empty host, a userinfo part, or an invalid port.
    package init?(_ text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.count <= Self.limit else { return nil }
        let end: String.Index
        let text = String(text)
        if let address = Self.address(text) {
            (host, isAddress, port) = (address, true, nil)
            return
        }
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            // A zone, as in `[fe80::1%25eth0]`, is only meaningful on the sender's machine.
            let parts = text[text.index(after: text.startIndex)..<bracket].split(separator: "%", maxSplits: 1)
            guard let inner = parts.first, inner.contains(":"), let address = Self.address(String(inner)),
                parts.dropFirst().allSatisfy({ $0.lowercased().utf8.allSatisfy(\.isNameByte) })
            else { return nil }
            (host, isAddress) = (address, true)
            end = text.index(after: bracket)
        } else {
            end = text.firstIndex(of: ":") ?? text.endIndex
            var name = text[..<end].lowercased()
            if name.hasSuffix(".") { name.removeLast() }
            let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            guard labels.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isNameByte) }) else { return nil }
            let address = Self.address(name)
            (host, isAddress) = (address ?? name, address != nil)
        }
        let digits = text[end...].dropFirst()
        guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        guard text[end...].first.map({ $0 == ":" }) ?? true, Int(digits) ?? 0 <= 65535 else { return nil }
        port = Int(digits)
    }

    /// Whether the host is a loopback name or address.
    package var isLoopback: Bool {
        isAddress ? host.hasPrefix("127.") || host == "::1" : host == "localhost" || host.hasSuffix(".localhost")
    }

    /// The address in the system's format; nil if the text is not an address.
    private static func address(_ text: String) -> String? {
        guard !text.contains("%") else { return nil }
        return (try? SocketAddress(ipAddress: text, port: 0))?.ipAddress
    }
}

extension UInt8 {
    fileprivate var isNameByte: Bool {
        self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z") || self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9")
            || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
    }
}

/// The host names under which a local server accepts requests.
///
/// A web page can make its own host name resolve to this machine (DNS rebinding). The browser then treats the
/// responses of this server as the page's own. Such a request has the page's host name in `Host`, so it can be
/// detected. Accepted are: an IP address, `localhost` and its subdomains, the name of this machine with and
/// without its domain, `host.docker.internal`, and the names that the user gives.
public struct OwnHosts: Sendable, Hashable {
    private let names: Set<String>

    /// - Parameter names: additional host names; values that are not host names are ignored.
    public init(_ names: [String] = []) { self.init(names, machine: Self.machineName) }

    /// - Parameter machine: the name of this machine.
    init(_ names: [String], machine: String) {
        var all = Set(names.compactMap { HTTPAuthority($0)?.host } + ["host.docker.internal"])
        if let machine = HTTPAuthority(machine), !machine.isAddress {
            all.formUnion([machine.host, String(machine.host.prefix { $0 != "." })])
        }
        self.names = all
    }

    private static var machineName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a `Host` value, with or without a port, is one of these hosts; a malformed one is not.
    public func contains(_ host: String) -> Bool {
        guard let authority = HTTPAuthority(host) else { return false }
        return authority.isAddress || authority.isLoopback || names.contains(authority.host)
    }
}
