import NIOCore

/// What the server sends (SockJS 0.3.3, "Framing accepted by the client").
package enum SockJSFrame: Hashable, Sendable {
    /// `o`: the session is open.
    case open
    /// `h`: the connection is alive.
    case heartBeat
    /// The beginning of a streaming response, that browsers be not left waiting: 2048 times `h`.
    case prelude
    /// `a["...","..."]`: messages.
    case messages(SockJSMessages)
    /// `c[3000,"Go away!"]`: the session is closed.
    case close(code: Int, reason: String)

    /// Reads a frame, freed of what its transport puts around it.
    ///
    /// - Throws: ``TransportError/Kind/protocolViolation``, with the beginning of what came and where its fault is.
    package init(_ octets: ByteBuffer) throws(TransportError) {
        do throws(JSONFault) {
            self = try octets.withUnsafeReadableBytes { octets throws(JSONFault) in try Self(octets: octets) }
        } catch {
            let beginning = ByteBuffer(bytes: octets.readableBytesView.prefix(SockJSFailure.shownBytes + 1))
            throw .sockJS(.invalidFrame(beginning, error))
        }
    }

    private init(octets: UnsafeRawBufferPointer) throws(JSONFault) {
        let content = UnsafeRawBufferPointer(rebasing: octets.dropFirst())
        var scanner = JSONScanner(octets, at: 1)
        switch octets.first {
        case UInt8(ascii: "o") where content.isEmpty:
            self = .open
        case UInt8(ascii: "h") where content.isEmpty:
            self = .heartBeat
        case UInt8(ascii: "h") where content.allSatisfy { $0 == UInt8(ascii: "h") }:
            self = .prelude
        case UInt8(ascii: "a"):
            self = .messages(try SockJSMessages(&scanner, of: octets))
        case UInt8(ascii: "c"):
            try scanner.expect("[")
            let code = try scanner.integer()
            try scanner.expect(",")
            let reason = try scanner.text()
            try scanner.expect("]")
            try scanner.expectEnd()
            self = .close(code: code, reason: reason)
        default:
            throw JSONFault(.unknownFrame, at: 0)
        }
    }

    /// What it says, without the messages.
    package var envelope: SockJSEnvelope {
        switch self {
        case .open: .open
        case .heartBeat: .heartBeat
        case .prelude: .prelude
        case .messages(let messages): .messages(count: messages.texts.count, bytes: messages.octets)
        case .close(let code, let reason): .close(code: code, reason: reason)
        }
    }
}

/// A frame of the server's without the messages in it: those are told by themselves.
public enum SockJSEnvelope: Sendable, Hashable {
    case open, heartBeat, prelude
    /// How many messages, and how many bytes all of their texts have.
    case messages(count: Int, bytes: Int)
    case close(code: Int, reason: String)
}

/// Messages that travelled together, in either direction: a JSON array of strings.
package struct SockJSMessages: Hashable, Sendable {
    /// Each in UTF-8, in their order.
    package var texts: [ByteBuffer]
    /// Whether all of them really are UTF-8 and had no lone surrogates, which came as U+FFFD.
    var isUTF8 = true

    /// The most messages of one array: each takes more memory than it takes on the wire.
    static let mostMessages = 1 << 16

    package init(_ texts: [ByteBuffer]) { self.texts = texts }

    /// Reads the array that is all of `octets`.
    init(_ octets: UnsafeRawBufferPointer) throws(JSONFault) {
        var scanner = JSONScanner(octets)
        try self.init(&scanner, of: octets)
    }

    /// Reads what a client may send over a WebSocket: an array, or a single string.
    package init(messageOrArray octets: UnsafeRawBufferPointer) throws(JSONFault) {
        guard octets.first == UInt8(ascii: "\"") else {
            try self.init(octets)
            return
        }
        var scanner = JSONScanner(octets)
        var text = ByteBuffer()
        try scanner.string(into: &text)
        try scanner.expectEnd()
        self.init([text])
        isUTF8 = !scanner.hadLoneSurrogate && text.isUTF8
    }

    fileprivate init(_ scanner: inout JSONScanner, of octets: UnsafeRawBufferPointer) throws(JSONFault) {
        var storage = ByteBuffer()
        // A message is never longer than the JSON that it stands in: one allocation for all of them.
        storage.reserveCapacity(octets.count)
        var ends: [Int] = []
        try scanner.array { (scanner: inout JSONScanner) throws(JSONFault) in
            try scanner.string(into: &storage)
            guard ends.count < Self.mostMessages else {
                throw scanner.fault(.tooManyMessages(limit: Self.mostMessages))
            }
            ends.append(storage.writerIndex)
        }
        try scanner.expectEnd()
        isUTF8 = !scanner.hadLoneSurrogate && storage.isUTF8
        texts = []
        texts.reserveCapacity(ends.count)
        for end in ends {
            guard let text = storage.readSlice(length: end - storage.readerIndex) else { break }
            texts.append(text)
        }
    }

    /// All octets of all of them.
    var octets: Int { texts.reduce(0) { $0 + $1.readableBytes } }

    /// That they came, as an array of the client's.
    package var event: WireEvent.Content { .sockJSMessages(count: texts.count, bytes: octets) }
}
