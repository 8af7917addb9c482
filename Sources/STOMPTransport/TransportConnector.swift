import NIOCore

/// Opens streams.
public struct TransportConnector: Sendable {
    public var options: TransportOptions
    private let contexts = TLSContextCache()

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
        let tls = target.isSecure ? try contexts.context(for: options.tls) : nil
        let opening =
            switch target.kind {
            case .tcp:
                ConnectionOpening.tcp(options: options, receiver: receiver)
            case .webSocket(let path):
                ConnectionOpening.webSocket(
                    try WebSocketRequest(target, requestTarget: path, options: options), options: options,
                    receiver: receiver)
            }
        let attempt = ConnectionAttempt(
            target: target, opening: opening, options: options, tls: tls, eventLoop: eventLoop, deadline: deadline)
        let future = attempt.future
        let box = NIOLoopBoundBox.makeBoxSendingValue(attempt, eventLoop: eventLoop)
        return try await withTaskCancellationHandler {
            eventLoop.execute { box.value.run() }
            do {
                return try await future.get()
            } catch let error as TransportError where error.layer == .tls {
                // Whoever mends a file and tries again shall be served by the mended one.
                contexts.forget()
                throw error
            }
        } onCancel: {
            eventLoop.execute { box.value.cancel() }
        }
    }
}
