import NIOCore
import NIOPosix
import STOMPTransport

/// One event loop group for all tests: no test blocks an event loop.
let group = MultiThreadedEventLoopGroup.singleton

extension TransportTarget {
    static func tcp(_ port: Int, host: String = "127.0.0.1") -> TransportTarget {
        TransportTarget(kind: .tcp, host: host, port: port, isSecure: false)
    }

    static func webSocket(_ port: Int, _ requestTarget: String = "/ws", host: String = "127.0.0.1") -> TransportTarget {
        TransportTarget(kind: .webSocket(requestTarget: requestTarget), host: host, port: port, isSecure: false)
    }
}

/// The transport error that `body` throws, if any.
func transportError(_ body: () async throws -> Void) async -> TransportError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? TransportError
    }
}
