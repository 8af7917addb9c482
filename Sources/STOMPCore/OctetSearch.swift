import SystemC

extension UnsafeRawBufferPointer {
    /// Where `octet` first stands in `range`, by the C library's vectorised search: the decoder lives on it.
    @inline(__always)
    func firstIndex(of octet: UInt8, in range: Range<Int>) -> Int? {
        guard let base = baseAddress, !range.isEmpty else { return nil }
        guard let found = memchr(base + range.lowerBound, Int32(octet), range.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The octets of `range` as a buffer of their own.
    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// Whether these are the octets of `text`.
    @inline(__always)
    func equals(_ text: String) -> Bool {
        guard text.utf8.count == count else { return false }
        var text = text
        return text.withUTF8 { other in
            guard count > 0, let mine = baseAddress, let others = other.baseAddress else { return true }
            return memcmp(mine, others, count) == 0
        }
    }
}
