import NIOCore

/// The client's side of a SockJS session, whatever carries it: what each frame means, and what to do when a response
/// is over.
struct SockJSSession {
    enum State: Hashable, Sendable {
        /// `o` has not come yet.
        case opening
        case open
        /// This side ends it: nothing that comes counts any more.
        case closing
        case closed
    }

    /// What the caller has to do about a frame.
    enum Action {
        case nothing
        /// The session is open: there is somebody to send to.
        case opened
        /// The peer gave a sign of life, and nothing else.
        case alive
        case deliver(SockJSMessages)
        /// The server ended the session.
        case closed(TransportClosure)
        case fail(TransportError)
    }

    /// What the caller has to do about a response that is over.
    enum Next {
        case nothing
        /// Ask for another one, after a while.
        case receive(after: TimeAmount)
        case fail(TransportError)
    }

    /// After that many responses in a row without a frame the server is given up.
    static let emptyResponses = 8
    /// The wait after the first response without a frame; it doubles with each that follows.
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

    /// A response of those that bring frames is over, in good order.
    mutating func responseEnded() -> Next {
        defer { hasFrame = false }
        switch state {
        case .closed:
            return .nothing
        case .closing:
            // A receiver that goes away is how a server hears of the end.
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

    /// This side ends the session.
    mutating func close() {
        if state != .closed { state = .closing }
    }

    /// The session is over, for whatever reason.
    mutating func end() { state = .closed }
}
