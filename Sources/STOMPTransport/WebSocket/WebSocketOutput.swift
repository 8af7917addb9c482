import NIOCore

/// Converts written bytes to WebSocket messages, and messages to frames.
struct WebSocketOutput {
    /// A message and its frames.
    struct Message: Equatable {
        var isText: Bool
        var bytes: ByteBuffer
        /// The size on the wire in bytes, if compressed.
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

    /// `bytes` as one message, or as several if they must be split. There is always at least one.
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
        // zlib compresses zero bytes to zero bytes, but a compressed message has at least one byte.
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

/// Records WebSocket frames, and the messages that they form, in the trace.
///
/// The payload of data frames is recorded only with their message: a frame may contain half a secret, or a
/// compressed one.
struct WebSocketTrace {
    private let trace: WireTrace
    private var messages: ByteTrace

    init(_ trace: WireTrace) {
        self.trace = trace
        messages = ByteTrace(trace, .ws)
    }

    /// - Parameter key: the masking key, if the frame is masked and the key is known.
    func record(_ direction: WireEvent.Direction, _ frame: WebSocketFrame, key: UInt32? = nil) {
        let detail: WireEvent.Detail = frame.opcode.isControl ? .layers : .bytes
        trace.record(detail) {
            let head = WebSocketFrameHead(
                frame.opcode, isLast: frame.isLast, isCompressed: frame.isCompressed, maskKey: key,
                size: frame.payload.readableBytes,
                close: frame.opcode == .close ? try? WebSocketClose(reading: frame.payload) : nil)
            return WireEvent(
                .ws, direction, detail, .webSocketFrame(head), bytes: frame.opcode.isControl ? frame.payload : nil)
        }
    }

    mutating func record(
        _ direction: WireEvent.Direction, isText: Bool, _ bytes: ByteBuffer, compressedSize: Int?
    ) {
        messages.record(direction, bytes, .message(isText: isText, compressedSize: compressedSize))
    }
}
