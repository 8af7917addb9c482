import STOMPCore

/// The states of a ``ConnectionStateMachine``.
enum ConnectionPhase: CaseIterable {
    case opening, open, leaving, closed
}

/// Why a connection is closed.
enum ClosedReason: Sendable {
    /// This side said DISCONNECT, and it ended so.
    case left(DisconnectOutcome)
    case failed(STOMPClientError)

    /// What everyone gets who still waits for something else, or asks for it.
    var error: STOMPClientError {
        switch self {
        case .left: .over
        case .failed(let error): error
        }
    }

    /// How sequences of messages end.
    var endOfMessages: Result<Void, STOMPClientError> {
        switch self {
        case .left: .success(())
        case .failed(let error): .failure(error)
        }
    }
}

/// What the caller must do after an event.
extension ConnectionStateMachine {
    enum DisconnectAction {
        /// Send DISCONNECT, and report it when its time is up.
        case send(Frame)
        /// DISCONNECT was sent already: the answer is that of the first who asked.
        case wait(with: Leaving)
        case succeed(DisconnectOutcome)
        case fail(STOMPClientError)
    }

    enum ReceiveAction {
        /// Show this to the trace.
        case trace(FrameDecoder.Element)
        /// Start the heart-beats, and report to whoever waits for it that the session is open.
        case open(Opening, Handshake)
        /// The receipt of this id came.
        case receipt(String)
        /// The last one of all.
        case close(CloseAction)
    }

    /// Close the stream, stop all clocks, and answer everyone who waits for something.
    struct CloseAction {
        enum Waiting {
            case opening(Opening)
            case leaving(Leaving)
        }

        let reason: ClosedReason
        /// Who waits for the state to end that the connection was in.
        let waiting: Waiting?
    }
}
