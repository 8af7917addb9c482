import NIOCore
import STOMPCore
import STOMPTransport

/// What goes past the session, to see what a server makes of it.
extension STOMPConnection {
    /// Sends octets exactly as they are. The session knows nothing of what they say: messages of a subscription that
    /// they make go to a sequence that takes unclaimed ones (``makeMessageSequence(takesUnclaimed:)``).
    ///
    /// - Parameter octets: one frame, from its command to its NUL, or whatever is to be tried.
    /// - Throws: ``STOMPClientError``.
    public func send(raw octets: ByteBuffer) async throws {
        if let failure = core.failure { throw failure }
        core.trace.record(.frames) { WireEvent(.stomp, .outgoing, .frames, "raw", octets: octets) }
        core.stream.write(octets, promise: nil)
        core.stream.flush()
        core.monitor?.sent(at: .now())
        try await core.writable()?.get()
    }

    /// Sends a WebSocket ping and waits for its pong (RFC 6455, section 5.5.2).
    ///
    /// - Parameter payload: at most 125 octets.
    /// - Returns: how long the pong took.
    /// - Throws: ``STOMPClientError``: ``STOMPClientError/cannotSend(_:)`` where no WebSocket carries the session,
    ///   ``STOMPClientError/timedOut(_:within:)`` when no pong came for ``ClientConfiguration/receiptTimeout``.
    public func ping(_ payload: ByteBuffer = ByteBuffer()) async throws -> TimeAmount {
        if let failure = core.failure { throw failure }
        guard transport.kind == .webSocket else {
            throw STOMPClientError.cannotSend(.noPing(over: transport))
        }
        let answer = core.eventLoop.makePromise(of: Void.self)
        let start = NIODeadline.now()
        core.pings.append((payload, answer))
        core.stream.request(.ping(Array(buffer: payload)))
        let time = configuration.receiptTimeout
        let timeout = core.eventLoop.scheduleTask(in: time) {
            answer.fail(STOMPClientError.timedOut(.pong, within: time))
        }
        defer { timeout.cancel() }
        try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            answer.fail(CancellationError())
        }
        return .now() - start
    }

    /// Closes the WebSocket without a goodbye in STOMP; the session then ends as by the server's close.
    ///
    /// - Parameters:
    ///   - code: the close code (RFC 6455, section 7.4).
    ///   - reason: at most 123 octets; what is too long is left out.
    /// - Throws: ``STOMPClientError``: ``STOMPClientError/cannotSend(_:)`` where no WebSocket carries the session.
    public func close(code: Int, reason: String = "") throws {
        if let failure = core.failure { throw failure }
        guard transport.keepsMessages else {
            throw STOMPClientError.cannotSend(.noCloseFrame(over: transport))
        }
        core.stream.request(.close(code: code, reason: reason))
    }
}
