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

    /// Whether a server sends this command; clients send the others.
    public var isFromServer: Bool {
        switch self {
        case .connected, .message, .receipt, .error: true
        default: false
        }
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
