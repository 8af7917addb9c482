import NIOCore

/// An event of a `text/event-stream` (WHATWG HTML, section 9.2).
public struct ServerSentEvent: Sendable, Hashable {
    /// Its type; `message` where the server gave none.
    public var event = "message"
    public var data = ByteBuffer()
    /// The last event id that was given, with this event or before it; empty where there was none.
    public var id = ""

    public init() {}
}

/// Takes events out of a `text/event-stream`, in whatever pieces it comes.
public struct ServerSentEventDecoder: Sendable {
    /// How long to wait before connecting anew, in milliseconds, where the server has said so.
    public private(set) var retry: Int?
    /// What to send as `Last-Event-ID` when connecting anew; empty for nothing.
    public private(set) var lastEventID = ""
    /// How many ids were ignored, as a header cannot have them: those with NUL, as the standard has it, and those with other
    /// control characters. The id before such a one stays the last.
    public private(set) var ignoredIDs = 0

    private let limit: Int
    private var lines: LineDecoder
    private var isAtStart = true
    private var type = ""
    private var data: ByteBuffer?
    private var id = ""

    /// - Parameter limit: the most bytes of an event, which are its type, id and data, and of a line.
    public init(limit: Int) {
        self.limit = limit
        // A line of data has the field's name and a blank as well.
        lines = LineDecoder(limit: limit + 6)
    }

    public mutating func append(_ bytes: ByteBuffer) { lines.append(bytes) }

    /// The next event that is whole.
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
            // Comments, whose name is empty, and what nobody knows.
            break
        }
        guard (data?.readableBytes ?? 0) + type.utf8.count + id.utf8.count <= limit else {
            throw TransportError.http(.eventTooLong(limit: limit))
        }
    }
}

/// Takes lines out of a stream of text, in whatever pieces it comes. A line ends with LF, CR LF, or CR.
struct LineDecoder {
    private let limit: Int
    private var buffer = ByteBuffer()
    /// How much of the buffer has been searched in vain for the end of the line.
    private var searched = 0
    /// The last line was ended by a CR, and the LF behind it is still to come, if there is one.
    private var skipsLineFeed = false

    /// - Parameter limit: the most bytes of a line.
    init(limit: Int) { self.limit = limit }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next line that is whole, without its end.
    ///
    /// - Throws: ``TransportError/Kind/limitExceeded`` where a line is longer than the limit, whole or not.
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

    /// What has come of a line whose end has not.
    var rest: ByteBuffer? { buffer.readableBytes > 0 ? buffer : nil }

    private func check(_ length: Int) throws(TransportError) {
        guard length > limit else { return }
        throw TransportError.http(.lineTooLong(limit: limit))
    }
}
