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

    /// Whether what stands behind the first `start` readable octets is UTF-8 too, as far as it goes: the last character
    /// may be incomplete, but for where the text is whole. Moves `start` behind the last character that is complete.
    func isUTF8(from start: inout Int, isWhole: Bool) -> Bool {
        guard var rest = getSlice(at: readerIndex + start, length: readableBytes - start) else { return true }
        guard !isWhole else { return rest.isUTF8 }
        let complete = rest.readSlice(length: rest.readableBytes - rest.incompleteCharacterLength) ?? ByteBuffer()
        start += complete.readableBytes
        return complete.isUTF8 && (rest.readableBytes == 0 || rest.mayBecomeUTF8)
    }

    /// How many octets at the end are the beginning of a character that needs more.
    private var incompleteCharacterLength: Int {
        for length in 1...3 {
            guard let octet = getInteger(at: writerIndex - length, as: UInt8.self) else { break }
            // The octet that a character begins with tells how many it has.
            if octet & 0xC0 != 0x80 { return (~octet).leadingZeroBitCount > length ? length : 0 }
        }
        return 0
    }

    /// Whether the beginning of a character can be completed: of the second octet too some values are no character's.
    private var mayBecomeUTF8: Bool {
        let missing = 4 - readableBytes
        return [0x80, 0xBF].contains { (octet: UInt8) in
            (0...missing).contains { count in
                var completed = self
                completed.writeRepeatingByte(octet, count: count)
                return completed.isUTF8
            }
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
