import NIOCore

/// Makes messages of data frames (RFC 6455, section 5.4). A message in one frame that is not compressed is handed on
/// without a copy.
struct WebSocketMessageAssembler {
    struct Message: Equatable {
        var isText: Bool
        var bytes: ByteBuffer
        /// False for a text message that is no UTF-8; true for a binary one.
        var isValid = true
        /// How many bytes it had on the wire, where it was compressed.
        var compressedSize: Int?
    }

    /// The largest message that is taken, in bytes.
    var limit: Int
    private let acceptsInvalidUTF8: Bool
    private let inflater: Inflater?
    /// The message whose last fragment is still to come.
    private var partial: Message?
    /// How many bytes of it are known to be UTF-8.
    private var checkedSize = 0

    /// - Parameters:
    ///   - limit: the largest message, in bytes.
    ///   - acceptsInvalidUTF8: whether text that is no UTF-8 is a message all the same.
    ///   - inflater: for compressed messages.
    init(limit: Int, acceptsInvalidUTF8: Bool, inflater: Inflater? = nil) {
        self.limit = limit
        self.acceptsInvalidUTF8 = acceptsInvalidUTF8
        self.inflater = inflater
    }

    /// Takes a data frame; gives the message that ends with it.
    mutating func append(_ frame: WebSocketFrame) throws(WebSocketViolation) -> Message? {
        if frame.opcode == .continuation {
            guard var message = partial.take() else { throw WebSocketViolation.continuationOfNothing }
            return try goOn(&message, frame)
        }
        guard partial == nil else { throw WebSocketViolation.messageInsideMessage }
        var message = Message(isText: frame.opcode == .text, bytes: ByteBuffer())
        guard frame.isLast, !frame.isCompressed else {
            if frame.isCompressed { message.compressedSize = 0 }
            checkedSize = 0
            return try goOn(&message, frame)
        }
        guard frame.payload.readableBytes <= limit else { throw .tooLarge(limit: limit) }
        message.bytes = frame.payload
        if message.isText, !message.bytes.isUTF8 { try report(invalid: &message) }
        return message
    }

    private mutating func goOn(
        _ message: inout Message, _ frame: WebSocketFrame
    ) throws(WebSocketViolation) -> Message? {
        if let size = message.compressedSize, let inflater {
            message.compressedSize = size + frame.payload.readableBytes
            try inflater.inflate(frame.payload, onto: &message.bytes, limit: limit)
            if frame.isLast { try inflater.finish(&message.bytes, limit: limit) }
        } else {
            guard message.bytes.readableBytes + frame.payload.readableBytes <= limit else {
                throw .tooLarge(limit: limit)
            }
            // A copy: a slice would keep the whole of the read that brought it.
            message.bytes.writeImmutableBuffer(frame.payload)
        }
        if message.isText, message.isValid, !message.bytes.isUTF8(from: &checkedSize, isWhole: frame.isLast) {
            try report(invalid: &message)
        }
        if frame.isLast { return message }
        partial = message
        return nil
    }

    private func report(invalid message: inout Message) throws(WebSocketViolation) {
        guard acceptsInvalidUTF8 else { throw .textNotUTF8 }
        message.isValid = false
    }
}
