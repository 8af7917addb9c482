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

/// Tells the trace of WebSocket frames, and of the messages that they make.
///
/// The payload of data frames is told with their message only: a frame may hold half a secret, or a compressed one.
struct WebSocketTrace {
    private let trace: WireTrace
    private var messages: ByteTrace

    init(_ trace: WireTrace) {
        self.trace = trace
        messages = ByteTrace(trace, .ws)
    }

    /// - Parameter key: what the frame is masked by, where it is and that is known.
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
