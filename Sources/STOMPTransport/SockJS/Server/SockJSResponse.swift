import NIOCore

/// A response that carries the frames of a session. It may live on a different event loop from its session.
struct SockJSResponse: Sendable {
    let transport: SockJSTransport
    /// Identifies the response.
    let id: ObjectIdentifier
    let remoteAddress: String
    private let exchange: NIOLoopBound<HTTPServerExchange>
    private let eventLoop: any EventLoop

    /// - Parameter exchange: an exchange whose head is sent; call this on its event loop.
    init(_ exchange: HTTPServerExchange, transport: SockJSTransport) {
        self.transport = transport
        id = ObjectIdentifier(exchange)
        remoteAddress = addressText(exchange.channel.remoteAddress)
        self.exchange = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
        eventLoop = exchange.eventLoop
    }

    /// The frame as the transport sends it: a line, or a server-sent event.
    func wrapped(_ frame: ByteBuffer) -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity(frame.readableBytes + 16)
        guard transport == .eventSource else {
            result.writeImmutableBuffer(frame)
            result.writeInteger(UInt8(ascii: "\n"))
            return result
        }
        result.writeString("data: ")
        // SockJS's own client always percent-decodes here, even if the server did not encode.
        result.writePercentSignsEncoded(frame)
        result.writeString("\r\n\r\n")
        return result
    }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        perform { $0.write(bytes, promise: promise) }
    }

    func end() { perform { $0.end() } }
    func abort() { perform { $0.abort() } }

    private func perform(_ body: @escaping @Sendable (HTTPServerExchange) -> Void) {
        if eventLoop.inEventLoop { body(exchange.value) } else { eventLoop.execute { body(exchange.value) } }
    }
}

/// The queue of messages from a server to a client that are not in a frame yet.
struct SockJSOutbox {
    /// The maximum size of a frame in bytes, unless a single message is larger.
    static let largestFrame = 32 << 10

    private struct Message {
        /// A JSON string.
        let text: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    private var messages = MarkedCircularBuffer<Message>(initialCapacity: 16)
    /// The total size of the queued messages in bytes.
    private(set) var bytes = 0

    var isEmpty: Bool { messages.isEmpty }

    /// Appends a message, which is a JSON string.
    mutating func append(_ text: ByteBuffer, promise: EventLoopPromise<Void>?) {
        messages.append(Message(text: text, promise: promise))
        bytes += text.readableBytes
    }

    /// Allows all queued messages to be sent.
    mutating func flush() { messages.mark() }

    /// The next frame of flushed messages, and the promises to complete when it is sent.
    mutating func next() -> (frame: ByteBuffer, promises: [EventLoopPromise<Void>])? {
        guard messages.hasMark else { return nil }
        var strings: [ByteBuffer] = []
        var promises: [EventLoopPromise<Void>] = []
        // The brackets, and the letter before them.
        var size = 3
        while messages.hasMark, let next = messages.first,
            strings.isEmpty || size + next.text.readableBytes < Self.largestFrame
        {
            _ = messages.removeFirst()
            bytes -= next.text.readableBytes
            size += next.text.readableBytes + 1
            strings.append(next.text)
            if let promise = next.promise { promises.append(promise) }
        }
        return (SockJSMessages.frame(of: strings), promises)
    }

    /// Discards all messages and fails their promises.
    mutating func fail(_ error: any Error) {
        while !messages.isEmpty { messages.removeFirst().promise?.fail(error) }
        bytes = 0
    }
}
