import NIOCore
import STOMPCore
import STOMPTransport

/// The state of a connection from CONNECT to its end.
///
/// ```
/// opening --CONNECTED--> open --DISCONNECT--> leaving
///    |                    |                      |
///    +--------------------+----------------------+-----> closed
/// ```
///
/// A value without I/O, clock or tasks. Each method is an event and returns the action that the caller must perform
/// now; ``ConnectionCore`` performs it. The waiter for CONNECTED or for the end of DISCONNECT is part of the state.
/// The event that ends the state returns the waiter, so that each waiter is completed exactly once.
///
/// `Opening` is the type of the waiter for CONNECTED, `Leaving` that for the end of DISCONNECT: promises in the
/// program, names in a test.
struct ConnectionStateMachine<Opening, Leaving>: ~Copyable {
    private enum State: ~Copyable {
        /// CONNECT will be sent now, or was sent.
        case opening(OpenStream, Opening)
        /// CONNECTED was received.
        case open(OpenStream)
        /// DISCONNECT was sent. The state ends with its receipt, the end of the stream, or a timeout.
        case leaving(OpenStream, Leaving)
        /// Nothing is sent or received any more. The session is kept because it rejects later calls.
        case closed(ClosedReason, Session)
    }

    private var state: State

    private init(_ state: consuming State) {
        self.state = state
    }

    init(limits: FrameLimits, opening: Opening) {
        self.init(.opening(OpenStream(decoder: FrameDecoder(limits: limits)), opening))
    }

    // MARK: Current state

    /// The current phase.
    var phase: ConnectionPhase {
        switch state {
        case .opening: .opening
        case .open: .open
        case .leaving: .leaving
        case .closed: .closed
        }
    }

    /// Why the connection is closed; nil while it is not.
    var closedReason: ClosedReason? {
        switch state {
        case .closed(let reason, _): reason
        default: nil
        }
    }

    /// A copy of the STOMP session.
    var session: Session {
        switch state {
        case .opening(let stream, _): stream.session
        case .open(let stream): stream.session
        case .leaving(let stream, _): stream.session
        case .closed(_, let session): session
        }
    }

    /// The incomplete frame at the end of the received bytes; nil after the connection is closed.
    var unfinished: UnfinishedFrame? {
        switch state {
        case .opening(let stream, _): stream.unfinished
        case .open(let stream): stream.unfinished
        case .leaving(let stream, _): stream.unfinished
        case .closed: nil
        }
    }

    /// - Throws: the reason, if no frame can be sent.
    func checkOpen() throws(STOMPClientError) {
        if case .failed(let error) = closedReason { throw error }
        guard phase == .open else { throw .cannotSend(.afterDisconnect) }
    }

    /// - Throws: the reason, if nothing at all can be sent. Bytes that are not a frame of the session can be sent
    ///   after DISCONNECT too.
    func checkNotClosed() throws(STOMPClientError) {
        if let closedReason { throw closedReason.error }
    }

    // MARK: Calls of this side

    /// Creates frames with the session, which checks whether they may be sent now. The caller must send them.
    ///
    /// - Throws: why the connection failed, or why the session rejects the frames.
    mutating func makeFrames<Made>(
        _ make: (inout Session) throws(STOMPProtocolError) -> Made
    ) throws(STOMPClientError) -> Made {
        let result: Result<Made, STOMPProtocolError>
        switch consume self.state {
        case .opening(var stream, let opening):
            result = stream.session.result(of: make)
            self = .init(.opening(stream, opening))
        case .open(var stream):
            result = stream.session.result(of: make)
            self = .init(.open(stream))
        case .leaving(var stream, let leaving):
            result = stream.session.result(of: make)
            self = .init(.leaving(stream, leaving))
        case .closed(let reason, var session):
            result = session.result(of: make)
            self = .init(.closed(reason, session))
            if case .failed(let error) = reason { throw error }
        }
        return try result.mapError(STOMPClientError.sending).get()
    }

    /// Starts to disconnect.
    mutating func disconnect(_ leaving: Leaving) -> DisconnectAction {
        switch consume self.state {
        case .open(var stream):
            switch stream.session.result(of: { session throws(STOMPProtocolError) in try session.disconnect() }) {
            case .success(let frame):
                self = .init(.leaving(stream, leaving))
                return .send(frame)
            case .failure(let error):
                self = .init(.open(stream))
                return .fail(.sending(error))
            }
        case .opening(let stream, let opening):
            self = .init(.opening(stream, opening))
            return .fail(.cannotSend(.invalid(STOMPProtocolError(.local, .cannotSend(.beforeConnected)))))
        case .leaving(let stream, let first):
            self = .init(.leaving(stream, first))
            return .wait(with: first)
        case .closed(let reason, let session):
            self = .init(.closed(reason, session))
            switch reason {
            case .left(let outcome): return .succeed(outcome)
            case .failed(let error): return .fail(error)
            }
        }
    }

    // MARK: Events of the stream

    /// Decodes received bytes. Messages are added to `messages`; everything else is in the result, in
    /// the order received.
    ///
    /// - Parameters:
    ///   - time: when the bytes were read.
    ///   - isTraced: whether the result also contains each frame and each heart-beat.
    ///   - isMessage: whether the bytes are a complete message of the transport, not one read of a byte stream.
    ///   - sent: what was sent before.
    mutating func receive(
        _ bytes: ByteBuffer, at time: Timestamp, isTraced: Bool, isMessage: Bool, sent: SentBefore = SentBefore(),
        into messages: inout ReceivedMessages
    ) -> [ReceiveAction] {
        var input = OpenStream.Input(bytes: bytes, time: time, isTraced: isTraced, isMessage: isMessage)
        var actions: [ReceiveAction] = []
        while true {
            let stop: OpenStream.Stop
            let isOpening: Bool
            switch consume self.state {
            case .opening(var stream, let opening):
                stop = stream.read(&input, &actions, into: &messages)
                isOpening = true
                if case .connected(let handshake) = stop {
                    actions.append(.open(opening, handshake))
                    self = .init(.open(stream))
                } else {
                    self = .init(.opening(stream, opening))
                }
            case .open(var stream):
                stop = stream.read(&input, &actions, into: &messages)
                isOpening = false
                self = .init(.open(stream))
            case .leaving(var stream, let leaving):
                // Messages after DISCONNECT have no reader any more.
                var unread = ReceivedMessages()
                stop = stream.read(&input, &actions, into: &unread)
                isOpening = false
                self = .init(.leaving(stream, leaving))
            case .closed(let reason, let session):
                self = .init(.closed(reason, session))
                return actions
            }
            let reason: ClosedReason
            switch stop {
            case .connected: continue
            case .needsBytes: return actions
            case .disconnected: reason = .left(.confirmed)
            case .error(let frame):
                let receipts = actions.compactMap { if case .receipt(let id) = $0 { id } else { nil } }
                reason = .failed(
                    isOpening
                        ? .refused(frame, sent: sent.credentials)
                        : .serverError(
                            frame, sent: sent.credentials, after: sent.frames(before: frame, receipts)))
            case .violation(let error, .speaks) where !isOpening:
                // A peer that has sent CONNECTED speaks STOMP.
                reason = .failed(.protocolViolation(error, nil))
            case .violation(let error, let cause): reason = .failed(.protocolViolation(error, cause))
            }
            if let close = close(reason) { actions.append(.close(close)) }
            return actions
        }
    }

    /// The peer announces the end of the stream, for example with a WebSocket close frame; ``streamEnded(_:quiet:)``
    /// follows.
    mutating func streamCloses(_ closure: TransportClosure) {
        switch consume self.state {
        case .opening(var stream, let opening):
            stream.closure = closure
            self = .init(.opening(stream, opening))
        case .open(var stream):
            stream.closure = closure
            self = .init(.open(stream))
        case .leaving(var stream, let leaving):
            stream.closure = closure
            self = .init(.leaving(stream, leaving))
        case .closed(let reason, let session):
            self = .init(.closed(reason, session))
        }
    }

    /// The stream has ended; with an error if it broke.
    ///
    /// - Parameter quiet: the time since data last passed in either direction, if no heart-beats were negotiated.
    mutating func streamEnded(_ error: TransportError?, quiet: Duration? = nil) -> CloseAction? {
        let reason: ClosedReason
        switch state {
        case .opening(let stream, _): reason = .failed(stream.failure(error, isOpening: true))
        case .open(let stream): reason = .failed(stream.failure(error, isOpening: false, quiet: quiet))
        case .leaving(let stream, _):
            reason = stream.outcome(error).map { .left($0) } ?? .failed(stream.failure(error, isOpening: false))
        case .closed: return nil
        }
        return close(reason)
    }

    // MARK: Timeouts and failures

    /// CONNECTED timed out.
    mutating func openingTimedOut(_ error: STOMPClientError) -> CloseAction? {
        guard phase == .opening else { return nil }
        if case .timedOut(_, let span) = error, let unfinished, unfinished.command != nil {
            return close(.failed(.timedOut(.restOfFrame(unfinished), within: span)))
        }
        return close(.failed(error))
    }

    /// The receipt of DISCONNECT timed out.
    mutating func disconnectTimedOut() -> CloseAction? {
        phase == .leaving ? close(.left(.unanswered)) : nil
    }

    /// Ends the session with this error.
    mutating func fail(_ error: STOMPClientError) -> CloseAction? {
        close(.failed(error))
    }

    /// Enters `closed`; no other method does.
    private mutating func close(_ reason: ClosedReason) -> CloseAction? {
        switch consume self.state {
        case .opening(let stream, let opening):
            self = .init(.closed(reason, stream.closedSession))
            return CloseAction(reason: reason, waiting: .opening(opening))
        case .open(let stream):
            self = .init(.closed(reason, stream.closedSession))
            return CloseAction(reason: reason, waiting: nil)
        case .leaving(let stream, let leaving):
            self = .init(.closed(reason, stream.closedSession))
            return CloseAction(reason: reason, waiting: .leaving(leaving))
        case .closed(let first, let session):
            self = .init(.closed(first, session))
            return nil
        }
    }
}
