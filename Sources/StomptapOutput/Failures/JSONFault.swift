import STOMPTransport

extension JSONFault {
    /// The fault and its position, such as `it ends too early at byte 3`.
    package var sentence: String { "\(reason.sentence) at octet \(offset)" }
}

extension JSONFault.Reason {
    fileprivate var sentence: String {
        switch self {
        case .missing(let character): "no \"\(character)\" where it should stand"
        case .noString: "no string where one should stand"
        case .noValue: "no value where one should stand"
        case .noInteger: "no whole number"
        case .noBoolean: "neither true nor false"
        case .endsEarly: "it ends too early"
        case .endsInString: "it ends in the midst of a string"
        case .moreAfterEnd: "there is more behind its end"
        case .controlCharacter: "a control character in a string"
        case .unknownEscape: "an escape that JSON does not have"
        case .invalidUnicodeEscape: "\"\\u\" without four hexadecimal digits"
        case .loneSurrogate: "half a surrogate pair"
        case .tooDeep: "arrays and objects stand too deep in each other"
        case .tooManyMessages(let limit): "more than \(limit) messages in one array"
        case .unknownFrame: "none of o, h, a and c"
        }
    }
}
