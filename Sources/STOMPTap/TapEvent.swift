import NIOCore
import STOMPCore
import STOMPTransport

/// An event that a tap saw between an app and its server.
public struct TapEvent: Sendable {
    /// What was seen: traffic, and reports from the tap itself.
    public enum Content: Sendable {
        /// A STOMP frame. A frame that a fault dropped is reported too, followed by the ``fault(_:)``.
        case frame(Frame)
        /// A STOMP frame whose end is missing or came too late, as received so far; a ``TapNote/unfinishedFrame``
        /// follows. It passed as this message, or as bytes over TCP.
        indirect case unfinished(UnfinishedFrame, WireEvent.Layer, WireEvent.Content, ByteBuffer)
        /// Any other traffic, as in a trace: a message that is not STOMP, bytes over TCP that are not STOMP, or
        /// the end-of-line between frames; and, only if ``TapConfiguration/reportsLayers`` is true, traffic below
        /// the messages: the head of an HTTP request, a ping, a SockJS envelope.
        indirect case wire(WireEvent.Layer, WireEvent.Content, ByteBuffer? = nil)
        /// A connection or a SockJS session was opened.
        case opened(TapOpening)
        /// The tap itself answered a request, because it is for another host or comes from a foreign page.
        case refused(AdmissionRefusal)
        /// An injected fault takes effect.
        case fault(TapFault)
        /// Something that the reader should know, such as why nothing more is shown of a connection.
        indirect case note(TapNote)
        /// The connection or the session has ended: by which side, and how.
        indirect case ended(TapEnding)

        /// The end-of-line between frames.
        static var heartBeat: Self { .wire(.stomp, .observedHeartBeat) }

        /// Whether it is a frame, or a message or bytes that are not STOMP.
        public var isTraffic: Bool {
            switch self {
            case .frame, .unfinished, .wire(_, .message, _), .wire(_, .bytes, _): true
            case .wire, .opened, .refused, .fault, .note, .ended: false
            }
        }

        /// The bytes of the event, if any.
        public var bytes: ByteBuffer? {
            switch self {
            case .frame(let frame): frame.bytes
            case .unfinished(_, _, _, let bytes): bytes
            case .wire(_, _, let bytes): bytes
            case .opened, .refused, .fault, .note, .ended: nil
            }
        }
    }

    /// The number of the connection or SockJS session, counted from 1.
    public var connection: Int
    /// The app's address and port.
    public var app: String
    /// The direction, as the app sees it: outgoing is to the server.
    public var direction: WireEvent.Direction
    public var content: Content

    /// An event on a connection, by default without a direction.
    public init(connection: Int, app: String, direction: WireEvent.Direction = .local, _ content: Content) {
        self.connection = connection
        self.app = app
        self.direction = direction
        self.content = content
    }

    /// A copy that does not keep the read buffer of its bytes alive.
    public var detached: TapEvent {
        var event = self
        switch content {
        case .frame(let frame): event.content = .frame(frame.detached())
        case .unfinished(let frame, let layer, let content, let bytes):
            event.content = .unfinished(frame, layer, content, ByteBuffer(bytes: bytes.readableBytesView))
        case .wire(let layer, let content, let bytes?):
            event.content = .wire(layer, content, ByteBuffer(bytes: bytes.readableBytesView))
        case .wire, .opened, .refused, .fault, .note, .ended: break
        }
        return event
    }
}

/// One of the two sides of a tap.
public enum TapSide: Sendable, Hashable {
    case app, server
}

/// What was opened.
public enum TapOpening: Sendable, Hashable {
    case tcp
    case webSocket(path: String)
    /// A SockJS session, by the last component of its first request's path, such as `xhr_streaming`, and by the
    /// path before it.
    case sockJS(transport: String, session: String)
}

/// How a connection or a session has ended.
public enum TapEnding: Sendable, Hashable {
    case webSocketClosed(by: TapSide, WebSocketClose)
    case sockJSClosed(code: Int, reason: String)
    case connectionClosed(by: TapSide)
    case connectionReset(by: TapSide)
    /// The connection to that side broke.
    case connectionBroken(by: TapSide, TransportError)
    /// An injected fault.
    case closedByTap
    case tapEnded
    case noConnectionToServer
    /// The server answered a request of a SockJS session with a status other than 200.
    case answered(status: Int, reason: String)
    /// A SockJS session had no request for this time.
    case noRequest(within: TimeAmount)
    case over
}

/// An injected fault that takes effect.
public enum TapFault: Sendable, Hashable {
    case connectionRefused
    /// All traffic is delayed by this time and limited to this rate in bytes per second, in each direction.
    case slowed(delay: TimeAmount, jitter: TimeAmount, rate: Int?)
    /// The connection is closed with this code, or without a close frame if it is nil.
    case closed(code: Int?)
    case frozen
    case droppedFrame(Command, destination: String?, bodySize: Int)
    case droppedHeartBeat
}

/// A note for the reader of the traffic, such as why nothing more is shown of a connection.
public enum TapNote: Sendable, Hashable {
    case cannotConnect(TransportError)
    /// ``TapConfiguration/connectionHeaders`` has thrown; `cause` is the description of that error.
    case noHeaders(cause: String)
    /// From here on, the bytes from this side are shown without decoding.
    case notSTOMP(STOMPProtocolError)
    /// The rest of a message is shown without decoding. The next message may be a frame.
    case invalidFrame(STOMPProtocolError, FrameFault?)
    /// No more of a frame has been received for a while, or its rest can no longer be received.
    case unfinishedFrame(UnfinishedFrame, destination: String?, FrameFault?)
    /// A fault would have dropped a frame, but its start had already passed when its rest arrived.
    case tooLateToDrop
    case invalidSockJSFrame(TransportError)
    case invalidSockJSMessages(JSONFault)
    /// The request of a SockJS session is larger than the limit of ``TapConfiguration/transport``, and is not
    /// decoded.
    case requestTooLarge
    case unsolicitedAnswer
    /// A request that a STOMP session needs was refused.
    case requestFailed(FailedRequest)
    /// A browser will not keep a cookie, because its `Domain` is not that of the host that the browser has
    /// contacted.
    case cookieOfOtherDomain(name: String, domain: String, host: String)
    /// The upgrade is to a protocol other than WebSocket.
    case otherUpgrade(path: String)
    case notTakenApart(TransportError)
    case noLongerTakenApart(TransportError)
    case notHTTP(from: TapSide)
    case headTooLarge(from: TapSide)
    /// The app has started to send an HTTP head, and did not complete it in time: the connection is closed.
    case unfinishedHead(within: TimeAmount)
    /// More requests are refused, and no longer reported one by one.
    case moreRefusals
}

/// A request that a STOMP session needs and that the server has refused: one for a WebSocket, for the `/info` of
/// SockJS, or to send over SockJS.
public struct FailedRequest: Sendable, Hashable {
    public var path: String
    /// The `Origin` that the server received; nil if there was none.
    public var origin: String?
    public var status: Int
    public var reason: String
    /// The first bytes of the answer's body, at most 200.
    public var body: ByteBuffer

    public init(path: String, origin: String?, status: Int, reason: String, body: ByteBuffer = ByteBuffer()) {
        self.path = path
        self.origin = origin
        self.status = status
        self.reason = reason
        self.body = body
    }
}
