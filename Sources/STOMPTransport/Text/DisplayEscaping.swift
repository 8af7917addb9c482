/// Makes text from other parties safe to display: characters that could control a terminal or reverse its text are
/// escaped.
package enum DisplayEscaping {
    /// Whether a scalar must not reach a terminal: control characters of ASCII and Unicode, and scalars that
    /// change the direction of text, separate lines, or are invisible. This includes joiners and tags, though
    /// ``joins(_:in:at:)`` may allow them.
    @inline(__always)
    static func hides(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF,
            0xE0000...0xE007F:
            true
        default: false
        }
    }

    /// Whether the scalar at `index` must not reach a terminal in this context.
    @inline(__always)
    static func hides(_ scalar: UInt32, in bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
        hides(scalar) && !joins(scalar, in: bytes, at: index)
    }

    /// Whether a scalar that ``hides(_:)`` rejects is a required part of the text around it: a joiner inside an
    /// emoji (U+200D) or in a script that uses joiners (U+200C too), or a tag of a flag such as that of Scotland.
    private static func joins(_ scalar: UInt32, in bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
        switch scalar {
        case 0x200C, 0x200D:
            guard let before = self.scalar(before: index, in: bytes) else { return false }
            if needsJoiners(before) { return true }
            guard scalar == 0x200D, isPictographic(before, orEndsOne: true),
                index + 3 < bytes.count, let after = bytes.scalar(at: index + 3)
            else { return false }
            return isPictographic(after.value, orEndsOne: false)
        case 0xE0020...0xE007F: return isTagOfFlag(in: bytes, at: index)
        default: return false
        }
    }

    /// Whether a scalar belongs to a script in which joiners change the text: Arabic, Syriac, N'Ko and similar
    /// scripts, the scripts of India, Myanmar, Khmer, Mongolian.
    private static func needsJoiners(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x0620...0x08FF, 0x0900...0x0DFF, 0x0F40...0x109F, 0x1780...0x18AF, 0x1B00...0x1C4F, 0xA840...0xA8FF,
            0xA980...0xA9DF, 0xAA60...0xAA7F, 0xABC0...0xABFF, 0xFB50...0xFDFF, 0xFE70...0xFEFC, 0x10D00...0x10D3F,
            0x11000...0x11FFF, 0x1E900...0x1E95F:
            Unicode.Scalar(scalar)?.properties.isAlphabetic == true
                || Unicode.Scalar(scalar)?.properties.canonicalCombiningClass != .notReordered
        default: false
        }
    }

    /// Whether a scalar is an emoji, or may end one before a joiner: a skin tone, or the selector of the coloured
    /// form.
    private static func isPictographic(_ scalar: UInt32, orEndsOne: Bool) -> Bool {
        if orEndsOne, scalar == 0xFE0F || 0x1F3FB...0x1F3FF ~= scalar { return true }
        return scalar >= 0xA9 && Unicode.Scalar(scalar)?.properties.isEmoji == true
    }

    /// Whether a tag is in a complete emoji tag sequence (UTS #51, ED-14a): the black flag, three to six letters
    /// and digits as tags, and the tag that ends them. A longer sequence could hide text.
    private static func isTagOfFlag(in bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
        // The flag and all tags have four bytes each.
        var start = index
        var count = 0
        while let before = scalar(before: start, in: bytes), before != 0x1F3F4 {
            guard count < 7, isTag(before) else { return false }
            start -= 4
            count += 1
        }
        guard start >= 4 else { return false }
        var end = start
        while end < bytes.count, let tag = bytes.scalar(at: end), isTag(tag.value), end - start <= 4 * 6 { end += 4 }
        return (3...6).contains((end - start) / 4) && end < bytes.count && bytes.scalar(at: end)?.value == 0xE007F
    }

    private static func isTag(_ scalar: UInt32) -> Bool {
        0xE0030...0xE0039 ~= scalar || 0xE0061...0xE007A ~= scalar
    }

    /// The scalar that ends before `index`; nil if there is none.
    private static func scalar(before index: Int, in bytes: UnsafeRawBufferPointer) -> UInt32? {
        var start = index - 1
        while start > max(0, index - 4), bytes[start] & 0xC0 == 0x80 { start -= 1 }
        guard start >= 0, let scalar = bytes.scalar(at: start), start + scalar.length == index else { return nil }
        return scalar.value
    }

    /// A part of a text that must not be shown unescaped.
    package struct Hidden {
        package let index: Int
        /// Its length in bytes.
        package let length: Int
        /// The scalar; nil for a byte that is not UTF-8.
        package let scalar: UInt32?
    }

    /// The first part of `bytes` from `start` on that must not be shown unescaped.
    package static func firstHidden(in bytes: UnsafeRawBufferPointer, from start: Int) -> Hidden? {
        var index = start
        while index < bytes.count {
            if bytes[index] < 0x80, let word = bytes.word(at: index), word.unprintables == 0 {
                index += 8
                continue
            }
            guard let scalar = bytes.scalar(at: index) else { return Hidden(index: index, length: 1, scalar: nil) }
            if hides(scalar.value, in: bytes, at: index) {
                return Hidden(index: index, length: scalar.length, scalar: scalar.value)
            }
            index += scalar.length
        }
        return nil
    }

    /// The escape that replaces a scalar, or a byte that is not UTF-8: `\n`, `\x1b`, `\u{9b}`.
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

/// Text from the other side, escaped for one line of a message and truncated to `limit` characters.
package func printable(_ text: some StringProtocol, limit: Int = 200) -> String {
    var shown = ""
    shown.unicodeScalars.append(contentsOf: text.unicodeScalars.prefix(limit))
    var result = ""
    shown.withUTF8 { utf8 in
        let bytes = UnsafeRawBufferPointer(utf8)
        var copied = 0
        while let hidden = DisplayEscaping.firstHidden(in: bytes, from: copied) {
            result += String(decoding: bytes[copied..<hidden.index], as: UTF8.self)
            result += DisplayEscaping.escape(hidden.scalar, byte: bytes[hidden.index])
            copied = hidden.index + hidden.length
        }
        result += String(decoding: bytes[copied...], as: UTF8.self)
    }
    return text.unicodeScalars.count > limit ? result + "..." : result
}
