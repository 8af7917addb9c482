import NIOConcurrencyHelpers
import NIOCore
import STOMPTransport

/// Records the events of a trace, one per line.
final class Trace: Sendable {
    private let events = NIOLockedValueBox<[WireEvent]>([])
    private let detail: WireEvent.Detail

    init(_ detail: WireEvent.Detail) { self.detail = detail }

    var wire: WireTrace {
        WireTrace(detail: detail) { [events] event in events.withLockedValue { $0.append(event) } }
    }

    /// The contents of all events, in order.
    var contents: [WireEvent.Content] { events.withLockedValue { $0 }.map(\.content) }

    /// The errors of layers that failed.
    var failures: [TransportError] {
        contents.compactMap { if case .failed(let error) = $0 { error } else { nil } }
    }

    /// Layer, direction, summary, and the bytes as text if there are any.
    var lines: [String] {
        events.withLockedValue { $0 }.map {
            "\($0.layer) \($0.direction) \($0.words)"
                + ($0.bytes.map { $0.readableBytes == 0 ? "" : " " + String(buffer: $0) } ?? "")
        }
    }
}

extension WireEvent {
    /// The event as text; an HTTP head as its first line.
    var words: String {
        switch content {
        case .webSocketFrame(let head): return head.words
        case .requestHead(let method, let target, let version, _): return "\(method) \(target) \(version)"
        case .responseHead(let version, let status, let reason):
            return "\(version) \(status)" + (reason.map { " \($0)" } ?? "")
        default: return plainWords(of: content)
        }
    }
}

extension WebSocketFrameHead {
    fileprivate var words: String {
        let parts: [String?] = [
            "frame \(opcode)", isLast ? "FIN" : nil, isCompressed ? "RSV1" : nil, maskKey == nil ? nil : "masked",
            close?.code.map { "\($0)" }, opcode.isControl ? nil : "size \(size)",
        ]
        return parts.compactMap { $0 }.joined(separator: " ")
    }
}
