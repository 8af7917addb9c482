import NIOCore
import STOMPCore
import STOMPTap
import STOMPTransport

/// An event that `raw` or `tap` prints: a STOMP frame, or any other event of a trace.
package struct TrafficEvent: Sendable {
    package enum Content: Sendable {
        case frame(Frame)
        /// A frame whose end never came, with the message or bytes that it was relayed as.
        case unfinished(UnfinishedFrame, WireEvent.Content, ByteBuffer)
        case wire(WireEvent.Content, ByteBuffer? = nil)
    }

    package var time: Timestamp
    /// The connection, if the event is a tap's.
    package var label: ConnectionLabel?
    package var direction: WireEvent.Direction
    package var layer: WireEvent.Layer
    package var content: Content

    package init(
        _ direction: WireEvent.Direction, _ layer: WireEvent.Layer, _ content: Content, at time: Timestamp = .now(),
        of label: ConnectionLabel? = nil
    ) {
        self.time = time
        self.label = label
        self.direction = direction
        self.layer = layer
        self.content = content
    }

    /// Converts a tap's event; nil if it is not shown with the traffic.
    init?(_ event: TapEvent, at time: Timestamp) {
        switch event.content {
        case .frame(let frame):
            self.init(event.direction, .stomp, .frame(frame), at: time, of: event.label)
        case .unfinished(let frame, let layer, let content, let bytes):
            self.init(event.direction, layer, .unfinished(frame, content, bytes), at: time, of: event.label)
        case .wire(let layer, let content, let bytes) where event.content.isTraffic:
            self.init(event.direction, layer, .wire(content, bytes), at: time, of: event.label)
        case .wire, .opened, .refused, .fault, .note, .ended: return nil
        }
    }

    /// The bytes of the event, as they were on the wire.
    package var bytes: ByteBuffer? {
        switch content {
        case .frame(let frame): frame.bytes
        case .unfinished(_, _, let bytes): bytes
        case .wire(.serverSentEvent(let event), _): event.data
        case .wire(_, let bytes): bytes
        }
    }

    /// Whether it is a frame, a message, a server-sent event, or bytes that are not a frame.
    package var isMessage: Bool {
        switch content {
        case .frame, .unfinished, .wire(.message, _), .wire(.bytes, _), .wire(.serverSentEvent, _): true
        case .wire: false
        }
    }

    /// The memory that an event needs in addition to its bytes, in bytes.
    private static let overhead = 512

    /// The memory that the event needs while it waits to be printed, in bytes.
    package var cost: Int {
        var names = 0
        if case .wire(.serverSentEvent(let event), _) = content { names = event.event.utf8.count + event.id.utf8.count }
        return Self.overhead + names + (bytes?.readableBytes ?? 0)
    }
}

extension TransportDescription {
    /// The layer that carries the event.
    package var layer: WireEvent.Layer {
        switch kind {
        case .tcp: .tcp
        case .webSocket: .ws
        case .sockJS: .sockjs
        case .eventStream: .http
        }
    }
}
