/// Makes text that came from elsewhere harmless: what could drive a terminal or reverse its text is shown escaped.
package enum DisplayEscaping {
    /// Whether a scalar must not reach a terminal: the controls of ASCII and Unicode, what turns the direction of text,
    /// separates lines, or cannot be seen. The joiners (U+200C, U+200D) stay: emoji and some scripts need them.
    @inline(__always)
    static func hides(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF,
            0xE0000...0xE007F:
            true
        default: false
        }
    }

    /// A part of a text that must not be shown as it is.
    package struct Hidden {
        package let index: Int
        /// How many bytes it has.
        package let length: Int
        /// The scalar; nil for a byte that is not UTF-8.
        package let scalar: UInt32?
    }

    /// The first part of `bytes` from `start` on that must not be shown as it is.
    package static func firstHidden(in bytes: UnsafeRawBufferPointer, from start: Int) -> Hidden? {
        var index = start
        while index < bytes.count {
            if bytes[index] < 0x80, let word = bytes.word(at: index), word.unprintables == 0 {
                index += 8
                continue
            }
            guard let scalar = bytes.scalar(at: index) else { return Hidden(index: index, length: 1, scalar: nil) }
            if hides(scalar.value) { return Hidden(index: index, length: scalar.length, scalar: scalar.value) }
            index += scalar.length
        }
        return nil
    }

    /// What is shown in place of a scalar, or of a byte that is not UTF-8: `\n`, `\x1b`, `\u{9b}`.
    package static func escape(_ scalar: UInt32?, byte: UInt8) -> String {
        switch scalar {
        case 0x09: "\\t"
        case 0x0A: "\\n"
        case 0x0D: "\\r"
        case let scalar? where scalar >= 0x80: "\\u{\(String(scalar, radix: 16))}"
        default: "\\x" + hexadecimal(UInt32(byte), digits: 2)
        }
    }
}

/// Text of the other side made fit for one line of a message, at most `limit` characters of it.
package func printable(_ text: some StringProtocol, limit: Int = 200) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        if DisplayEscaping.hides(scalar.value) {
            result += DisplayEscaping.escape(scalar.value, byte: UInt8(truncatingIfNeeded: scalar.value))
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.count > limit ? result + "..." : result
}
