import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

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

/// A span of time as people write it.
package func durationText(_ amount: TimeAmount) -> String { amount.readable }

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

extension TransportError {
    /// Why an open connection broke.
    package init(breaking error: any Error, with peer: String) {
        switch error {
        case let error as TransportError:
            self = error
        case let error as IOError where error.errnoCode == ECONNRESET:
            self.init(.connectionLost, .tcp, "connection reset by \(peer)")
        case let error as IOError:
            self.init(.connectionLost, .tcp, "connection to \(peer) lost: \(systemMessage(error.errnoCode))")
        default:
            self.init(.connectionLost, .tcp, "connection to \(peer) lost")
        }
    }

    /// Why nothing could be reached at `host`.
    init(connecting error: any Error, to host: String, port: Int) {
        switch error {
        case let error as TransportError:
            self = error
        case let error as NIOConnectionError:
            if let cause = error.connectionErrors.last {
                let peers = error.connectionErrors.map { addressText($0.target) }
                self.init(refusing: cause.error, by: peers.joined(separator: " and "))
            } else {
                self.init(naming: host, error.dnsAAAAError ?? error.dnsAError)
            }
        case let error as SocketAddressError.UnknownHost:
            self.init(naming: host, error)
        default:
            self.init(refusing: error, by: addressText(host: host, port: port))
        }
    }

    private init(refusing error: any Error, by peers: String) {
        switch (error as? IOError)?.errnoCode {
        case ECONNREFUSED:
            self.init(
                .cannotConnect, .tcp, "connection refused by \(peers)",
                remedy: "is the server running, and is this its port?")
        case let code?:
            self.init(.cannotConnect, .tcp, "cannot connect to \(peers): \(systemMessage(code))")
        case nil:
            self.init(.cannotConnect, .tcp, "cannot connect to \(peers)")
        }
    }

    private init(naming host: String, _ error: (any Error)?) {
        let code = (error as? SocketAddressError.UnknownHost).map { CInt($0.errorCode) }
        if code == nil || code == EAI_NONAME {
            self.init(.nameNotFound, .name, "no such host: \(printable(host))")
        } else {
            let cause = (error as? SocketAddressError.UnknownHost)?.errorDescription ?? ""
            self.init(
                .nameNotFound, .name,
                "no such host: \(printable(host)) (\(cause.prefix(1).lowercased() + cause.dropFirst()))")
        }
    }

    /// Why `host` and `port` cannot be listened on.
    init(listening error: any Error, on host: String, port: Int) {
        let place = addressText(host: host, port: port)
        switch error {
        case let error as TransportError:
            self = error
        case let error as IOError:
            let remedy: String? =
                switch error.errnoCode {
                case EACCES: "a port below 1024 is only for root"
                case EADDRINUSE: "another server has this port: end it, or name another port, 0 for any that is free"
                case EADDRNOTAVAIL: "this machine has no such address: try 127.0.0.1, or 0.0.0.0 for all of its own"
                default: nil
                }
            self.init(
                .cannotListen, .tcp, "cannot listen on \(place): \(systemMessage(error.errnoCode))", remedy: remedy)
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            self.init(.nameNotFound, .name, "no such host: \(printable(host))")
        default:
            self.init(.cannotListen, .tcp, "cannot listen on \(place)")
        }
    }
}
