// Bytes looked at eight at a time: messages are long, and hardly have what is looked for.

extension UnsafeRawBufferPointer {
    /// The eight bytes from `index` on, the first one lowest; nil if fewer are left.
    @inline(__always)
    func word(at index: Int) -> UInt64? {
        guard index + 8 <= count else { return nil }
        return UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// The bytes from `index` on, of which there are one to seven, the first one lowest, with blanks for those that are
    /// missing.
    @inline(__always)
    func lastWord(at index: Int) -> UInt64 {
        let left = count - index
        let blanks: UInt64 = 0x2020_2020_2020_2020 &<< UInt64(8 * left)
        guard left < 4 else {
            // Both halves have some bytes in common.
            let first = UInt64(UInt32(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt32.self)))
            let last = UInt64(UInt32(littleEndian: loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
            return first | last &<< UInt64(8 * (left - 4)) | blanks
        }
        let middle = left / 2
        return UInt64(self[index]) | UInt64(self[index + middle]) &<< UInt64(8 * middle)
            | UInt64(self[count - 1]) &<< UInt64(8 * (left - 1)) | blanks
    }
}

/// Eight bytes, the first one lowest. Each mask sets the high bit of the bytes in question up to the lowest of them; no
/// bit if there is none. Bits above the lowest may be wrong, as a borrow may set them.
extension UInt64 {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    // What the parts below say of the other bits is noise, which the masks take away.

    /// The bytes below 0x20.
    @inline(__always)
    private var controls: UInt64 { (self &- Self.ones &* 0x20) & ~self }

    /// The bytes that are `byte`.
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
