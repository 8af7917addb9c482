import NIOCore

/// Assembles messages from data frames (RFC 6455, section 5.4). An uncompressed message in one frame is passed on
/// without a copy.
struct WebSocketMessageAssembler {
    struct Message: Equatable {
        var isText: Bool
        var bytes: ByteBuffer
        /// False for a text message that is not UTF-8; always true for a binary message.
        var isValid = true
        /// The size on the wire in bytes, if compressed.
        var compressedSize: Int?
    }

    /// The maximum size of a message, in bytes.
    var limit: Int
    private let acceptsInvalidUTF8: Bool
    private let inflater: Inflater?
    /// The message whose last fragment has not been received yet.
    private var partial: Message?
    /// The number of its bytes that are known to be UTF-8.
    private var checkedSize = 0

    /// - Parameters:
    ///   - limit: the maximum size of a message, in bytes.
    ///   - acceptsInvalidUTF8: whether text that is not UTF-8 is accepted.
    ///   - inflater: for compressed messages.
    init(limit: Int, acceptsInvalidUTF8: Bool, inflater: Inflater? = nil) {
        self.limit = limit
        self.acceptsInvalidUTF8 = acceptsInvalidUTF8
        self.inflater = inflater
    }

    /// Appends a data frame; returns the message that it completes, if any.
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
            // Copied: a slice would keep the entire read buffer alive.
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
