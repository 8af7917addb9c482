import NIOCore
import NIOPosix
import SystemC

/// What the system calls an error, without a capital: `connection refused`.
package func systemMessage(_ code: CInt) -> String {
    // Only of a descriptor that the program was started without.
    if code == EBADF { return "it is closed" }
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
}

/// An address as people write it: `127.0.0.1:61613`, `[::1]:61613`.
package func addressText(_ address: SocketAddress?) -> String {
    guard let address else { return "an unknown address" }
    guard let host = address.ipAddress, let port = address.port else { return address.pathname ?? "a local socket" }
    return addressText(host: host, port: port)
}

package func addressText(host: String, port: Int?) -> String {
    (host.contains(":") ? "[\(host)]" : host) + (port.map { ":\($0)" } ?? "")
}

extension SocketAddress {
    /// The 4 or 16 bytes of its IP address; nil for a local socket.
    var ipBytes: [UInt8]? {
        switch self {
        case .v4(let address): withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address): withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
        case .unixDomainSocket: nil
        }
    }
}

/// Text of the other side made fit for one line of a message: control characters escaped, at most `limit` characters.
package func printable(_ text: some StringProtocol, limit: Int = 200) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        if scalar.properties.generalCategory == .control {
            result += scalar.escaped(asASCII: true)
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.count > limit ? result + "..." : result
}
