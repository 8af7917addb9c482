/// The octets that mean something in a JSON string, found eight at a time: messages are long, and hardly have any.
enum JSONText {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Where the next quote, backslash or control character stands; also an octet above 127 where `andNonASCII`. The
    /// count of octets where there is none.
    @inline(__always)
    static func special(in octets: UnsafeRawBufferPointer, from start: Int, andNonASCII: Bool) -> Int {
        var index = start
        while index + 8 <= octets.count {
            let word = octets.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            var found = hasZero(word ^ ones &* 0x22) | hasZero(word ^ ones &* 0x5C)
            // Below 0x20.
            found |= (word &- ones &* 0x20) & ~word & highBits
            if andNonASCII { found |= word & highBits }
            if found != 0 { break }
            index += 8
        }
        while index < octets.count {
            switch octets[index] {
            case 0..<0x20, 0x22, 0x5C: return index
            case 0x80...0xFF where andNonASCII: return index
            default: index += 1
            }
        }
        return index
    }

    /// The high bits of the octets that are zero, and perhaps of some above these.
    @inline(__always)
    private static func hasZero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & highBits }
}
