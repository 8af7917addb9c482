import NIOCore

extension ByteBuffer {
    /// Whether the readable octets are UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
    package var isUTF8: Bool {
        withUnsafeReadableBytes { octets in
            let start = octets.firstNonASCII
            guard start < octets.count else { return true }
            let rest = UnsafeRawBufferPointer(rebasing: octets[start...])
            return (try? UTF8Span(validating: rest.bindMemory(to: UInt8.self).span)) != nil
        }
    }

    /// Cuts off at most `limit` octets from the front, and never in the midst of a character where `isText` is true:
    /// rather a piece of text is larger than `limit` by the rest of its only character.
    mutating func readPiece(of limit: Int, isText: Bool) -> ByteBuffer {
        var length = min(max(1, limit), readableBytes)
        if isText {
            while length > 0, isInsideCharacter(at: length) { length -= 1 }
            if length == 0 {
                length = 1
                while isInsideCharacter(at: length) { length += 1 }
            }
        }
        return readSlice(length: length) ?? ByteBuffer()
    }

    private func isInsideCharacter(at offset: Int) -> Bool {
        getInteger(at: readerIndex + offset, as: UInt8.self).map { $0 & 0xC0 == 0x80 } ?? false
    }
}

extension UnsafeRawBufferPointer {
    /// The offset near which the first octet above 127 stands; everything before it is ASCII. The count where all is.
    fileprivate var firstNonASCII: Int {
        var offset = 0
        // Messages are ASCII for the most part: four words a step cost a fraction of what the full check does.
        while offset + 32 <= count {
            let words =
                loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                | loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
                | loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
                | loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
            if words & 0x8080_8080_8080_8080 != 0 { return offset }
            offset += 32
        }
        while offset < count, self[offset] < 0x80 { offset += 1 }
        return offset
    }
}
