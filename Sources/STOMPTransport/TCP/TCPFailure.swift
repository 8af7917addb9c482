import NIOCore
import NIOPosix
import SystemC

/// Why a host name cannot be resolved.
public enum NameFailure: Sendable, Hashable {
    /// `cause` is the resolver's message, if it says more than that the name is unknown.
    case noSuchHost(String, cause: String?)
    case noAnswer(for: String, within: Duration)

    /// What kind of failure it is.
    public var kind: TransportError.Kind {
        switch self {
        case .noSuchHost: .nameNotFound
        case .noAnswer: .timedOut
        }
    }
}

/// Why a TCP connection could not be made, or why it ended. Peers are addresses with ports.
public enum TCPFailure: Sendable, Hashable {
    case connectionRefused(by: [String])
    case cannotConnect(to: [String], SystemError?)
    case noAnswer(from: String, within: Duration)
    case connectionReset(by: String)
    case connectionLost(to: String, SystemError?)
    case cannotListen(on: String, SystemError?)

    /// What kind of failure it is.
    public var kind: TransportError.Kind {
        switch self {
        case .connectionRefused, .cannotConnect: .cannotConnect
        case .noAnswer: .timedOut
        case .connectionReset, .connectionLost: .connectionLost
        case .cannotListen: .cannotListen
        }
    }
}

/// A system error number.
public struct SystemError: Sendable, Hashable, CustomStringConvertible {
    /// The value of `errno`.
    public var code: CInt

    /// The error with this value of `errno`.
    public init(code: CInt) { self.code = code }

    /// The system's message, starting in lower case: `no route to host`.
    public var description: String { systemMessage(code) }
}

extension TransportError {
    /// Why an open connection broke.
    package init(breaking error: any Error, with peer: String) {
        switch error {
        case let error as TransportError: self = error
        case let error as IOError where error.errnoCode == ECONNRESET: self = .tcp(.connectionReset(by: peer))
        default: self = .tcp(.connectionLost(to: peer, SystemError(error)))
        }
    }

    /// Why no connection to `host` could be made.
    init(connecting error: any Error, to host: String, port: Int) {
        switch error {
        case let error as TransportError:
            self = error
        case let error as NIOConnectionError:
            if let cause = error.connectionErrors.last {
                self = .tcp(
                    TCPFailure(connecting: cause.error, to: error.connectionErrors.map { addressText($0.target) }))
            } else {
                self = .name(NameFailure(error.dnsAAAAError ?? error.dnsAError, host: host))
            }
        case let error as SocketAddressError.UnknownHost:
            self = .name(NameFailure(error, host: host))
        default:
            self = .tcp(TCPFailure(connecting: error, to: [addressText(host: host, port: port)]))
        }
    }

    /// Why the program cannot listen on `host` and `port`.
    init(listening error: any Error, on host: String, port: Int) {
        switch error {
        case let error as TransportError: self = error
        case is SocketAddressError, is SocketAddressError.UnknownHost: self = .name(.noSuchHost(host, cause: nil))
        default: self = .tcp(.cannotListen(on: addressText(host: host, port: port), SystemError(error)))
        }
    }
}

extension TCPFailure {
    fileprivate init(connecting error: any Error, to peers: [String]) {
        let error = SystemError(error)
        self = error?.code == ECONNREFUSED ? .connectionRefused(by: peers) : .cannotConnect(to: peers, error)
    }
}

extension NameFailure {
    fileprivate init(_ error: (any Error)?, host: String) {
        let unknown = error as? SocketAddressError.UnknownHost
        let isPlain = unknown.map { CInt($0.errorCode) == EAI_NONAME } ?? true
        self = .noSuchHost(host, cause: isPlain ? nil : unknown?.errorDescription)
    }
}

extension SystemError {
    fileprivate init?(_ error: any Error) {
        guard let error = error as? IOError else { return nil }
        self.init(code: error.errnoCode)
    }
}

/// The system's message for an error, starting in lower case: `connection refused`.
package func systemMessage(_ code: CInt) -> String {
    // This occurs only for a file descriptor that was closed when the program started.
    if code == EBADF { return "file descriptor closed" }
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
}

/// Formats an address and port: `127.0.0.1:61613`, `[::1]:61613`.
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
