import NIOCore

/// One header of a frame.
public struct Header: Sendable, Hashable {
    /// The name, unescaped; names are case-sensitive.
    public var name: String
    /// The value, unescaped.
    public var value: String

    /// Creates a header.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Headers in their order, including repeated ones. If a name is repeated, the first one counts (STOMP 1.2,
/// "Repeated Header Entries").
public struct HeaderList: Sendable, Hashable {
    private var headers: [Header]

    /// Creates a list of headers. Default empty.
    public init(_ headers: some Sequence<Header> = []) {
        self.headers = Array(headers)
    }

    /// The first value of `name`. Setting it replaces the first header of that name in its place, or appends one;
    /// setting nil removes all headers of that name.
    public subscript(name: String) -> String? {
        get { headers.first { $0.name == name }?.value }
        set {
            guard let newValue else { return headers.removeAll { $0.name == name } }
            if let index = headers.firstIndex(where: { $0.name == name }) {
                headers[index].value = newValue
            } else {
                append(name, newValue)
            }
        }
    }

    /// Adds a header at the end, even if one of that name already exists.
    public mutating func append(_ name: String, _ value: String) {
        headers.append(Header(name, value))
    }

    /// Adds headers at the end.
    public mutating func append(contentsOf other: some Sequence<Header>) {
        headers.append(contentsOf: other)
    }

    /// Whether there is a header of that name.
    public func contains(_ name: String) -> Bool {
        headers.contains { $0.name == name }
    }
}

extension HeaderList: RandomAccessCollection {
    /// The position of the first header: 0.
    public var startIndex: Int { headers.startIndex }
    /// The position after the last header.
    public var endIndex: Int { headers.endIndex }
    /// The header at a position.
    public subscript(position: Int) -> Header { headers[position] }
}

extension HeaderList: ExpressibleByDictionaryLiteral {
    /// Creates a list in the order of the literal, which may repeat a name.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Header($0, $1) })
    }
}

/// The headers of a ``Frame``, decoded from its bytes on access.
public struct FrameHeaders: Sendable, Sequence {
    let frame: Frame

    /// The first value of `name`. If a header is repeated, the first one counts.
    public subscript(name: String) -> String? {
        withFirst(name) { value, escaping in escaping.unescape(value) }
    }

    /// Whether the first header of that name has this value; faster than creating a `String`.
    public func has(_ name: String, _ value: String) -> Bool {
        withFirst(name) { bytes, escaping in escaping.matches(bytes, value) } ?? false
    }

    /// Whether there is a header of that name.
    public func contains(_ name: String) -> Bool {
        withFirst(name) { _, _ in true } ?? false
    }

    /// A copy that does not keep the frame's buffer alive.
    public var list: HeaderList { HeaderList(self) }

    /// Starts to read the headers.
    public func makeIterator() -> Iterator { Iterator(frame: frame) }

    /// Reads the headers one by one.
    public struct Iterator: IteratorProtocol {
        let frame: Frame
        var position: Int

        init(frame: Frame) {
            self.frame = frame
            position = frame.headerBlock.lowerBound
        }

        /// The next header; nil after the last one.
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
    /// guarantee that each line has a colon and a line end.
    @inline(__always)
    func headerLine(
        at start: Int, in bytes: UnsafeRawBufferPointer
    ) -> (name: Range<Int>, value: Range<Int>, next: Int)? {
        guard start < headerBlock.upperBound,
            let lineFeed = bytes.firstIndex(of: .lineFeed, in: start..<headerBlock.upperBound),
            let colon = bytes.firstIndex(of: .colon, in: start..<lineFeed)
        else { return nil }
        let strips = stripsCarriageReturn && bytes[lineFeed - 1] == .carriageReturn
        var value = (colon + 1)..<(strips ? lineFeed - 1 : lineFeed)
        if escaping == .v10 { value = bytes.withoutLeadingBlanks(value) }
        return (start..<colon, value, lineFeed + 1)
    }
}
