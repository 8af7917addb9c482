import NIOCore
import STOMPCore
import STOMPTransport

/// Something that came, left or happened on a connection that `raw` has opened.
struct RawEvent: Sendable {
    enum Content: Sendable {
        /// The connection stands.
        case opened(TransportDescription)
        /// A STOMP frame that is one.
        case frame(Frame)
        /// An end of line between frames.
        case heartBeat
        /// Octets that are no STOMP frame, or only part of one.
        case octets(ByteBuffer)
        /// A WebSocket or SockJS message.
        case message(TransportMessageKind, ByteBuffer)
        case ping(ByteBuffer)
        case pong(ByteBuffer)
        /// A server-sent event.
        case event(ServerSentEvent)
        /// How long the server wants to be left alone when the stream has ended, in milliseconds.
        case retry(Int)
        /// The other side, or both, have ended the connection.
        case closed(TransportClosure)
    }

    var time = Timestamp.now()
    var direction: WireEvent.Direction
    var layer: WireEvent.Layer
    var content: Content

    init(_ direction: WireEvent.Direction, _ layer: WireEvent.Layer, _ content: Content) {
        self.direction = direction
        self.layer = layer
        self.content = content
    }

    /// What it is about, as it stands on the wire.
    var octets: ByteBuffer? {
        switch content {
        case .opened, .closed, .retry: nil
        case .frame(let frame): frame.bytes
        case .heartBeat: ByteBuffer(string: "\n")
        case .octets(let octets), .message(_, let octets), .ping(let octets), .pong(let octets): octets
        case .event(let event): event.data
        }
    }

    /// What an event takes beside its octets, in octets.
    private static let overhead = 512

    /// What it takes while it waits to be printed, in octets.
    var cost: Int {
        var names = 0
        if case .event(let event) = content { names = event.event.utf8.count + event.id.utf8.count }
        return Self.overhead + names + (octets?.readableBytes ?? 0)
    }

    /// Whether it is one of those that `-n` counts: a frame, a message, a server-sent event, octets that are no frame.
    var counts: Bool {
        guard direction == .incoming else { return false }
        return switch content {
        case .frame, .octets, .message, .event: true
        case .opened, .heartBeat, .ping, .pong, .retry, .closed: false
        }
    }
}

extension TransportDescription {
    /// The layer that carries what is written.
    var layer: WireEvent.Layer {
        switch kind {
        case .tcp: .tcp
        case .webSocket: .ws
        case .sockJS: .sockjs
        case .eventStream: .http
        }
    }
}
