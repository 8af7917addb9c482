import NIOCore

// UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.

extension UnsafeRawBufferPointer {
    /// Whether all bytes are valid UTF-8.
    package var isUTF8: Bool {
        let start = firstNonASCII
        guard start < count else { return true }
        let rest = UnsafeRawBufferPointer(rebasing: self[start...])
        return (try? UTF8Span(validating: rest.bindMemory(to: UInt8.self).span)) != nil
    }

    /// The offset of the first byte above 127; the count of bytes if there is none.
    private var firstNonASCII: Int {
        var offset = 0
        // Most messages are ASCII: checking four words at a time is much faster than the full check.
        while offset + 32 <= count {
            let words =
                loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                | loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
                | loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
                | loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
            if words & 0x8080_8080_8080_8080 != 0 { break }
            offset += 32
        }
        while offset < count, self[offset] < 0x80 { offset += 1 }
        return offset
    }

    /// The scalar whose encoding starts at `index`, and its length in bytes; nil if the bytes are not valid.
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

    @inline(__always)
    private func scalar(
        at index: Int, first: UInt8, second: ClosedRange<UInt8>, length: Int
    ) -> (value: UInt32, length: Int)? {
        guard index + length <= count, second.contains(self[index + 1]) else { return nil }
        var value = UInt32(first) << 6 | UInt32(self[index + 1] & 0x3F)
        for offset in 2..<4 where offset < length {
            let byte = self[index + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return (value, length)
    }
}

extension ByteBuffer {
    /// Whether the readable bytes are UTF-8.
    package var isUTF8: Bool { withUnsafeReadableBytes { $0.isUTF8 } }

    /// Whether the readable bytes after the first `start` are UTF-8 so far: the last character may be incomplete,
    /// unless `isWhole` is true. Moves `start` to the end of the last complete character.
    func isUTF8(from start: inout Int, isWhole: Bool) -> Bool {
        guard var rest = getSlice(at: readerIndex + start, length: readableBytes - start) else { return true }
        guard !isWhole else { return rest.isUTF8 }
        let complete = rest.readSlice(length: rest.readableBytes - rest.incompleteCharacterLength) ?? ByteBuffer()
        start += complete.readableBytes
        return complete.isUTF8 && (rest.readableBytes == 0 || rest.mayBecomeUTF8)
    }

    /// The number of bytes at the end that are the start of an incomplete character.
    private var incompleteCharacterLength: Int {
        for length in 1...3 {
            guard let byte = getInteger(at: writerIndex - length, as: UInt8.self) else { break }
            // The first byte of a character determines its length.
            if byte & 0xC0 != 0x80 { return (~byte).leadingZeroBitCount > length ? length : 0 }
        }
        return 0
    }

    /// Whether the start of a character can be completed: some values of the second byte are invalid too.
    private var mayBecomeUTF8: Bool {
        let missing = 4 - readableBytes
        return [0x80, 0xBF].contains { (byte: UInt8) in
            (0...missing).contains { count in
                var completed = self
                completed.writeRepeatingByte(byte, count: count)
                return completed.isUTF8
            }
        }
    }

    /// Removes at most `limit` bytes from the front, never ending inside a character if `isText` is true. A piece
    /// of text is larger than `limit` only if its first character is.
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
