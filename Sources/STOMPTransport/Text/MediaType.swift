/// A parsed `content-type` (RFC 9110, section 8.3.1). Case and blanks around its parts are ignored.
package struct MediaType {
    /// The type as written, such as `text/plain`; empty if there is none.
    private let name: Substring
    private let parameters: Substring

    package init(_ contentType: String) {
        let end = contentType.utf8.firstIndex(of: UInt8(ascii: ";")) ?? contentType.endIndex
        name = Self.trimmed(contentType[..<end])
        parameters = contentType[end...].dropFirst()
    }

    /// The type in lower case, such as `text/plain`.
    package var essence: String { name.lowercased() }

    /// Whether the type is `essence`, which is in lower case.
    package func isNamed(_ essence: String) -> Bool {
        name.utf8.count == essence.utf8.count && name.utf8.elementsEqual(essence.utf8) { Self.lowercase($0) == $1 }
    }

    /// Whether the type is JSON, or a format based on JSON (RFC 6839, section 3.1).
    package var isJSON: Bool { hasSuffix("/json") || hasSuffix("+json") }

    private func hasSuffix(_ suffix: String) -> Bool {
        name.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) { Self.lowercase($0) == $1 }
    }

    /// The value of the first parameter of this name, without the quotes around it; nil if there is none.
    package func parameter(_ wanted: String) -> String? {
        for parameter in parameters.split(separator: ";") {
            let sides = parameter.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, Self.trimmed(sides[0]).lowercased() == wanted else { continue }
            let value = Self.trimmed(sides[1])
            let isQuoted = value.count >= 2 && value.first == "\"" && value.last == "\""
            return String(isQuoted ? value.dropFirst().dropLast() : value)
        }
        return nil
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func trimmed(_ text: Substring) -> Substring {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}
