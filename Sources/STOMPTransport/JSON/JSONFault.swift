/// Why bytes are not JSON, or not the JSON that was expected, and where.
public struct JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Sendable, Hashable {
        /// This character should come next.
        case missing(Unicode.Scalar)
        case noString, noValue, noInteger, noBoolean
        case endsEarly, endsInString
        case moreAfterEnd
        case controlCharacter
        case unknownEscape, invalidUnicodeEscape
        /// Half a surrogate pair, if it cannot be replaced by U+FFFD.
        case loneSurrogate
        /// Arrays and objects are nested too deeply.
        case tooDeep
        case tooManyMessages(limit: Int)
        /// A SockJS frame does not start with `o`, `h`, `a` or `c`.
        case unknownFrame
    }

    /// What is wrong.
    public var reason: Reason
    /// The number of bytes before the fault.
    public var offset: Int

    /// Creates a fault.
    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// The reason in plain words, such as `ends early at byte 3`.
    public var description: String { "\(plainWords(of: reason)) at byte \(offset)" }
}
