import NIOCore

/// Reads JSON (RFC 8259) off octets, as strictly as `JSON.parse` does: what SockJS and recordings need of it, which is
/// little more than strings.
package struct JSONScanner {
    /// How deep arrays and objects may stand in each other where they are passed over.
    static let maximumDepth = 64

    private let octets: UnsafeRawBufferPointer
    private(set) var position: Int
    /// Whether a string had an escaped half of a surrogate pair without the other half: JavaScript has such strings,
    /// and UTF-8 has U+FFFD in its place.
    package private(set) var hadLoneSurrogate = false

    /// - Parameter position: how many octets stand before the JSON.
    package init(_ octets: UnsafeRawBufferPointer, at position: Int = 0) {
        self.octets = octets
        self.position = position
    }

    package func fault(_ reason: JSONFault.Reason) -> JSONFault { JSONFault(reason, at: position) }

    // MARK: Structure

    mutating func skipWhitespace() {
        while position < octets.count {
            switch octets[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Passes over `octet`, and the white space before it, if it comes next.
    mutating func take(_ octet: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard position < octets.count, octets[position] == UInt8(ascii: octet) else { return false }
        position += 1
        return true
    }

    package mutating func expect(_ octet: Unicode.Scalar) throws(JSONFault) {
        guard take(octet) else {
            throw fault(position < octets.count ? .missing(octet) : .endsEarly)
        }
    }

    package mutating func expectEnd() throws(JSONFault) {
        skipWhitespace()
        guard position == octets.count else { throw fault(.moreAfterEnd) }
    }

    /// Reads an array, whose elements `element` reads.
    package mutating func array(_ element: (inout JSONScanner) throws(JSONFault) -> Void) throws(JSONFault) {
        try expect("[")
        if take("]") { return }
        repeat { try element(&self) } while take(",")
        try expect("]")
    }

    /// Reads an object, whose values `member` reads; it is told their names.
    package mutating func object(
        _ member: (inout JSONScanner, String) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try expect("{")
        if take("}") { return }
        repeat {
            let name = try text()
            try expect(":")
            try member(&self, name)
        } while take(",")
        try expect("}")
    }

    // MARK: Values

    /// Reads a string that is not long.
    package mutating func text() throws(JSONFault) -> String {
        var buffer = ByteBuffer()
        try string(into: &buffer)
        return String(buffer: buffer)
    }

    /// Reads a string and writes its octets, in UTF-8, to `buffer`. Octets above 0x7F are passed on unexamined.
    package mutating func string(into buffer: inout ByteBuffer) throws(JSONFault) {
        guard take("\"") else {
            throw fault(position < octets.count ? .noString : .endsEarly)
        }
        while true {
            let end = JSONText.special(in: octets, from: position, andNonASCII: false)
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: octets[position..<end]))
            position = end
            guard position < octets.count else { throw fault(.endsInString) }
            switch octets[position] {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &buffer)
            default:
                throw fault(.controlCharacter)
            }
        }
    }

    /// Reads a whole number, with or without a sign.
    mutating func integer() throws(JSONFault) -> Int {
        skipWhitespace()
        let start = position
        try number()
        let text = String(decoding: octets[start..<position], as: UTF8.self)
        guard let value = Int(text) else { throw fault(.noInteger) }
        return value
    }

    mutating func boolean() throws(JSONFault) -> Bool {
        if word("true") { return true }
        if word("false") { return false }
        throw fault(.noBoolean)
    }

    /// Passes over a value of any kind.
    package mutating func skipValue(depth: Int = 0) throws(JSONFault) {
        guard depth < Self.maximumDepth else { throw fault(.tooDeep) }
        skipWhitespace()
        guard position < octets.count else { throw fault(.endsEarly) }
        switch octets[position] {
        case UInt8(ascii: "\""):
            _ = try text()
        case UInt8(ascii: "["):
            try array { (scanner: inout JSONScanner) throws(JSONFault) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "{"):
            try object { (scanner: inout JSONScanner, _) throws(JSONFault) in
                try scanner.skipValue(depth: depth + 1)
            }
        default:
            if word("true") || word("false") || word("null") { return }
            try number()
        }
    }

    // MARK: Pieces

    private mutating func word(_ word: StaticString) -> Bool {
        skipWhitespace()
        let length = word.utf8CodeUnitCount
        guard octets.count - position >= length,
            octets[position..<position + length].elementsEqual(
                UnsafeBufferPointer(start: word.utf8Start, count: length))
        else { return false }
        position += length
        return true
    }

    private mutating func number() throws(JSONFault) {
        takeOctet("-")
        if !takeOctet("0") { try digits() }
        if takeOctet(".") { try digits() }
        if takeOctet("e") || takeOctet("E") {
            if !takeOctet("+") { takeOctet("-") }
            try digits()
        }
    }

    private mutating func digits() throws(JSONFault) {
        let start = position
        while position < octets.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octets[position]) {
            position += 1
        }
        guard position > start else { throw fault(.noValue) }
    }

    @discardableResult
    private mutating func takeOctet(_ octet: Unicode.Scalar) -> Bool {
        guard position < octets.count, octets[position] == UInt8(ascii: octet) else { return false }
        position += 1
        return true
    }

    private mutating func escape(into buffer: inout ByteBuffer) throws(JSONFault) {
        guard position < octets.count else { throw fault(.endsInString) }
        let octet = octets[position]
        position += 1
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.writeInteger(octet)
        case UInt8(ascii: "b"): buffer.writeInteger(0x08 as UInt8)
        case UInt8(ascii: "f"): buffer.writeInteger(0x0C as UInt8)
        case UInt8(ascii: "n"): buffer.writeInteger(0x0A as UInt8)
        case UInt8(ascii: "r"): buffer.writeInteger(0x0D as UInt8)
        case UInt8(ascii: "t"): buffer.writeInteger(0x09 as UInt8)
        case UInt8(ascii: "u"): try unicodeEscape(into: &buffer)
        default:
            position -= 1
            throw fault(.unknownEscape)
        }
    }

    private mutating func unicodeEscape(into buffer: inout ByteBuffer) throws(JSONFault) {
        let unit = try codeUnit()
        if unit < 0x80 {
            // By far the most common: the NUL that ends a STOMP frame.
            buffer.writeInteger(UInt8(truncatingIfNeeded: unit))
            return
        }
        var scalar = Unicode.Scalar(UInt32(unit))
        if UTF16.isLeadSurrogate(unit) {
            let mark = position
            if takeOctet("\\"), takeOctet("u") {
                let trail = try codeUnit()
                if UTF16.isTrailSurrogate(trail) {
                    scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(trail) - 0xDC00))
                }
            }
            if scalar == nil { position = mark }
        }
        if scalar == nil { hadLoneSurrogate = true }
        UTF8.encode(scalar ?? "\u{FFFD}").map { _ = buffer.writeBytes($0) }
    }

    private mutating func codeUnit() throws(JSONFault) -> UInt16 {
        guard octets.count - position >= 4 else { throw fault(.endsInString) }
        var unit: UInt16 = 0
        for index in position..<position + 4 {
            let octet = octets[index]
            let digit: UInt8
            switch octet {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = octet - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = octet - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = octet - UInt8(ascii: "A") + 10
            default: throw fault(.invalidUnicodeEscape)
            }
            unit = unit << 4 | UInt16(digit)
        }
        position += 4
        return unit
    }
}
