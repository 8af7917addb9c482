/// Why lines cannot be edited or read.
public struct LineEditorError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. More may come: keep a `default` in a `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        enum Kind: String {
            case notATerminal, terminalTooSimple, alreadyOpen, systemFailure, lineTooLong, invalidUTF8
        }

        let kind: Kind

        public var description: String { kind.rawValue }

        /// Input or output is no terminal.
        public static let notATerminal = Code(kind: .notATerminal)
        /// The terminal cannot move its cursor (`TERM=dumb`), or is not known.
        public static let terminalTooSimple = Code(kind: .terminalTooSimple)
        /// Another editor holds this process's terminal.
        public static let alreadyOpen = Code(kind: .alreadyOpen)
        /// The system refused something: memory, a descriptor, a read.
        public static let systemFailure = Code(kind: .systemFailure)
        /// A line of a script is longer than the limit.
        public static let lineTooLong = Code(kind: .lineTooLong)
        /// A line of a script is no UTF-8.
        public static let invalidUTF8 = Code(kind: .invalidUTF8)
    }

    public let code: Code
    /// One sentence that a user understands, without a full stop.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
