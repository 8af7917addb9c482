/// What is wrong with a frame, or with a frame at this point of a session.
public struct STOMPProtocolError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of fault. More may come: keep a `default` in a `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        enum Kind: String {
            case unknownCommand, malformedHeader, undefinedEscape, malformedContentLength, contentLengthMismatch
            case bodyNotAllowed, lineTooLong, tooManyHeaders, frameTooLarge, truncatedFrame
            case notInThisVersion, cannotBeEncoded, malformedHeartBeat, versionMismatch, missingHeader
            case unexpectedFrame, invalidState, unknownSubscription, unknownTransaction, duplicateID
        }

        let kind: Kind

        public var description: String { kind.rawValue }

        /// The first line of a frame is no command: usually the peer speaks another protocol.
        public static let unknownCommand = Code(kind: .unknownCommand)
        /// A header line without a colon, without a name, or with a NUL in it.
        public static let malformedHeader = Code(kind: .malformedHeader)
        /// A backslash sequence that the version does not define.
        public static let undefinedEscape = Code(kind: .undefinedEscape)
        /// A `content-length` that is no number of octets.
        public static let malformedContentLength = Code(kind: .malformedContentLength)
        /// The octet after `content-length` octets of body is no NUL.
        public static let contentLengthMismatch = Code(kind: .contentLengthMismatch)
        /// A body on a frame that may have none.
        public static let bodyNotAllowed = Code(kind: .bodyNotAllowed)
        /// A line over ``FrameLimits/line``.
        public static let lineTooLong = Code(kind: .lineTooLong)
        /// More headers than ``FrameLimits/headers``.
        public static let tooManyHeaders = Code(kind: .tooManyHeaders)
        /// A frame over ``FrameLimits/frame``.
        public static let frameTooLarge = Code(kind: .frameTooLarge)
        /// The stream ended inside a frame.
        public static let truncatedFrame = Code(kind: .truncatedFrame)
        /// A command or header that the negotiated version does not have.
        public static let notInThisVersion = Code(kind: .notInThisVersion)
        /// A header or body that the version has no way to carry.
        public static let cannotBeEncoded = Code(kind: .cannotBeEncoded)
        /// A `heart-beat` header that is not two numbers of milliseconds.
        public static let malformedHeartBeat = Code(kind: .malformedHeartBeat)
        /// The server chose a version that was not offered.
        public static let versionMismatch = Code(kind: .versionMismatch)
        /// A header that the frame must have is not there.
        public static let missingHeader = Code(kind: .missingHeader)
        /// A frame that may not come at this point.
        public static let unexpectedFrame = Code(kind: .unexpectedFrame)
        /// A call that this state of the session does not allow.
        public static let invalidState = Code(kind: .invalidState)
        /// No subscription with this id.
        public static let unknownSubscription = Code(kind: .unknownSubscription)
        /// No open transaction with this id.
        public static let unknownTransaction = Code(kind: .unknownTransaction)
        /// A subscription or transaction with this id is already there.
        public static let duplicateID = Code(kind: .duplicateID)
    }

    public let code: Code
    /// One sentence that a user understands, without a full stop.
    public let message: String
    /// What stands where a command should, in a frame that was read to its end all the same
    /// (``FrameDecoder/skipsUnknownCommands``); otherwise nil.
    public let unknownCommand: String?

    public init(_ code: Code, _ message: String, unknownCommand: String? = nil) {
        self.code = code
        self.message = message
        self.unknownCommand = unknownCommand
    }

    public var description: String { message }

    /// Whether a limit of this side was reached, which another setting would lift.
    public var isLimit: Bool {
        code == .lineTooLong || code == .tooManyHeaders || code == .frameTooLarge
    }
}

extension STOMPProtocolError {
    static func missing(_ header: String, _ frame: Frame) -> STOMPProtocolError {
        STOMPProtocolError(.missingHeader, "a \(frame.command) frame has no \(header) header")
    }
}
