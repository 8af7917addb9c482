import NIOCore

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
