/// Writing JSON strings (RFC 8259, section 7), at the speed of the socket.
extension OutputBuffer {
    /// How many octets are escaped at once; it bounds the room that is asked for.
    private static let piece = 8192

    /// Appends `text` as a JSON string, quotes included.
    package mutating func append(jsonString text: String) {
        var text = text
        text.withUTF8 { append(jsonString: UnsafeRawBufferPointer($0)) }
    }

    /// Appends `octets` as a JSON string, quotes included.
    ///
    /// What is no UTF-8 becomes U+FFFD, an octet each. Beside what JSON wants escaped, what ``Visible`` hides is: a line
    /// of JSON is as harmless on a terminal as everywhere else, and says the same.
    package mutating func append(jsonString octets: UnsafeRawBufferPointer) {
        var index = 0
        repeat {
            let end = min(octets.count, index + Self.piece)
            // Six octets for one at most, eight stored at a time, a scalar that reaches past the end, two quotes.
            withRoom(for: (end - index) * 6 + 16) { room in
                var writer = JSONTextWriter(room: room)
                if index == 0 { writer.write(UInt8(ascii: "\"")) }
                while index < end { writer.writeNext(of: octets, at: &index, to: end) }
                if index == octets.count { writer.write(UInt8(ascii: "\"")) }
                return writer.count
            }
        } while index < octets.count
    }
}

/// Escapes octets into room that is large enough.
private struct JSONTextWriter {
    let room: UnsafeMutableRawPointer
    var count = 0

    init(room: UnsafeMutableRawPointer) {
        self.room = room
    }

    /// Writes octets that are plain, as long as 32 of them stand together.
    @inline(__always)
    private mutating func writePlain(of octets: UnsafeRawBufferPointer, from index: inout Int, to end: Int) {
        while index + 32 <= end {
            let words = octets.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
            let special =
                Self.special(words[0]) | Self.special(words[1]) | Self.special(words[2]) | Self.special(words[3])
            guard special == 0 else { return }
            room.storeBytes(of: words, toByteOffset: count, as: SIMD4<UInt64>.self)
            count += 32
            index += 32
        }
    }

    /// Writes what stands at `index`: the plain octets up to the next special one, or that one.
    ///
    /// - Parameter end: up to where there is room.
    @inline(__always)
    mutating func writeNext(of octets: UnsafeRawBufferPointer, at index: inout Int, to end: Int) {
        let word = octets.word(at: index) ?? octets.lastWord(at: index)
        let plain = min(Self.plainOctets(word), octets.count - index)
        if plain > 0 {
            // All eight are stored; those that are not plain, or are none, are written over.
            room.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
            count += plain
            index += plain
            // Where eight stand together, more mostly do.
            if plain == 8 { writePlain(of: octets, from: &index, to: end) }
            return
        }
        let octet = octets[index]
        if octet < 0x80 {
            write(ascii: octet)
            index += 1
        } else if let scalar = octets.scalar(at: index) {
            if Visible.hides(scalar.value) {
                write(escaped: scalar.value)
            } else {
                for offset in index..<(index + scalar.length) { write(octets[offset]) }
            }
            index += scalar.length
        } else {
            write(0xEF)
            write(0xBF)
            write(0xBD)
            index += 1
        }
    }

    /// How many octets at the low end of `word` are printable ASCII that JSON leaves as it is.
    @inline(__always)
    private static func plainOctets(_ word: UInt64) -> Int { special(word).trailingZeroBitCount / 8 }

    /// The high bit of each octet of `word` that is not so, up to the lowest; none where all of them are.
    @inline(__always)
    private static func special(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        // Each sets the high bit of an octet that is below 0x20, a quote, a backslash, DEL, or not ASCII. A borrow may
        // also set bits above the first one found, which does no harm.
        let control = (word &- ones &* 0x20) & ~word
        let quote = zeros(word ^ ones &* UInt64(UInt8(ascii: "\"")))
        let backslash = zeros(word ^ ones &* UInt64(UInt8(ascii: "\\")))
        let delete = zeros(word ^ ones &* 0x7F)
        return (control | quote | backslash | delete | word) & (ones &* 0x80)
    }

    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word
    }

    @inline(__always)
    mutating func write(_ octet: UInt8) {
        room.storeBytes(of: octet, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    private mutating func write(ascii octet: UInt8) {
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): write(letter: octet)
        case 0x0A: write(letter: UInt8(ascii: "n"))
        case 0x0D: write(letter: UInt8(ascii: "r"))
        case 0x09: write(letter: UInt8(ascii: "t"))
        case 0..<0x20, 0x7F: write(escaped: UInt32(octet))
        default: write(octet)
        }
    }

    private mutating func write(letter: UInt8) {
        write(UInt8(ascii: "\\"))
        write(letter)
    }

    /// Writes `\uNNNN`: nothing that is escaped lies beyond the first plane.
    private mutating func write(escaped scalar: UInt32) {
        write(letter: UInt8(ascii: "u"))
        for shift in stride(from: 12, through: 0, by: -4) {
            write(hexadecimalDigit(UInt8(truncatingIfNeeded: scalar >> shift)))
        }
    }
}

/// The lower-case digit for the low four bits of `octet`.
@inline(__always)
package func hexadecimalDigit(_ octet: UInt8) -> UInt8 {
    let value = octet & 0xF
    return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
