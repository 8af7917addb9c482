import NIOCore

/// A frame that the server sends (SockJS 0.3.3, "Framing accepted by the client").
package enum SockJSFrame: Hashable, Sendable {
    /// `o`: the session is open.
    case open
    /// `h`: the connection is alive.
    case heartBeat
    /// `h` 2048 times: the start of a streaming response, so that browsers do not hold it back.
    case prelude
    /// `a["...","..."]`: messages.
    case messages(SockJSMessages)
    /// `c[3000,"Go away!"]`: the session is closed.
    case close(code: Int, reason: String)

    /// Reads a frame whose transport framing is already removed.
    ///
    /// - Throws: ``TransportError/Kind/protocolViolation``, with the start of the frame and the position of the
    ///   error.
    package init(_ bytes: ByteBuffer) throws(TransportError) {
        do throws(JSONFault) {
            self = try bytes.withUnsafeReadableBytes { bytes throws(JSONFault) in try Self(bytes: bytes) }
        } catch {
            let beginning = ByteBuffer(bytes: bytes.readableBytesView.prefix(SockJSFailure.shownBytes + 1))
            throw .sockJS(.invalidFrame(beginning, error))
        }
    }

    private init(bytes: UnsafeRawBufferPointer) throws(JSONFault) {
        let content = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        var reader = JSONReader(bytes, at: 1)
        switch bytes.first {
        case UInt8(ascii: "o") where content.isEmpty:
            self = .open
        case UInt8(ascii: "h") where content.isEmpty:
            self = .heartBeat
        case UInt8(ascii: "h") where content.allSatisfy { $0 == UInt8(ascii: "h") }:
            self = .prelude
        case UInt8(ascii: "a"):
            self = .messages(try SockJSMessages(&reader, of: bytes))
        case UInt8(ascii: "c"):
            try reader.expect("[")
            let code = try reader.integer()
            try reader.expect(",")
            let reason = try reader.text()
            try reader.expect("]")
            try reader.expectEnd()
            self = .close(code: code, reason: reason)
        default:
            throw JSONFault(.unknownFrame, at: 0)
        }
    }

    /// The content of the frame without the messages.
    package var envelope: SockJSEnvelope {
        switch self {
        case .open: .open
        case .heartBeat: .heartBeat
        case .prelude: .prelude
        case .messages(let messages): .messages(count: messages.texts.count, bytes: messages.bytes)
        case .close(let code, let reason): .close(code: code, reason: reason)
        }
    }
}

/// A frame from the server without its messages, which are reported separately.
public enum SockJSEnvelope: Sendable, Hashable {
    case open, heartBeat, prelude
    /// The number of messages, and the total bytes of their texts.
    case messages(count: Int, bytes: Int)
    case close(code: Int, reason: String)
}

/// Messages that are sent together, in either direction: a JSON array of strings.
package struct SockJSMessages: Hashable, Sendable {
    /// The messages in order, each in UTF-8.
    package var texts: [ByteBuffer]
    /// Whether all texts are valid UTF-8 without lone surrogates, which are replaced by U+FFFD.
    var isUTF8 = true

    /// The maximum number of messages in one array: each uses more memory than it has bytes on the wire.
    static let mostMessages = 1 << 16

    package init(_ texts: [ByteBuffer]) { self.texts = texts }

    /// Reads an array that fills all of `bytes`.
    init(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) {
        var reader = JSONReader(bytes)
        try self.init(&reader, of: bytes)
    }

    /// Reads what a client may send over a WebSocket: an array, or a single string.
    package init(messageOrArray bytes: UnsafeRawBufferPointer) throws(JSONFault) {
        guard bytes.first == UInt8(ascii: "\"") else {
            try self.init(bytes)
            return
        }
        var reader = JSONReader(bytes)
        var text = ByteBuffer()
        try reader.string(into: &text)
        try reader.expectEnd()
        self.init([text])
        isUTF8 = !reader.hadLoneSurrogate && text.isUTF8
    }

    fileprivate init(_ reader: inout JSONReader, of bytes: UnsafeRawBufferPointer) throws(JSONFault) {
        var storage = ByteBuffer()
        // A message is never longer than its JSON, so one allocation is enough for all messages.
        storage.reserveCapacity(bytes.count)
        var ends: [Int] = []
        try reader.array { (reader: inout JSONReader) throws(JSONFault) in
            try reader.string(into: &storage)
            guard ends.count < Self.mostMessages else {
                throw reader.fault(.tooManyMessages(limit: Self.mostMessages))
            }
            ends.append(storage.writerIndex)
        }
        try reader.expectEnd()
        isUTF8 = !reader.hadLoneSurrogate && storage.isUTF8
        texts = []
        texts.reserveCapacity(ends.count)
        for end in ends {
            guard let text = storage.readSlice(length: end - storage.readerIndex) else { break }
            texts.append(text)
        }
    }

    /// The total bytes of all texts.
    var bytes: Int { texts.reduce(0) { $0 + $1.readableBytes } }

    /// The event that reports these messages as an array from the client.
    package var event: WireEvent.Content { .sockJSMessages(count: texts.count, bytes: bytes) }
}

// MARK: - Sending

extension SockJSFrame {
    /// The frame that ends a session: `c[3000,"Go away!"]`.
    package static func closing(code: Int, reason: String) -> ByteBuffer {
        var frame = ByteBuffer(string: "c[\(code),")
        frame.writeJSONString(ByteBuffer(string: reason))
        frame.writeInteger(UInt8(ascii: "]"))
        return frame
    }

    /// The frame with which a server ends a session without a specific reason.
    static let goAway = closing(code: 3000, reason: "Go away!")
    /// The frame that a second receiver of a session gets.
    static let anotherConnection = closing(code: 2010, reason: "Another connection still open")
}

extension SockJSMessages {
    /// An array of messages: what a client sends.
    ///
    /// - Parameter strings: JSON strings.
    package static func array(of strings: some Collection<ByteBuffer>) -> ByteBuffer {
        array(of: strings, letter: nil)
    }

    /// The frame of an array of messages: what a server sends.
    ///
    /// - Parameter strings: JSON strings.
    package static func frame(of strings: some Collection<ByteBuffer>) -> ByteBuffer {
        array(of: strings, letter: UInt8(ascii: "a"))
    }

    private static func array(of strings: some Collection<ByteBuffer>, letter: UInt8?) -> ByteBuffer {
        var array = ByteBuffer()
        array.reserveCapacity(strings.reduce(3) { $0 + $1.readableBytes + 1 })
        if let letter { array.writeInteger(letter) }
        array.writeInteger(UInt8(ascii: "["))
        var isFirst = true
        for string in strings {
            if !isFirst { array.writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            array.writeImmutableBuffer(string)
        }
        array.writeInteger(UInt8(ascii: "]"))
        return array
    }

    /// `text`, which is UTF-8, as a JSON string.
    package static func quoted(_ text: ByteBuffer) -> ByteBuffer {
        var quoted = ByteBuffer()
        quoted.writeJSONString(text)
        return quoted
    }

    /// `text`, which is UTF-8, as one JSON string, or as several if an array of one would have more than `limit`
    /// bytes.
    static func quoted(_ text: ByteBuffer, limit: Int?) -> [ByteBuffer] {
        let quoted = quoted(text)
        guard let limit, quoted.readableBytes + 2 > limit else { return [quoted] }
        var rest = text
        // Splits in halves until they fit: the size of the escapes is not known in advance.
        let piece = rest.readPiece(of: min(limit, (text.readableBytes + 1) / 2), isText: true)
        guard rest.readableBytes > 0 else { return [quoted] }
        return self.quoted(piece, limit: limit) + self.quoted(rest, limit: limit)
    }
}

/// Extracts frames from the body of an HTTP response, which may arrive in pieces of any size.
package struct SockJSFrameDecoder {
    private enum Framing {
        /// xhr-streaming and xhr-polling: one frame per line.
        case lines
        /// eventsource: one frame per event.
        case events
    }

    private let framing: Framing
    private var lines: LineDecoder
    private var events: ServerSentEventDecoder

    private init(framing: Framing, limit: Int) {
        self.framing = framing
        lines = LineDecoder(limit: limit)
        events = ServerSentEventDecoder(limit: limit)
    }

    /// - Parameter limit: the maximum size of a frame in bytes.
    package static func lines(limit: Int) -> Self { Self(framing: .lines, limit: limit) }

    /// - Parameter limit: the maximum size of a frame in bytes.
    package static func events(limit: Int) -> Self { Self(framing: .events, limit: limit) }

    package mutating func append(_ bytes: ByteBuffer) {
        switch framing {
        case .lines: lines.append(bytes)
        case .events: events.append(bytes)
        }
    }

    /// The next complete frame; nil if more bytes are needed.
    ///
    /// - Throws: ``TransportError/Kind/limitExceeded``.
    package mutating func next() throws(TransportError) -> ByteBuffer? {
        switch framing {
        case .lines:
            while let line = try lines.next() {
                if line.readableBytes > 0 { return line }
            }
            return nil
        case .events:
            return try events.next().map { Self.unescaped($0.data) }
        }
    }

    /// The bytes left at the end of the response: a line without a line end. An incomplete event is ignored.
    package var rest: ByteBuffer? { framing == .lines ? lines.rest : nil }

    /// Undoes the percent-encoding of `%`, NUL, CR and LF that some servers apply to event streams, such as
    /// node-sockjs, and that browsers undo. If the data contains any other `%`, the server does not encode
    /// (Spring's does not), and the data is returned unchanged.
    private static func unescaped(_ data: ByteBuffer) -> ByteBuffer {
        let bytes = data.readableBytesView
        guard bytes.contains(UInt8(ascii: "%")) else { return data }
        let decoded = PercentEncoding.decode(bytes, malformed: .isRefused) { byte in
            switch byte {
            case UInt8(ascii: "%"), 0x0D, 0x0A, 0: true
            default: false
            }
        }
        return decoded.map { ByteBuffer(bytes: $0) } ?? data
    }
}
