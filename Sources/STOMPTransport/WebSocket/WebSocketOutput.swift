import NIOCore

/// Makes WebSocket messages of what is written, and frames of messages.
struct WebSocketOutput {
    /// A message in its frames.
    struct Message: Equatable {
        var isText: Bool
        var bytes: ByteBuffer
        /// How many bytes it has on the wire, where it is compressed.
        var compressedSize: Int?
        var frames: [WebSocketFrame]
    }

    var kind: TransportMessageKind
    private let split: Int?
    private let fragment: Int?
    private let deflater: Deflater?

    init(_ options: TransportOptions, deflater: Deflater? = nil) {
        kind = options.sendsBinary ? .binary : .byContent
        split = options.split
        fragment = options.fragment
        self.deflater = deflater
    }

    /// One message, or several where it is to be split. There is always one.
    func messages(of bytes: ByteBuffer) -> [Message] {
        let isText =
            switch kind {
            case .byContent: bytes.isUTF8
            case .text: true
            case .binary: false
            }
        guard let split, bytes.readableBytes > split else { return [message(bytes, isText)] }
        var rest = bytes
        var messages: [Message] = []
        while rest.readableBytes > 0 {
            messages.append(message(rest.readPiece(of: split, isText: isText), isText))
        }
        return messages
    }

    private func message(_ bytes: ByteBuffer, _ isText: Bool) -> Message {
        // Of nothing zlib makes nothing, and a compressed message has at least one byte.
        let compressed = bytes.readableBytes > 0 ? deflater?.deflate(bytes) : nil
        var rest = compressed ?? bytes
        var frames: [WebSocketFrame] = []
        repeat {
            let isFirst = frames.isEmpty
            let length = min(rest.readableBytes, max(1, fragment ?? .max))
            let payload = rest.readSlice(length: length) ?? ByteBuffer()
            frames.append(
                WebSocketFrame(
                    opcode: isFirst ? isText ? .text : .binary : .continuation, isLast: rest.readableBytes == 0,
                    isCompressed: isFirst && compressed != nil, payload: payload))
        } while rest.readableBytes > 0
        return Message(
            isText: isText, bytes: bytes, compressedSize: compressed.map(\.readableBytes), frames: frames)
    }
}
