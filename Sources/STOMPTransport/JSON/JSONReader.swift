import NIOCore

/// Reads JSON (RFC 8259) from bytes, as strictly as `JSON.parse`. It is the only JSON reader in this package.
///
/// A text with a known structure is read with ``object(_:)``, ``array(_:)``, ``text()`` and the like. Any other text is
/// read token by token with ``next()``, which keeps open brackets in an array, so nesting cannot exhaust the stack.
package struct JSONReader {
    /// The maximum nesting depth of arrays and objects.
    package static let deepestNesting = 512

    /// A token of a JSON text, and its byte range.
    package struct Token {
        package enum Kind {
            /// `[` or `{`, `]` or `}`.
            case open, close
            case comma, colon
            /// The name of an object's member, quotes included.
            case name
            /// A string that is a value, quotes included.
            case string
            /// A number, `true`, `false` or `null`.
            case plain
        }

        package let kind: Kind
        package let range: Range<Int>
    }

    /// What the grammar allows next.
    private enum Place {
        case value, valueOrEnd, name, nameOrEnd, colon, commaOrEnd, end
    }

    private let bytes: UnsafeRawBufferPointer
    /// The number of bytes read or skipped so far.
    package private(set) var position: Int
    /// Whether a string contained an escaped half of a surrogate pair without the other half. JavaScript allows
    /// such strings; in UTF-8 the half is replaced by U+FFFD.
    package private(set) var hadLoneSurrogate = false
    private var place = Place.value
    /// The opening brackets of the arrays and objects around the position of ``next()``.
    private var open: [UInt8] = []

    /// - Parameter position: the number of bytes before the JSON.
    package init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// Whether `bytes` are exactly one JSON value in UTF-8.
    package static func accepts(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.isUTF8 else { return false }
        var reader = JSONReader(bytes)
        do throws(JSONFault) {
            while try reader.next() != nil {}
            return true
        } catch {
            return false
        }
    }

    /// Whether `bytes` are exactly one JSON object or array in UTF-8.
    package static func acceptsObjectOrArray(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let first = bytes.first { !isBlank($0) }
        return (first == UInt8(ascii: "{") || first == UInt8(ascii: "[")) && accepts(bytes)
    }

    /// Returns the fault `reason` at the current position.
    package func fault(_ reason: JSONFault.Reason) -> JSONFault { JSONFault(reason, at: position) }

    // MARK: Text with a known structure

    /// Reads `character`, after any whitespace.
    package mutating func expect(_ character: Unicode.Scalar) throws(JSONFault) {
        guard read(character) else {
            throw fault(position < bytes.count ? .missing(character) : .endsEarly)
        }
    }

    package mutating func expectEnd() throws(JSONFault) {
        skipBlanks()
        guard position == bytes.count else { throw fault(.moreAfterEnd) }
    }

    /// Reads an array; `element` reads each element.
    package mutating func array(_ element: (inout JSONReader) throws(JSONFault) -> Void) throws(JSONFault) {
        try expect("[")
        if read("]") { return }
        repeat { try element(&self) } while read(",")
        try expect("]")
    }

    /// Reads an object; `member` receives each name and reads its value.
    package mutating func object(
        _ member: (inout JSONReader, String) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try expect("{")
        if read("}") { return }
        repeat {
            let name = try text()
            try expect(":")
            try member(&self, name)
        } while read(",")
        try expect("}")
    }

    /// Reads a short string.
    package mutating func text() throws(JSONFault) -> String {
        var buffer = ByteBuffer()
        try string(into: &buffer)
        return String(buffer: buffer)
    }

    /// Reads a string and writes its bytes, in UTF-8, to `buffer`. Bytes above 0x7F are copied without a check.
    package mutating func string(into buffer: inout ByteBuffer) throws(JSONFault) {
        guard read("\"") else {
            throw fault(position < bytes.count ? .noString : .endsEarly)
        }
        while true {
            let plain = try readPlainText()
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[plain.range]))
            if plain.endsString { return }
            let scalar = try readEscape()
            if scalar.isASCII {
                // The common case: line feeds, and the NUL that ends a STOMP frame.
                buffer.writeInteger(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                UTF8.encode(scalar).map { _ = buffer.writeBytes($0) }
            }
        }
    }

    /// Reads an integer, with or without a minus sign.
    package mutating func integer() throws(JSONFault) -> Int {
        skipBlanks()
        let start = position
        try readNumber()
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let value = Int(text) else { throw fault(.noInteger) }
        return value
    }

    package mutating func boolean() throws(JSONFault) -> Bool {
        skipBlanks()
        if readWord("true") { return true }
        if readWord("false") { return false }
        throw fault(.noBoolean)
    }

    /// The next byte after any whitespace; nil at the end.
    package mutating func peek() -> UInt8? {
        skipBlanks()
        return position < bytes.count ? bytes[position] : nil
    }

    /// Skips a value of any kind.
    package mutating func skipValue() throws(JSONFault) {
        // Skipped strings are not returned, so their surrogates do not count.
        let hadLoneSurrogate = hadLoneSurrogate
        defer { self.hadLoneSurrogate = hadLoneSurrogate }
        place = .value
        repeat {
            if try next() == nil { return }
        } while place != .end
    }

    // MARK: Token by token

    /// Reads the next token; nil if the value is complete and nothing follows it.
    package mutating func next() throws(JSONFault) -> Token? {
        skipBlanks()
        guard position < bytes.count else {
            guard place == .end else { throw fault(.endsEarly) }
            return nil
        }
        let start = position
        let kind = try readToken()
        return Token(kind: kind, range: start..<position)
    }

    private mutating func readToken() throws(JSONFault) -> Token.Kind {
        let byte = bytes[position]
        switch place {
        case .value: return try readValue(byte)
        case .valueOrEnd: return byte == UInt8(ascii: "]") ? close() : try readValue(byte)
        case .name, .nameOrEnd:
            if byte == UInt8(ascii: "}"), place == .nameOrEnd { return close() }
            guard byte == UInt8(ascii: "\"") else { throw fault(.noString) }
            try skipString()
            place = .colon
            return .name
        case .colon:
            guard byte == UInt8(ascii: ":") else { throw fault(.missing(":")) }
            position += 1
            place = .value
            return .colon
        case .commaOrEnd:
            let isObject = open.last == UInt8(ascii: "{")
            if byte == UInt8(ascii: ",") {
                position += 1
                place = isObject ? .name : .value
                return .comma
            }
            let bracket: Unicode.Scalar = isObject ? "}" : "]"
            guard byte == UInt8(ascii: bracket) else { throw fault(.missing(bracket)) }
            return close()
        case .end: throw fault(.moreAfterEnd)
        }
    }

    private mutating func readValue(_ byte: UInt8) throws(JSONFault) -> Token.Kind {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard open.count < Self.deepestNesting else { throw fault(.tooDeep) }
            position += 1
            open.append(byte)
            place = byte == UInt8(ascii: "{") ? .nameOrEnd : .valueOrEnd
            return .open
        case UInt8(ascii: "\""):
            try skipString()
            endValue()
            return .string
        case UInt8(ascii: "t") where readWord("true"), UInt8(ascii: "f") where readWord("false"),
            UInt8(ascii: "n") where readWord("null"):
            break
        default: try readNumber()
        }
        endValue()
        return .plain
    }

    private mutating func close() -> Token.Kind {
        position += 1
        open.removeLast()
        endValue()
        return .close
    }

    private mutating func endValue() { place = open.isEmpty ? .end : .commaOrEnd }

    private mutating func skipString() throws(JSONFault) {
        position += 1
        while try !readPlainText().endsString { _ = try readEscape() }
    }

    // MARK: Lexical elements

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private mutating func skipBlanks() {
        while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    }

    /// Reads `character`, after any whitespace, if it comes next. Returns whether it did.
    private mutating func read(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        return readByte(character)
    }

    @discardableResult
    private mutating func readByte(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func readWord(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length else { return false }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += length
        return true
    }

    private mutating func readNumber() throws(JSONFault) {
        readByte("-")
        if !readByte("0") { try readDigits() }
        if readByte(".") { try readDigits() }
        if readByte("e") || readByte("E") {
            if !readByte("+") { readByte("-") }
            try readDigits()
        }
    }

    private mutating func readDigits() throws(JSONFault) {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        guard position > start else { throw fault(.noValue) }
    }

    /// Reads the text of a string up to a quote or backslash, and that character. Text is the part that needs no
    /// decoding.
    private mutating func readPlainText() throws(JSONFault) -> (range: Range<Int>, endsString: Bool) {
        let start = position
        position = JSONString.firstSpecial(in: bytes, from: start)
        guard position < bytes.count else { throw fault(.endsInString) }
        let byte = bytes[position]
        guard byte >= 0x20 else { throw fault(.controlCharacter) }
        position += 1
        return (start..<position - 1, byte == UInt8(ascii: "\""))
    }

    /// Reads an escape sequence after its backslash.
    private mutating func readEscape() throws(JSONFault) -> Unicode.Scalar {
        guard position < bytes.count else { throw fault(.endsInString) }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try readUnicodeEscape()
        default:
            position -= 1
            throw fault(.unknownEscape)
        }
    }

    private mutating func readUnicodeEscape() throws(JSONFault) -> Unicode.Scalar {
        let unit = try readCodeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        if UTF16.isLeadSurrogate(unit) {
            let afterUnit = position
            if readByte("\\"), readByte("u") {
                let trail = try readCodeUnit()
                if UTF16.isTrailSurrogate(trail) {
                    let value = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(trail) - 0xDC00)
                    if let scalar = Unicode.Scalar(value) { return scalar }
                }
            }
            position = afterUnit
        }
        hadLoneSurrogate = true
        return "\u{FFFD}"
    }

    private mutating func readCodeUnit() throws(JSONFault) -> UInt16 {
        guard bytes.count - position >= 4 else { throw fault(.endsInString) }
        var unit: UInt16 = 0
        for index in position..<position + 4 {
            guard let digit = bytes[index].hexadecimalValue else { throw fault(.invalidUnicodeEscape) }
            unit = unit << 4 | UInt16(digit)
        }
        position += 4
        return unit
    }
}
