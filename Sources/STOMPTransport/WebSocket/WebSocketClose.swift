import NIOCore

/// The content of a close frame (RFC 6455, sections 5.5.1 and 7.4).
public struct WebSocketClose: Sendable, Hashable {
    /// Nil if the frame has no body.
    public var code: Int?
    /// Empty if there is no reason.
    public var reason = ""

    /// Creates the content of a close frame.
    public init(code: Int?, reason: String = "") {
        self.code = code
        self.reason = reason
    }

    /// Reads the body of a close frame.
    init(reading body: ByteBuffer) throws(WebSocketViolation) {
        var body = body
        guard body.readableBytes > 0 else { return }
        guard let code = body.readInteger(as: UInt16.self).map(Int.init) else {
            throw WebSocketViolation.halfCloseCode
        }
        guard Self.mayBeSent(code) else { throw WebSocketViolation.forbiddenCloseCode(code) }
        guard body.isUTF8 else { throw WebSocketViolation.closeReasonNotUTF8 }
        self.code = code
        reason = String(buffer: body)
    }

    /// The body of the close frame, at most 125 bytes; a longer reason is truncated.
    var body: ByteBuffer {
        var body = ByteBuffer()
        guard let code, let wire = UInt16(exactly: code) else { return body }
        body.writeInteger(wire)
        var bytes = ByteBuffer(string: reason)
        if bytes.readableBytes > 0 {
            body.writeImmutableBuffer(bytes.readPiece(of: 123, isText: true))
        }
        return body
    }

    /// The name of the code, such as `going away`, if RFC 6455 or its registry has one.
    package var name: String? { code.flatMap { Self.names[$0] } }

    static let normal = 1000
    static let protocolError = 1002
    static let invalidPayload = 1007
    static let tooBig = 1009

    /// Whether a close frame may contain this code: 1004 to 1006 and 1015 are reserved, and below 3000 only
    /// registered codes are valid.
    package static func mayBeSent(_ code: Int) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    static let names = [
        1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data",
        1005: "no status", 1006: "abnormal closure", 1007: "invalid payload", 1008: "policy violation",
        1009: "message too big", 1010: "extension missing", 1011: "internal error", 1012: "service restart",
        1013: "try again later", 1014: "bad gateway", 1015: "TLS failure",
    ]
}

/// The state machine of the close handshake (RFC 6455, section 7.1). Each method handles an event and returns what
/// must be done or what the event means.
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

    /// What the end of the connection means.
    enum Ending: Equatable {
        /// The handshake was completed, or this side has already given up.
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

    /// Whether messages may still be sent: no message may follow a close frame.
    var maySend: Bool { state == .open }
    /// Whether received data is still processed.
    var mayReceive: Bool { state != .over }

    /// Starts the handshake from this side.
    mutating func close(_ close: WebSocketClose) -> Action {
        guard state == .open else { return .nothing }
        state = .sent
        return .send(close)
    }

    /// Handles the peer's close frame, which is answered with the same code.
    mutating func received(_ close: WebSocketClose) -> Action {
        defer { state = .over }
        switch state {
        case .open: return .sendAndEnd(close)
        case .sent: return .end
        case .over: return .nothing
        }
    }

    /// Fails the connection after a protocol violation of the peer (section 7.1.7).
    ///
    /// - Parameter reason: the reason in the close frame; nil for a description of the violation.
    mutating func fail(_ violation: WebSocketViolation, reason: String? = nil) -> Action {
        defer { state = .over }
        switch state {
        case .open:
            return .sendAndEnd(WebSocketClose(code: violation.closeCode, reason: reason ?? violation.text))
        case .sent: return .end
        case .over: return .nothing
        }
    }

    /// Drops the connection without a handshake.
    mutating func abandon() { state = .over }

    /// Handles the end of the connection.
    mutating func ended() -> Ending {
        defer { state = .over }
        return switch state {
        case .open: .brokenOff
        case .sent: .unanswered
        case .over: .expected
        }
    }
}
