/// Why the broker answers ERROR.
public struct BrokerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of fault; its description is the `message` header of the ERROR frame. More may come: keep a `default`
    /// in a `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        enum Kind: String {
            case malformedFrame = "Malformed frame"
            case unexpectedFrame = "Unexpected frame"
            case missingHeader = "Missing header"
            case badHeader = "Bad header"
            case unsupportedVersion = "Version not supported"
            case badCredentials = "Bad credentials"
            case duplicateID = "Id already in use"
            case unknownSubscription = "Unknown subscription"
            case unknownMessage = "Unknown message"
            case unknownTransaction = "Unknown transaction"
            case unknownQueue = "Unknown queue"
            case notSupported = "Not supported"
            case limitExceeded = "Limit exceeded"
            case timedOut = "Timed out"
        }

        let kind: Kind

        public var description: String { kind.rawValue }

        /// The octets are no STOMP frame, or one that its version forbids.
        public static let malformedFrame = Code(kind: .malformedFrame)
        /// A frame that may not come at this point, or not from a client.
        public static let unexpectedFrame = Code(kind: .unexpectedFrame)
        /// A header that the frame must have is not there.
        public static let missingHeader = Code(kind: .missingHeader)
        /// A header has a value that it cannot have.
        public static let badHeader = Code(kind: .badHeader)
        /// No version that the client accepts is spoken here.
        public static let unsupportedVersion = Code(kind: .unsupportedVersion)
        /// The login is not known, or its passcode is another one.
        public static let badCredentials = Code(kind: .badCredentials)
        /// The connection has a subscription or a transaction of that name already.
        public static let duplicateID = Code(kind: .duplicateID)
        /// The connection has no such subscription.
        public static let unknownSubscription = Code(kind: .unknownSubscription)
        /// No message that waits for an acknowledgement has that id.
        public static let unknownMessage = Code(kind: .unknownMessage)
        /// The connection has no such transaction open.
        public static let unknownTransaction = Code(kind: .unknownTransaction)
        /// A queue that must be there already is not.
        public static let unknownQueue = Code(kind: .unknownQueue)
        /// What STOMP leaves to a server to have, and this one has not.
        public static let notSupported = Code(kind: .notSupported)
        /// A limit of ``BrokerLimits`` is reached.
        public static let limitExceeded = Code(kind: .limitExceeded)
        /// CONNECT, or the client's heart-beat, did not come in time.
        public static let timedOut = Code(kind: .timedOut)
    }

    public let code: Code
    /// One sentence that a user understands, without a full stop: the body of the ERROR frame.
    public let explanation: String

    public init(_ code: Code, _ explanation: String) {
        self.code = code
        self.explanation = explanation
    }

    public var description: String { "\(code): \(explanation)" }
}
