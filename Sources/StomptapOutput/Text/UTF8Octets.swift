/// UTF-8 read off octets that may be none (RFC 3629).
extension UnsafeRawBufferPointer {
    /// Whether all of it is UTF-8.
    package var isUTF8: Bool {
        var index = 0
        while index < count {
            if let word = word(at: index), word & 0x8080_8080_8080_8080 == 0 {
                index += 8
            } else if let scalar = scalar(at: index) {
                index += scalar.length
            } else {
                return false
            }
        }
        return true
    }

    /// The scalar whose encoding begins at `index`, and how many octets it takes; nil where none does.
    @inline(__always)
    package func scalar(at index: Int) -> (value: UInt32, length: Int)? {
        let first = self[index]
        switch first {
        case 0..<0x80: return (UInt32(first), 1)
        case 0xC2...0xDF: return scalar(at: index, first: first & 0x1F, second: 0x80...0xBF, length: 2)
        case 0xE0: return scalar(at: index, first: 0, second: 0xA0...0xBF, length: 3)
        case 0xED: return scalar(at: index, first: 0xD, second: 0x80...0x9F, length: 3)
        case 0xE1...0xEF: return scalar(at: index, first: first & 0xF, second: 0x80...0xBF, length: 3)
        case 0xF0: return scalar(at: index, first: 0, second: 0x90...0xBF, length: 4)
        case 0xF1...0xF3: return scalar(at: index, first: first & 7, second: 0x80...0xBF, length: 4)
        case 0xF4: return scalar(at: index, first: 4, second: 0x80...0x8F, length: 4)
        default: return nil
        }
    }

    private func scalar(
        at index: Int, first: UInt8, second: ClosedRange<UInt8>, length: Int
    ) -> (value: UInt32, length: Int)? {
        guard index + length <= count, second.contains(self[index + 1]) else { return nil }
        var value = UInt32(first)
        for octet in self[(index + 1)..<(index + length)] {
            guard octet & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(octet & 0x3F)
        }
        return (value, length)
    }

    /// The eight octets from `index` on, the first one lowest; nil where fewer are left.
    @inline(__always)
    package func word(at index: Int) -> UInt64? {
        guard index + 8 <= count else { return nil }
        return UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// The octets from `index` on, of which there are one to seven, the first one lowest, with blanks for those that are
    /// missing.
    @inline(__always)
    func lastWord(at index: Int) -> UInt64 {
        let left = count - index
        let blanks: UInt64 = 0x2020_2020_2020_2020 &<< UInt64(8 * left)
        guard left < 4 else {
            // Both halves have some octets in common.
            let first = UInt64(UInt32(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt32.self)))
            let last = UInt64(UInt32(littleEndian: loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
            return first | last &<< UInt64(8 * (left - 4)) | blanks
        }
        let middle = left / 2
        return UInt64(self[index]) | UInt64(self[index + middle]) &<< UInt64(8 * middle)
            | UInt64(self[count - 1]) &<< UInt64(8 * (left - 1)) | blanks
    }
}
