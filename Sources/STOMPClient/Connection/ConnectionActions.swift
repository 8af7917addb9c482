import STOMPCore

/// The states of a ``ConnectionStateMachine``.
enum ConnectionPhase: CaseIterable {
    case opening, open, leaving, closed
}

/// Why a connection is closed.
enum ClosedReason: Sendable {
    /// This side sent DISCONNECT, with this outcome.
    case left(DisconnectOutcome)
    case failed(STOMPClientError)

    /// The error for all pending and later calls.
    var error: STOMPClientError {
        switch self {
        case .left: .ended
        case .failed(let error): error
        }
    }

    /// How message sequences end.
    var endOfMessages: Result<Void, STOMPClientError> {
        switch self {
        case .left: .success(())
        case .failed(let error): .failure(error)
        }
    }
}

/// The actions that the caller must perform after an event.
extension ConnectionStateMachine {
    enum DisconnectAction {
        /// Send DISCONNECT, and report when its receipt times out.
        case send(Frame)
        /// DISCONNECT was sent already: the result is the same as for the first call.
        case wait(with: Leaving)
        case succeed(DisconnectOutcome)
        case fail(STOMPClientError)
    }

    enum ReceiveAction {
        /// Record this in the trace.
        case trace(FrameDecoder.Element)
        /// Start the heart-beats, and report the open session to the caller that waits for it.
        case open(Opening, Handshake)
        /// The receipt with this id was received.
        case receipt(String)
        /// Always the last action.
        case close(CloseAction)
    }

    /// Close the stream, stop all timers, and complete all pending calls.
    struct CloseAction {
        enum Waiting {
            case opening(Opening)
            case leaving(Leaving)
        }

        let reason: ClosedReason
        /// The caller that waited for the end of the previous state.
        let waiting: Waiting?
    }
}
