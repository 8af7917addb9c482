import NIOCore

/// The headers of a ``Frame``, read off its bytes as they are asked for.
public struct FrameHeaders: Sendable, Sequence {
    let frame: Frame

    /// The first value of `name`: where a header repeats, the first one counts.
    public subscript(name: String) -> String? {
        withFirst(name) { value, escaping in escaping.unescape(value) }
    }

    /// Whether the first header of that name has this value; cheaper than making a `String` of it.
    public func has(_ name: String, _ value: String) -> Bool {
        withFirst(name) { bytes, escaping in escaping.matches(bytes, value) } ?? false
    }

    public func contains(_ name: String) -> Bool {
        withFirst(name) { _, _ in true } ?? false
    }

    /// A copy that outlives the frame.
    public var list: HeaderList { HeaderList(self) }

    public func makeIterator() -> Iterator { Iterator(frame: frame) }

    public struct Iterator: IteratorProtocol {
        let frame: Frame
        var position: Int

        init(frame: Frame) {
            self.frame = frame
            position = frame.headerBlock.lowerBound
        }

        public mutating func next() -> Header? {
            let start = position
            let found = frame.bytes.withUnsafeReadableBytes { bytes -> (Header, next: Int)? in
                guard let line = frame.headerLine(at: start, in: bytes) else { return nil }
                let name = frame.escaping.unescape(bytes.slice(line.name))
                return (Header(name, frame.escaping.unescape(bytes.slice(line.value))), line.next)
            }
            guard let (header, next) = found else { return nil }
            position = next
            return header
        }
    }

    func withFirst<Result>(_ name: String, _ body: (UnsafeRawBufferPointer, HeaderEscaping) -> Result)
        -> Result?
    {
        frame.bytes.withUnsafeReadableBytes { bytes in
            var position = frame.headerBlock.lowerBound
            while let line = frame.headerLine(at: position, in: bytes) {
                if frame.escaping.matches(bytes.slice(line.name), name) {
                    return body(bytes.slice(line.value), frame.escaping)
                }
                position = line.next
            }
            return nil
        }
    }
}

extension Frame {
    /// The header line that starts at `start`, or nil at the end of the header block. The decoder and the encoder
    /// have made sure that each line has its colon and its end.
    @inline(__always)
    func headerLine(
        at start: Int, in bytes: UnsafeRawBufferPointer
    ) -> (name: Range<Int>, value: Range<Int>, next: Int)? {
        guard start < headerBlock.upperBound,
            let lineFeed = bytes.firstIndex(of: .lineFeed, in: start..<headerBlock.upperBound),
            let colon = bytes.firstIndex(of: .colon, in: start..<lineFeed)
        else { return nil }
        let strips = stripsCarriageReturn && bytes[lineFeed - 1] == .carriageReturn
        return (start..<colon, (colon + 1)..<(strips ? lineFeed - 1 : lineFeed), lineFeed + 1)
    }
}
