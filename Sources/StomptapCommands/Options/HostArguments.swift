import ArgumentParser
import STOMPTransport

/// A name of the host, without a port.
struct HostNameArgument: Sendable {
    let name: String

    init(_ text: String) throws {
        guard let authority = HTTPAuthority(text), authority.port == nil else {
            throw ValidationError("invalid host name; write it without scheme and port, such as box.example")
        }
        name = authority.host
    }
}

/// The origin of a web page, `null`, or `*` for all of them.
struct OriginArgument: Sendable {
    let origin: String

    init(_ text: String) throws {
        // Extensions and apps have schemes of their own.
        guard text == "*" || text == "null" || text.contains("://") else {
            throw ValidationError("invalid origin; write http://HOST:PORT, null, or * for all")
        }
        origin = text
    }
}

/// `HOST:PORT`, with brackets around an IPv6 address.
struct ListenArgument: Sendable {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port), colon != text.startIndex
        else {
            throw ValidationError("an address to listen on is written HOST:PORT, such as 127.0.0.1:61613 or [::1]:0")
        }
        let host = text[..<colon]
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
        self.port = port
    }

    /// Whether nobody but this machine can connect there.
    var isLoopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host.lowercased() == "localhost" || host == "::1"
            || parts.count == 4 && parts[0] == 127 && !parts.contains(nil)
    }
}
