/// The command of a frame: every one that STOMP 1.0, 1.1 and 1.2 know, and no other.
public enum Command: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    // Client frames.
    case connect = "CONNECT"
    case stomp = "STOMP"
    case send = "SEND"
    case subscribe = "SUBSCRIBE"
    case unsubscribe = "UNSUBSCRIBE"
    case ack = "ACK"
    case nack = "NACK"
    case begin = "BEGIN"
    case commit = "COMMIT"
    case abort = "ABORT"
    case disconnect = "DISCONNECT"
    // Server frames.
    case connected = "CONNECTED"
    case message = "MESSAGE"
    case receipt = "RECEIPT"
    case error = "ERROR"

    public var description: String { rawValue }

    init?(bytes: UnsafeRawBufferPointer) {
        // Length and first letter leave one candidate.
        let candidate: Command? =
            switch (bytes.count, bytes.first) {
            case (3, _): .ack
            case (4, UInt8(ascii: "S")): .send
            case (4, _): .nack
            case (5, UInt8(ascii: "A")): .abort
            case (5, UInt8(ascii: "B")): .begin
            case (5, UInt8(ascii: "E")): .error
            case (5, _): .stomp
            case (6, _): .commit
            case (7, UInt8(ascii: "C")): .connect
            case (7, UInt8(ascii: "M")): .message
            case (7, _): .receipt
            case (9, UInt8(ascii: "C")): .connected
            case (9, _): .subscribe
            case (10, _): .disconnect
            case (11, _): .unsubscribe
            default: nil
            }
        guard let candidate, bytes.equals(candidate.rawValue) else { return nil }
        self = candidate
    }

    /// Whether a frame with this command may have a body (STOMP 1.2, "Body"). STOMP 1.0 names no restriction.
    public func allowsBody(in version: STOMPVersion?) -> Bool {
        switch self {
        case .send, .message, .error: true
        default: version == .v10
        }
    }

    /// The first version that knows this command.
    public var since: STOMPVersion {
        switch self {
        case .stomp, .nack: .v11
        default: .v10
        }
    }
}
