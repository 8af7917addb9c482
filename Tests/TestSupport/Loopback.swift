import Foundation
import Synchronization

/// Ports of 127.0.0.1.
public enum Loopback {
    private static let taken = Mutex<Set<Int>>([])

    /// Returns ports that are not in use; never returns the same port twice.
    ///
    /// They are below the range that the system uses for outgoing connections, so no outgoing connection can occupy
    /// one before a server listens on it.
    public static func freePorts(_ count: Int) throws -> [Int] {
        try taken.withLock { taken in
            var ports: [Int] = []
            for port in (20_000..<32_768).shuffled() where !taken.contains(port) && isFree(port) {
                taken.insert(port)
                ports.append(port)
                if ports.count == count { return ports }
            }
            throw TestFailure("no \(count) free ports")
        }
    }

    /// Listens on a port that was in use before, as soon as the system releases it: a process that another test has
    /// just spawned also holds the old socket until it executes its own program.
    public static func reopening<Value>(
        isolation: isolated (any Actor)? = #isolation, _ listen: () async throws -> Value
    ) async throws -> Value {
        var last: (any Error)?
        return try await eventually {
            do {
                return try await listen()
            } catch  where "\(error)".contains("already in use") {
                last = error
                return nil
            }
        } otherwise: {
            "\(last.map { "\($0)" } ?? "it does not listen")"
        }
    }

    /// Whether something listens on a port.
    public static func accepts(_ port: Int) -> Bool { withSocket(port, connect) == 0 }

    /// Connects to a port, sends a text, and resets the connection.
    public static func breakOff(_ port: Int, after text: String) throws {
        var connection = Int32(-1)
        let result = withSocket(port) { descriptor, address, size in
            connection = dup(descriptor)
            return connect(connection, address, size)
        }
        defer { close(connection) }
        guard result == 0 else { throw TestFailure("cannot connect to \(port): \(String(cString: strerror(errno)))") }
        let bytes = Array(text.utf8)
        guard bytes.isEmpty || send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw TestFailure("cannot send to \(port): \(String(cString: strerror(errno)))")
        }
        var end = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &end, socklen_t(MemoryLayout<linger>.size))
    }

    private static func isFree(_ port: Int) -> Bool { withSocket(port, bind) == 0 }

    private static func withSocket(
        _ port: Int, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
