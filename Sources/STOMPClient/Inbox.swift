import NIOCore

/// Messages between the socket and their reader, on the connection's event loop.
struct Inbox {
    /// What a message takes beside its frame, in bytes.
    private static let overhead = 256

    private(set) var messages: [Message] = []
    /// What the messages take, in bytes.
    private(set) var bytes = 0
    private var reader: CheckedContinuation<[Message]?, any Error>?
    /// Set once nothing more will come: nil is a clean end.
    private var end: Result<Void, STOMPClientError>?

    /// What a message takes, in bytes.
    static func cost(_ message: Message) -> Int { message.frame.bytes.readableBytes + overhead }

    mutating func append(_ message: Message) {
        messages.append(message)
        bytes += Self.cost(message)
    }

    /// Hands what is there to the reader that waits. Returns the bytes that left.
    mutating func deliver() -> Int {
        guard let reader, !messages.isEmpty else { return 0 }
        self.reader = nil
        let (batch, bytes) = drain()
        reader.resume(returning: batch)
        return bytes
    }

    /// What is there now, and whether the reader has to wait: messages, or the end, or nothing yet.
    mutating func next() throws(STOMPClientError) -> (batch: [Message]?, bytes: Int)? {
        if !messages.isEmpty { return drain() }
        guard let end else { return nil }
        try end.get()
        return (nil, 0)
    }

    /// Keeps a reader until there is something. A second one at the same time gets the end at once: one reader each.
    mutating func wait(_ reader: CheckedContinuation<[Message]?, any Error>) {
        guard self.reader == nil else { return reader.resume(returning: nil) }
        self.reader = reader
    }

    /// Lets the waiting reader go, with the end of the sequence.
    mutating func cancelReader() {
        reader?.resume(returning: nil)
        reader = nil
    }

    mutating func finish(_ result: Result<Void, STOMPClientError>) {
        guard end == nil else { return }
        end = result
        guard messages.isEmpty, let reader else { return }
        self.reader = nil
        switch result {
        case .success: reader.resume(returning: nil)
        case .failure(let error): reader.resume(throwing: error)
        }
    }

    private mutating func drain() -> ([Message], bytes: Int) {
        defer {
            messages = []
            bytes = 0
        }
        return (messages, bytes)
    }
}
