import NIOCore
import STOMPCore
import STOMPTransport

/// Something that was seen between an app and its server.
public struct TapEvent: Sendable {
    /// What was seen: what passed, and what the tap itself has to report.
    public enum Content: Sendable {
        /// A STOMP frame. One that a fault dropped is reported as well, followed by the ``fault(_:)``.
        case frame(Frame)
        /// Anything else that passed, as a trace has it: a message without STOMP, bytes over TCP that are not STOMP, the
        /// end-of-line between frames; and, only if ``TapConfiguration/tellsLayers`` asks for it, what passes below the
        /// messages: the head of an HTTP request, a ping, an envelope of SockJS.
        indirect case wire(WireEvent.Layer, WireEvent.Content, ByteBuffer? = nil)
        /// A connection was opened, or a SockJS session.
        case opened(TapOpening)
        /// The tap itself answered a request, as it is for another host or comes from a foreign page.
        case refused(AdmissionRefusal)
        /// A fault that was asked for strikes.
        case fault(TapFault)
        /// Something that a reader of all this should know, such as why nothing more is shown of a connection.
        case note(TapNote)
        /// The connection, or the session, is over: who ended it, and how.
        case ended(TapEnding)

        /// The end-of-line between frames.
        static var heartBeat: Self { .wire(.stomp, .observedHeartBeat) }

        /// Whether it is a frame, or a message or bytes without STOMP.
        public var isTraffic: Bool {
            switch self {
            case .frame, .wire(_, .message, _), .wire(_, .bytes, _): true
            case .wire, .opened, .refused, .fault, .note, .ended: false
            }
        }

        /// The bytes that it is about.
        public var bytes: ByteBuffer? {
            switch self {
            case .frame(let frame): frame.bytes
            case .wire(_, _, let bytes): bytes
            case .opened, .refused, .fault, .note, .ended: nil
            }
        }
    }

    /// The connections and SockJS sessions of a tap are counted from 1.
    public var connection: Int
    /// The app's address and port.
    public var app: String
    /// Which way it went, as the app sees it: outgoing is to the server.
    public var direction: WireEvent.Direction
    public var content: Content

    /// An event on a connection, which by default went neither way.
    public init(connection: Int, app: String, direction: WireEvent.Direction = .local, _ content: Content) {
        self.connection = connection
        self.app = app
        self.direction = direction
        self.content = content
    }

    /// The same, without the buffer that its bytes came in.
    public var detached: TapEvent {
        var event = self
        switch content {
        case .frame(let frame): event.content = .frame(frame.detached())
        case .wire(let layer, let content, let bytes?):
            event.content = .wire(layer, content, ByteBuffer(bytes: bytes.readableBytesView))
        case .wire, .opened, .refused, .fault, .note, .ended: break
        }
        return event
    }
}
