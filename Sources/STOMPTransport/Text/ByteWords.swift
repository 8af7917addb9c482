// Searches eight bytes at a time: messages are long and rarely contain the bytes searched for.

extension UnsafeRawBufferPointer {
    /// The eight bytes from `index` on, the first one in the lowest bits; nil if fewer are left.
    @inline(__always)
    func word(at index: Int) -> UInt64? {
        guard index + 8 <= count else { return nil }
        return UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// The one to seven bytes left from `index` on, the first one in the lowest bits, padded with blanks.
    @inline(__always)
    func lastWord(at index: Int) -> UInt64 {
        let left = count - index
        let blanks: UInt64 = 0x2020_2020_2020_2020 &<< UInt64(8 * left)
        guard left < 4 else {
            // The two halves overlap.
            let first = UInt64(UInt32(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt32.self)))
            let last = UInt64(UInt32(littleEndian: loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
            return first | last &<< UInt64(8 * (left - 4)) | blanks
        }
        let middle = left / 2
        return UInt64(self[index]) | UInt64(self[index + middle]) &<< UInt64(8 * middle)
            | UInt64(self[count - 1]) &<< UInt64(8 * (left - 1)) | blanks
    }
}

/// Eight bytes, the first one in the lowest bits. Each mask sets the high bit of each matching byte, and is zero
/// if no byte matches. Only the lowest set bit is reliable: a borrow may set wrong bits above it.
extension UInt64 {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    // The parts below also set other bits, which the masks clear.

    /// The bytes below 0x20.
    @inline(__always)
    private var controls: UInt64 { (self &- Self.ones &* 0x20) & ~self }

    /// The bytes equal to `byte`.
    @inline(__always)
    private func matches(_ byte: UInt8) -> UInt64 {
        let difference = self ^ Self.ones &* UInt64(byte)
        return (difference &- Self.ones) & ~difference
    }

    @inline(__always)
    private var quotesAndBackslashes: UInt64 { matches(UInt8(ascii: "\"")) | matches(UInt8(ascii: "\\")) }

    /// The bytes that end or escape something in a JSON string: quotes, backslashes and those below 0x20.
    @inline(__always)
    var jsonSpecials: UInt64 { (controls | quotesAndBackslashes) & Self.highBits }

    /// The bytes that are not printable ASCII.
    @inline(__always)
    var unprintables: UInt64 { (controls | matches(0x7F) | self) & Self.highBits }

    /// The bytes that are in either mask.
    @inline(__always)
    var jsonSpecialsAndUnprintables: UInt64 {
        (controls | quotesAndBackslashes | matches(0x7F) | self) & Self.highBits
    }
}
