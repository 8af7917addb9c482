import NIOCore

/// Tells the trace of WebSocket frames, and of the messages that they make.
///
/// The payload of data frames is told with their message only: a frame may hold half a secret, or a compressed one.
struct WebSocketTrace {
    private let trace: WireTrace
    private var messages: OctetTrace

    init(_ trace: WireTrace) {
        self.trace = trace
        messages = OctetTrace(trace, .ws)
    }

    /// - Parameter key: what the frame is masked by, where it is and that is known.
    func record(_ direction: WireEvent.Direction, _ frame: WebSocketFrame, key: UInt32? = nil) {
        let detail: WireEvent.Detail = frame.opcode.isControl ? .layers : .octets
        trace.record(detail) {
            var summary = frame.traceSummary
            if let key { summary += " mask " + Self.hexadecimal(key) }
            guard frame.opcode.isControl else {
                return WireEvent(.ws, direction, detail, "\(summary)  \(frame.payload.readableBytes) B")
            }
            if frame.opcode == .close, let close = try? WebSocketClose(reading: frame.payload) {
                summary += close.summary.dropFirst("close".count)
            }
            return WireEvent(.ws, direction, detail, summary, octets: frame.payload)
        }
    }

    mutating func record(
        _ direction: WireEvent.Direction, isText: Bool, _ octets: ByteBuffer, compressedSize: Int?
    ) {
        let compressed = compressedSize.map { ", compressed to \($0) B" } ?? ""
        messages.record(direction, octets, "\(isText ? "text" : "binary") message\(compressed)")
    }

    private static func hexadecimal(_ key: UInt32) -> String {
        let digits = String(key, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension WebSocketFrame {
    /// Opcode and bits, such as `frame text FIN`.
    fileprivate var traceSummary: String {
        "frame \(opcode)" + (isLast ? " FIN" : "") + (isCompressed ? " RSV1" : "")
    }
}
