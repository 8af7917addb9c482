import NIOCore

/// Makes messages of data frames (RFC 6455, section 5.4). A message in one frame is handed on without a copy.
struct WebSocketMessageAssembler {
    struct Message: Equatable {
        var isText: Bool
        var octets: ByteBuffer
        /// False for a text message that is no UTF-8; true for a binary one.
        var isValid = true
    }

    private let limit: Int
    private let acceptsInvalidUTF8: Bool
    /// The message whose last fragment is still to come.
    private var partial: Message?

    /// - Parameters:
    ///   - limit: the largest message, in octets.
    ///   - acceptsInvalidUTF8: whether text that is no UTF-8 is a message all the same.
    init(limit: Int, acceptsInvalidUTF8: Bool) {
        self.limit = limit
        self.acceptsInvalidUTF8 = acceptsInvalidUTF8
    }

    /// The frame of a message that is text or binary: its only one, or its first.
    mutating func start(isText: Bool, isLast: Bool, _ payload: ByteBuffer) throws(WebSocketViolation) -> Message? {
        guard partial == nil else { throw WebSocketViolation("a new message in the midst of a fragmented one") }
        guard payload.readableBytes <= limit else { throw .tooLarge(limit) }
        if isLast { return try checked(Message(isText: isText, octets: payload)) }
        // A slice would keep the whole of the read that brought it.
        var octets = ByteBuffer()
        octets.writeImmutableBuffer(payload)
        partial = Message(isText: isText, octets: octets)
        return nil
    }

    /// A continuation frame.
    mutating func goOn(isLast: Bool, _ payload: ByteBuffer) throws(WebSocketViolation) -> Message? {
        guard var message = partial.take() else { throw WebSocketViolation("a continuation of no message") }
        guard message.octets.readableBytes + payload.readableBytes <= limit else { throw .tooLarge(limit) }
        message.octets.writeImmutableBuffer(payload)
        if isLast { return try checked(message) }
        partial = message
        return nil
    }

    private func checked(_ message: Message) throws(WebSocketViolation) -> Message {
        guard message.isText, !message.octets.isUTF8 else { return message }
        guard acceptsInvalidUTF8 else {
            throw WebSocketViolation("a text message that is no UTF-8", closeCode: WebSocketClose.invalidPayload)
        }
        var message = message
        message.isValid = false
        return message
    }
}
