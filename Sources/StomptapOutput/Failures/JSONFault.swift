import STOMPTransport

extension JSONFault {
    /// The fault and its position, such as `unexpected end at byte 3`.
    package var sentence: String { "\(reason.sentence) at byte \(offset)" }
}

extension JSONFault.Reason {
    fileprivate var sentence: String {
        switch self {
        case .missing(let character): "expected \"\(character)\""
        case .noString: "expected a string"
        case .noValue: "expected a value"
        case .noInteger: "expected a whole number"
        case .noBoolean: "expected true or false"
        case .endsEarly: "unexpected end"
        case .endsInString: "unexpected end in a string"
        case .moreAfterEnd: "unexpected text after the end"
        case .controlCharacter: "a control character in a string"
        case .unknownEscape: "invalid escape"
        case .invalidUnicodeEscape: "\"\\u\" without four hexadecimal digits"
        case .loneSurrogate: "lone surrogate"
        case .tooDeep: "arrays and objects are nested too deeply"
        case .tooManyMessages(let limit): "more than \(limit) messages in one array"
        case .unknownFrame: "expected o, h, a or c"
        }
    }
}
