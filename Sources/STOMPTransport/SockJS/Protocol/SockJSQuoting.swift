import NIOCore

extension ByteBuffer {
    /// Writes `text`, which is UTF-8, as a JSON string, with the escapes that SockJS asks of both ends (SockJS 0.3.3,
    /// "JSON Unicode Encoding"): control characters, and those that browsers and proxies mangle, U+200C to U+200F,
    /// U+2028 to U+202F, U+2060 to U+206F and U+FFF0 to U+FFFF.
    package mutating func writeSockJSString(_ text: ByteBuffer) {
        text.withUnsafeReadableBytes { octets in
            // What must be escaped is seldom, but for the NUL and the line feeds of a STOMP frame.
            reserveCapacity(minimumWritableBytes: octets.count + octets.count / 8 + 32)
            writeInteger(UInt8(ascii: "\""))
            var run = 0
            var index = 0
            while true {
                index = JSONText.special(in: octets, from: index, andNonASCII: true)
                guard index < octets.count else { break }
                guard let escape = Escape(octets, at: index) else {
                    index += 1
                    continue
                }
                writeBytes(UnsafeRawBufferPointer(rebasing: octets[run..<index]))
                index += escape.length
                run = index
                if let short = escape.short {
                    writeInteger(UInt8(ascii: "\\"))
                    writeInteger(short)
                } else {
                    writeCodeUnit(escape.codeUnit)
                }
            }
            writeBytes(UnsafeRawBufferPointer(rebasing: octets[run...]))
            writeInteger(UInt8(ascii: "\""))
        }
    }

    private mutating func writeCodeUnit(_ unit: UInt16) {
        writeMultipleIntegers(UInt8(ascii: "\\"), UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] as [UInt16] {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 0xF)
            writeInteger(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}

extension SockJSMessages {
    /// `text`, which is UTF-8, as a JSON string; as several, where an array of one of them would have more than `limit`
    /// octets otherwise.
    static func quoted(_ text: ByteBuffer, limit: Int?) -> [ByteBuffer] {
        var quoted = ByteBuffer()
        quoted.writeSockJSString(text)
        guard let limit, quoted.readableBytes + 2 > limit else { return [quoted] }
        var rest = text
        // Halves until they fit: how much the escapes take is not known before.
        let piece = rest.readPiece(of: min(limit, (text.readableBytes + 1) / 2), isText: true)
        guard rest.readableBytes > 0 else { return [quoted] }
        return self.quoted(piece, limit: limit) + self.quoted(rest, limit: limit)
    }
}

/// A character that does not go into a JSON string as it is.
private struct Escape {
    /// How many octets of UTF-8 it has.
    let length: Int
    let codeUnit: UInt16

    /// The letter of its short form.
    var short: UInt8? {
        switch codeUnit {
        case 0x22, 0x5C: UInt8(codeUnit)
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }

    @inline(__always)
    init?(_ octets: UnsafeRawBufferPointer, at index: Int) {
        let first = octets[index]
        switch first {
        case 0..<0x20, 0x22, 0x5C:
            length = 1
            codeUnit = UInt16(first)
        case 0xE2, 0xEF:
            guard octets.count - index >= 3 else { return nil }
            let (second, third) = (octets[index + 1], octets[index + 2])
            switch (first, second, third) {
            case (0xE2, 0x80, 0x8C...0x8F), (0xE2, 0x80, 0xA8...0xAF), (0xE2, 0x81, 0xA0...0xAF),
                (0xEF, 0xBF, 0xB0...0xBF):
                length = 3
                codeUnit = UInt16(first & 0x0F) << 12 | UInt16(second & 0x3F) << 6 | UInt16(third & 0x3F)
            default:
                return nil
            }
        default:
            return nil
        }
    }
}
