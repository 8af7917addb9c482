/// Why bytes are not JSON, or not the JSON that was expected, and where.
public struct JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: Sendable, Hashable {
        /// This character should come next.
        case missing(Unicode.Scalar)
        case noString, noValue, noInteger, noBoolean
        case endsEarly, endsInString
        case moreAfterEnd
        case controlCharacter
        case unknownEscape, invalidUnicodeEscape
        /// Half a surrogate pair, where U+FFFD in its place will not do.
        case loneSurrogate
        /// Arrays and objects in each other.
        case tooDeep
        case tooManyMessages(limit: Int)
        /// The first character of a frame of SockJS is another one than `o`, `h`, `a` and `c`.
        case unknownFrame
    }

    public var reason: Reason
    /// How many bytes stand before the fault.
    public var offset: Int

    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// The reason in plain words, such as `ends early at byte 3`.
    public var description: String { "\(plainWords(of: reason)) at byte \(offset)" }
}
