import NIOCore

/// Escapes strings for JSON (RFC 8259, section 7), optimized for throughput.
package enum JSONString {
    /// The characters to escape in addition to those that JSON requires.
    package enum Escapes: Sendable {
        /// Characters that could control a terminal (``DisplayEscaping``), so that a line of JSON is safe to
        /// print. Each byte that is not UTF-8 becomes U+FFFD.
        case display
        /// Characters that browsers and proxies corrupt: U+200C to U+200F, U+2028 to U+202F, U+2060 to U+206F and
        /// U+FFF0 to U+FFFF (SockJS 0.3.3, "JSON Unicode Encoding"). Bytes that are not UTF-8 are unchanged.
        case sockJS

        @inline(__always)
        fileprivate func includes(_ scalar: UInt32, in bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
            switch self {
            case .display: return DisplayEscaping.hides(scalar, in: bytes, at: index)
            case .sockJS:
                switch scalar {
                case 0x200C...0x200F, 0x2028...0x202F, 0x2060...0x206F, 0xFFF0...0xFFFF: return true
                default: return false
                }
            }
        }
    }

    /// Returns the surrogate pair of a scalar above U+FFFF, because `\uNNNN` has only four digits (RFC 8259,
    /// section 7).
    package static func surrogates(of scalar: UInt32) -> [UInt32] {
        [0xD800 + (scalar - 0x1_0000) >> 10, 0xDC00 + scalar & 0x3FF]
    }

    /// Writes a part of the JSON string for `bytes`, with the opening quote if it is the first part and the
    /// closing quote if it is the last.
    ///
    /// - Parameters:
    ///   - index: the start of the part; set to the start of the next part.
    ///   - end: the end of the part; the part may have up to three more bytes, to complete a character.
    ///   - room: a buffer of at least `6 * (end - index) + 16` bytes: six per byte, and extra space for eight
    ///     bytes stored at once, a character that reaches past the end, and two quotes.
    /// - Returns: the number of bytes written.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, from index: inout Int, to end: Int, _ escapes: Escapes,
        into room: UnsafeMutableRawPointer
    ) -> Int {
        var writer = JSONStringWriter(room: room, escapes: escapes)
        if index == 0 { writer.write(UInt8(ascii: "\"")) }
        while index < end { writer.writeNext(of: bytes, at: &index, to: end) }
        if index == bytes.count { writer.write(UInt8(ascii: "\"")) }
        return writer.count
    }

    /// Returns the offset of the first quote, backslash or control character from `start` on; the number of bytes
    /// if there is none.
    @inline(__always)
    static func firstSpecial(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while let word = bytes.word(at: index) {
            let special = word.jsonSpecials
            guard special == 0 else { return index + special.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count, bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\""),
            bytes[index] != UInt8(ascii: "\\")
        {
            index += 1
        }
        return index
    }
}

extension ByteBuffer {
    /// The number of bytes escaped at a time; it limits the space to reserve.
    private static let escapedPiece = 256

    /// Appends `text` as a JSON string, quotes included.
    package mutating func writeJSONString(_ text: ByteBuffer, _ escapes: JSONString.Escapes = .sockJS) {
        text.withUnsafeReadableBytes { bytes in
            // Apart from the line feeds and the NUL of a STOMP frame, few characters need escaping.
            reserveCapacity(
                minimumWritableBytes: bytes.count + bytes.count / 8 + 6 * min(bytes.count, Self.escapedPiece) + 16)
            var index = 0
            repeat {
                let end = min(bytes.count, index + Self.escapedPiece)
                writeWithUnsafeMutableBytes(minimumWritableBytes: 6 * (end - index) + 16) { room in
                    room.baseAddress.map { JSONString.write(bytes, from: &index, to: end, escapes, into: $0) } ?? 0
                }
            } while index < bytes.count
        }
    }
}

/// Writes escaped bytes to a buffer that is large enough.
private struct JSONStringWriter {
    let room: UnsafeMutableRawPointer
    let escapes: JSONString.Escapes
    var count = 0

    init(room: UnsafeMutableRawPointer, escapes: JSONString.Escapes) {
        self.room = room
        self.escapes = escapes
    }

    /// Writes from `index`: the plain bytes up to the next special character, or that character.
    ///
    /// - Parameter end: the end of the input that the buffer has space for.
    @inline(__always)
    mutating func writeNext(of bytes: UnsafeRawBufferPointer, at index: inout Int, to end: Int) {
        let word = bytes.word(at: index) ?? bytes.lastWord(at: index)
        let plain = min(word.jsonSpecialsAndUnprintables.trailingZeroBitCount / 8, bytes.count - index)
        if plain > 0 {
            // All eight bytes are stored; the ones after the plain ones are overwritten later.
            room.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
            count += plain
            index += plain
            // After eight plain bytes, more usually follow.
            if plain == 8 { writePlain(of: bytes, from: &index, to: end) }
            return
        }
        let byte = bytes[index]
        if byte < 0x80 {
            write(ascii: byte)
            index += 1
        } else if let scalar = bytes.scalar(at: index) {
            if escapes.includes(scalar.value, in: bytes, at: index) {
                write(escaped: scalar.value)
            } else {
                for offset in index..<(index + scalar.length) { write(bytes[offset]) }
            }
            index += scalar.length
        } else {
            if escapes == .sockJS {
                write(byte)
            } else {
                write(0xEF)
                write(0xBF)
                write(0xBD)
            }
            index += 1
        }
    }

    /// Writes plain bytes in blocks of 32, while all of a block are plain.
    @inline(__always)
    private mutating func writePlain(of bytes: UnsafeRawBufferPointer, from index: inout Int, to end: Int) {
        while index + 32 <= end {
            let words = bytes.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
            let special =
                words[0].jsonSpecialsAndUnprintables | words[1].jsonSpecialsAndUnprintables
                | words[2].jsonSpecialsAndUnprintables | words[3].jsonSpecialsAndUnprintables
            guard special == 0 else { return }
            room.storeBytes(of: words, toByteOffset: count, as: SIMD4<UInt64>.self)
            count += 32
            index += 32
        }
    }

    @inline(__always)
    mutating func write(_ byte: UInt8) {
        room.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    private mutating func write(ascii byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): write(letter: byte)
        case 0x0A: write(letter: UInt8(ascii: "n"))
        case 0x0D: write(letter: UInt8(ascii: "r"))
        case 0x09: write(letter: UInt8(ascii: "t"))
        case 0x08 where escapes == .sockJS: write(letter: UInt8(ascii: "b"))
        case 0x0C where escapes == .sockJS: write(letter: UInt8(ascii: "f"))
        case 0x7F where escapes == .sockJS: write(byte)
        case 0..<0x20, 0x7F: write(escaped: UInt32(byte))
        default: write(byte)
        }
    }

    private mutating func write(letter: UInt8) {
        write(UInt8(ascii: "\\"))
        write(letter)
    }

    /// Writes `\uNNNN`, or a pair of them for a scalar above U+FFFF.
    private mutating func write(escaped scalar: UInt32) {
        guard scalar < 0x1_0000 else {
            return JSONString.surrogates(of: scalar).forEach { write(escaped: $0) }
        }
        write(letter: UInt8(ascii: "u"))
        for shift in stride(from: 12, through: 0, by: -4) {
            write(hexadecimalDigit(UInt8(truncatingIfNeeded: scalar >> shift)))
        }
    }
}
