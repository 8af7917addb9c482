import NIOCore

/// The messages that a server has for a client, until a frame takes them.
struct SockJSOutbox {
    /// The most octets of a frame, unless a single message is larger.
    static let largestFrame = 32 << 10

    private struct Message {
        /// A JSON string.
        let text: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    private var messages = MarkedCircularBuffer<Message>(initialCapacity: 16)
    /// The octets of all of them.
    private(set) var octets = 0

    var isEmpty: Bool { messages.isEmpty }

    /// Takes a message, which is a JSON string.
    mutating func append(_ text: ByteBuffer, promise: EventLoopPromise<Void>?) {
        messages.append(Message(text: text, promise: promise))
        octets += text.readableBytes
    }

    /// What is here may go.
    mutating func flush() { messages.mark() }

    /// The next frame of messages that may go, and who wants to hear that it went.
    mutating func next() -> (frame: ByteBuffer, promises: [EventLoopPromise<Void>])? {
        guard messages.hasMark else { return nil }
        var frame = ByteBuffer(string: "a[")
        var promises: [EventLoopPromise<Void>] = []
        var isFirst = true
        while messages.hasMark, let next = messages.first,
            isFirst || frame.readableBytes + next.text.readableBytes < Self.largestFrame
        {
            _ = messages.removeFirst()
            octets -= next.text.readableBytes
            if !isFirst { frame.writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            frame.writeImmutableBuffer(next.text)
            if let promise = next.promise { promises.append(promise) }
        }
        frame.writeInteger(UInt8(ascii: "]"))
        return (frame, promises)
    }

    /// Nothing of it goes any more.
    mutating func fail(_ error: any Error) {
        while !messages.isEmpty { messages.removeFirst().promise?.fail(error) }
        octets = 0
    }
}

extension SockJSFrame {
    /// What ends a session: `c[3000,"Go away!"]`.
    static func closing(code: Int, reason: String) -> ByteBuffer {
        var frame = ByteBuffer(string: "c[\(code),")
        frame.writeSockJSString(ByteBuffer(string: reason))
        frame.writeInteger(UInt8(ascii: "]"))
        return frame
    }

    /// What a server ends a session with that has no reason to tell.
    static let goAway = closing(code: 3000, reason: "Go away!")
    /// What a second receiver of a session is told.
    static let anotherConnection = closing(code: 2010, reason: "Another connection still open")
}
