import NIOCore

/// Opens streams.
public struct TransportConnector: Sendable {
    public var options: TransportOptions

    public init(options: TransportOptions = TransportOptions()) {
        self.options = options
    }

    /// Opens a stream to `target`: name, TCP, TLS, HTTP, one after the other, all of it before `deadline`.
    ///
    /// Cancelling the task gives up and leaves nothing open.
    ///
    /// - Throws: ``TransportError``, or `CancellationError`.
    public func connect(
        to target: TransportTarget, on eventLoop: any EventLoop, deadline: NIODeadline,
        receiver: @escaping TransportReceiverFactory
    ) async throws -> any TransportStream {
        throw TransportError(.cannotConnect, .tcp, "not built yet")
    }
}
