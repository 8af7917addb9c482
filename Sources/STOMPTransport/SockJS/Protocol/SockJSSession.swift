import NIOCore

/// The state machine of the client's side of a SockJS session, for any transport: what each frame means, and what
/// to do when a response has ended.
struct SockJSSession {
    enum State: Hashable, Sendable {
        /// `o` has not been received yet.
        case opening
        case open
        /// This side is closing the session: everything received is ignored.
        case closing
        case closed
    }

    /// What the caller must do with a frame.
    enum Action {
        case nothing
        /// The session is open: messages can be sent.
        case opened
        /// The peer is alive; there is nothing to deliver.
        case alive
        case deliver(SockJSMessages)
        /// The server ended the session.
        case closed(TransportClosure)
        case fail(TransportError)
    }

    /// What the caller must do after a response has ended.
    enum Next {
        case nothing
        /// Request another response after this delay.
        case receive(after: TimeAmount)
        case fail(TransportError)
    }

    /// The number of consecutive responses without a frame after which the session fails.
    static let emptyResponses = 8
    /// The delay after the first response without a frame; it doubles with each further one.
    static let emptyResponseDelay = TimeAmount.milliseconds(50)
    /// How long a server keeps a session without a receiver (SockJS 0.3.3, "Protocol and framing").
    static let receiverTimeout = TimeAmount.seconds(5)

    private(set) var state = State.opening
    private var emptyResponsesInARow = 0
    private var hasFrame = false

    mutating func received(_ frame: SockJSFrame) -> Action {
        if frame != .prelude { hasFrame = true }
        switch (state, frame) {
        case (.closing, _), (.closed, _), (_, .prelude):
            return .nothing
        case (.opening, .open):
            state = .open
            return .opened
        case (.open, .open):
            state = .closed
            return .fail(.sockJS(.openedAgain))
        case (.opening, .heartBeat), (.open, .heartBeat):
            return .alive
        case (.opening, .messages):
            state = .closed
            return .fail(.sockJS(.messagesBeforeOpening))
        case (.open, .messages(let messages)):
            return .deliver(messages)
        case (.opening, .close(let code, let reason)):
            state = .closed
            return .fail(.sockJS(.closedBeforeOpening(code: code, reason: reason)))
        case (.open, .close(let code, let reason)):
            state = .closed
            return .closed(TransportClosure(layer: .sockJS, code: code, reason: reason, isClean: true))
        }
    }

    /// Handles the normal end of a response that carries frames.
    mutating func responseEnded() -> Next {
        defer { hasFrame = false }
        switch state {
        case .closed:
            return .nothing
        case .closing:
            // The server learns of the close when a receiving request is aborted.
            return hasFrame ? .receive(after: .zero) : .nothing
        case .opening:
            state = .closed
            return .fail(.sockJS(.answerWithoutOpening))
        case .open where hasFrame:
            emptyResponsesInARow = 0
            return .receive(after: .zero)
        case .open:
            emptyResponsesInARow += 1
            guard emptyResponsesInARow < Self.emptyResponses else {
                state = .closed
                return .fail(.sockJS(.emptyAnswers(emptyResponsesInARow)))
            }
            return .receive(after: Self.emptyResponseDelay * (1 << (emptyResponsesInARow - 1)))
        }
    }

    /// Starts closing the session from this side.
    mutating func close() {
        if state != .closed { state = .closing }
    }

    /// Ends the session, for any reason.
    mutating func end() { state = .closed }
}
