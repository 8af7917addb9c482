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
        try Task.checkCancellation()
        let attempt = try ConnectionAttempt(
            target: target, options: options, eventLoop: eventLoop, deadline: deadline, receiver: receiver)
        let future = attempt.future
        let box = NIOLoopBoundBox.makeBoxSendingValue(attempt, eventLoop: eventLoop)
        return try await withTaskCancellationHandler {
            eventLoop.execute { box.value.run() }
            return try await future.get()
        } onCancel: {
            eventLoop.execute { box.value.cancel() }
        }
    }
}
