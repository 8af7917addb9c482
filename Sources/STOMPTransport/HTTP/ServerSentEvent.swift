import NIOCore

/// An event of a `text/event-stream` (WHATWG HTML, section 9.2).
public struct ServerSentEvent: Sendable, Hashable {
    /// The event type; `message` if the server gave none.
    public var event = "message"
    /// The data, with a line feed between its lines.
    public var data = ByteBuffer()
    /// The last event id received, with this event or before it; empty if there was none.
    public var id = ""

    /// Creates an empty event.
    public init() {}
}

/// Decodes the events of a `text/event-stream`, in pieces of any size.
public struct ServerSentEventDecoder: Sendable {
    /// The time to wait before reconnecting, in milliseconds; nil if the server has not set one.
    public private(set) var retry: Int?
    /// The value of `Last-Event-ID` to send when reconnecting; empty to send none.
    public private(set) var lastEventID = ""
    /// The number of ids ignored because a header cannot contain them: ids with NUL, as the standard requires, and
    /// ids with other control characters. The id before such an id remains the last one.
    public private(set) var ignoredIDs = 0

    private let limit: Int
    private var lines: LineDecoder
    private var isAtStart = true
    private var type = ""
    private var data: ByteBuffer?
    private var id = ""

    /// - Parameter limit: the maximum size in bytes of an event (its type, id and data together), and of a line.
    public init(limit: Int) {
        self.limit = limit
        // A data line also has the field name, a colon and a space.
        lines = LineDecoder(limit: limit + 6)
    }

    /// Adds received bytes.
    public mutating func append(_ bytes: ByteBuffer) { lines.append(bytes) }

    /// Returns the next complete event.
    ///
    /// - Throws: ``TransportError/Kind/limitExceeded``.
    public mutating func next() throws(TransportError) -> ServerSentEvent? {
        while var line = try lines.next() {
            if isAtStart {
                isAtStart = false
                // A byte order mark.
                if line.readableBytesView.starts(with: [0xEF, 0xBB, 0xBF]) { line.moveReaderIndex(forwardBy: 3) }
            }
            if line.readableBytes > 0 {
                try readField(of: line)
            } else if let event = dispatch() {
                return event
            }
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            type = ""
            data = nil
        }
        lastEventID = id
        guard let data else { return nil }
        var event = ServerSentEvent()
        if !type.isEmpty { event.event = type }
        event.data = data
        event.id = id
        return event
    }

    private mutating func readField(of line: ByteBuffer) throws(TransportError) {
        var value = line
        let view = line.readableBytesView
        let colon = view.firstIndex(of: UInt8(ascii: ":")) ?? view.endIndex
        let name = String(decoding: view[..<colon], as: UTF8.self)
        value.moveReaderIndex(to: min(colon + 1, view.endIndex))
        if value.readableBytesView.first == UInt8(ascii: " ") { value.moveReaderIndex(forwardBy: 1) }
        switch name {
        case "data":
            if data == nil {
                data = value
            } else {
                data?.writeInteger(UInt8(ascii: "\n"))
                data?.writeImmutableBuffer(value)
            }
        case "event":
            type = String(buffer: value)
        case "id":
            if value.readableBytesView.contains(where: \.isControl) {
                ignoredIDs &+= 1
            } else {
                id = String(buffer: value)
            }
        case "retry":
            let text = String(buffer: value)
            if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
                retry = Int(text) ?? retry
            }
        default:
            // Comments, which have an empty field name, and unknown fields.
            break
        }
        guard (data?.readableBytes ?? 0) + type.utf8.count + id.utf8.count <= limit else {
            throw TransportError.http(.eventTooLong(limit: limit))
        }
    }
}

/// Splits a stream of text into lines, in pieces of any size. A line ends with LF, CR LF, or CR.
struct LineDecoder {
    private let limit: Int
    private var buffer = ByteBuffer()
    /// The number of bytes already searched for the end of the line.
    private var searched = 0
    /// Whether the last line ended with a CR, so an LF that follows belongs to it.
    private var skipsLineFeed = false

    /// - Parameter limit: the maximum size of a line, in bytes.
    init(limit: Int) { self.limit = limit }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// Returns the next complete line, without its line ending.
    ///
    /// - Throws: ``TransportError/Kind/limitExceeded`` if a line is longer than the limit, complete or not.
    mutating func next() throws(TransportError) -> ByteBuffer? {
        if skipsLineFeed, let first = buffer.readableBytesView.first {
            if first == UInt8(ascii: "\n") { buffer.moveReaderIndex(forwardBy: 1) }
            skipsLineFeed = false
        }
        let unsearched = buffer.readableBytesView.dropFirst(searched)
        guard let end = unsearched.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) else {
            searched = buffer.readableBytes
            try check(searched)
            return nil
        }
        searched = 0
        try check(end - buffer.readerIndex)
        let line = buffer.readSlice(length: end - buffer.readerIndex)
        skipsLineFeed = buffer.readInteger(as: UInt8.self) == UInt8(ascii: "\r")
        return line
    }

    /// The bytes of an incomplete line; nil if there are none.
    var rest: ByteBuffer? { buffer.readableBytes > 0 ? buffer : nil }

    private func check(_ length: Int) throws(TransportError) {
        guard length > limit else { return }
        throw TransportError.http(.lineTooLong(limit: limit))
    }
}
