import NIOCore

/// The messages that a server has for a client, until a frame takes them.
struct SockJSOutbox {
    /// The most bytes of a frame, unless a single message is larger.
    static let largestFrame = 32 << 10

    private struct Message {
        /// A JSON string.
        let text: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    private var messages = MarkedCircularBuffer<Message>(initialCapacity: 16)
    /// The bytes of all of them.
    private(set) var bytes = 0

    var isEmpty: Bool { messages.isEmpty }

    /// Takes a message, which is a JSON string.
    mutating func append(_ text: ByteBuffer, promise: EventLoopPromise<Void>?) {
        messages.append(Message(text: text, promise: promise))
        bytes += text.readableBytes
    }

    /// What is here may go.
    mutating func flush() { messages.mark() }

    /// The next frame of messages that may go, and who wants to hear that it went.
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

    /// Nothing of it goes any more.
    mutating func fail(_ error: any Error) {
        while !messages.isEmpty { messages.removeFirst().promise?.fail(error) }
        bytes = 0
    }
}
