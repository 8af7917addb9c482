/// The close handshake of RFC 6455 (section 7.1) as a value: events in, actions out.
struct WebSocketCloseHandshake {
    enum Action: Equatable {
        case nothing
        /// Send a close frame, and wait for the peer's.
        case send(WebSocketClose)
        /// Send a close frame, and end the connection.
        case sendAndEnd(WebSocketClose)
        /// End the connection.
        case end
    }

    /// How the end of the connection is to be understood.
    enum Ending: Equatable {
        /// The handshake was made, or this side has given up already.
        case expected
        /// The peer never answered the close frame of this side.
        case unanswered
        /// The peer sent no close frame.
        case brokenOff
    }

    private enum State {
        case open
        /// This side has sent its close frame.
        case sent
        case over
    }

    private var state = State.open

    /// Whether messages may still be sent: none may follow a close frame.
    var maySend: Bool { state == .open }
    /// Whether what comes still counts.
    var mayReceive: Bool { state != .over }

    /// This side wants to close.
    mutating func close(_ close: WebSocketClose) -> Action {
        guard state == .open else { return .nothing }
        state = .sent
        return .send(close)
    }

    /// The peer's close frame came: it is answered with the same code.
    mutating func received(_ close: WebSocketClose) -> Action {
        defer { state = .over }
        switch state {
        case .open: return .sendAndEnd(close)
        case .sent: return .end
        case .over: return .nothing
        }
    }

    /// The peer has broken the protocol, and the connection is failed (section 7.1.7).
    mutating func fail(_ violation: WebSocketViolation) -> Action {
        defer { state = .over }
        switch state {
        case .open: return .sendAndEnd(WebSocketClose(code: violation.closeCode, reason: violation.closeReason))
        case .sent: return .end
        case .over: return .nothing
        }
    }

    /// This side drops the connection without more ado.
    mutating func abandon() { state = .over }

    /// The connection has ended.
    mutating func ended() -> Ending {
        defer { state = .over }
        return switch state {
        case .open: .brokenOff
        case .sent: .unanswered
        case .over: .expected
        }
    }
}
