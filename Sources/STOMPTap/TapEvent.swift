import NIOCore
import STOMPCore
import STOMPTransport

/// Something that was seen between an app and its server.
public struct TapEvent: Sendable {
    /// What was seen: what passed, and what the tap itself has to report.
    public enum Content: Sendable {
        /// A STOMP frame. One that a fault dropped is reported as well, followed by the ``fault(_:)``.
        case frame(Frame)
        /// A STOMP frame whose end has not come, or came too late, as it is so far; a ``TapNote/unfinishedFrame`` follows.
        /// It passed as that message, or as bytes over TCP.
        indirect case unfinished(UnfinishedFrame, WireEvent.Layer, WireEvent.Content, ByteBuffer)
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
        indirect case note(TapNote)
        /// The connection, or the session, is over: who ended it, and how.
        indirect case ended(TapEnding)

        /// The end-of-line between frames.
        static var heartBeat: Self { .wire(.stomp, .observedHeartBeat) }

        /// Whether it is a frame, or a message or bytes without STOMP.
        public var isTraffic: Bool {
            switch self {
            case .frame, .unfinished, .wire(_, .message, _), .wire(_, .bytes, _): true
            case .wire, .opened, .refused, .fault, .note, .ended: false
            }
        }

        /// The bytes that it is about.
        public var bytes: ByteBuffer? {
            switch self {
            case .frame(let frame): frame.bytes
            case .unfinished(_, _, _, let bytes): bytes
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
        case .unfinished(let frame, let layer, let content, let bytes):
            event.content = .unfinished(frame, layer, content, ByteBuffer(bytes: bytes.readableBytesView))
        case .wire(let layer, let content, let bytes?):
            event.content = .wire(layer, content, ByteBuffer(bytes: bytes.readableBytesView))
        case .wire, .opened, .refused, .fault, .note, .ended: break
        }
        return event
    }
}

/// One of the two that a tap stands between.
public enum TapSide: Sendable, Hashable {
    case app, server
}

/// What has begun.
public enum TapOpening: Sendable, Hashable {
    case tcp
    case webSocket(path: String)
    /// A SockJS session, by the last part of its first request's path, such as `xhr_streaming`, and by what comes before
    /// that.
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
    /// A fault that was asked for.
    case closedByTap
    case tapEnded
    case noConnectionToServer
    /// The server answered a request of a SockJS session otherwise than with 200.
    case answered(status: Int, reason: String)
    /// A SockJS session had no request for so long.
    case noRequest(within: TimeAmount)
    case over
}

/// A fault that was asked for, and strikes.
public enum TapFault: Sendable, Hashable {
    case connectionRefused
    /// Everything is held for so long, and passes at so many bytes a second, each way.
    case slowed(delay: TimeAmount, jitter: TimeAmount, rate: Int?)
    /// The connection is closed with this code; without one it breaks off.
    case closed(code: Int?)
    case frozen
    case droppedFrame(Command, destination: String?, bodySize: Int)
    case droppedHeartBeat
}

/// Something that a reader of what passes should know, such as why nothing more is shown of a connection.
public enum TapNote: Sendable, Hashable {
    case cannotConnect(TransportError)
    /// ``TapConfiguration/connectionHeaders`` has thrown; the cause is in the words of who made that.
    case noHeaders(cause: String)
    /// What a side sends is shown as it is from here on.
    case notSTOMP(STOMPProtocolError)
    /// The rest of a message is shown as it is. The next message may be a frame.
    case invalidFrame(STOMPProtocolError, FrameFault?)
    /// Nothing more of a frame has come for a while, or none can come.
    case unfinishedFrame(UnfinishedFrame, destination: String?, FrameFault?)
    /// A fault would have dropped a frame, but the beginning had passed when its rest came.
    case tooLateToDrop
    case invalidSockJSFrame(TransportError)
    case invalidSockJSMessages(JSONFault)
    /// The request of a SockJS session is larger than the limit of ``TapConfiguration/transport``, and is not taken
    /// apart.
    case requestTooLarge
    case unsolicitedAnswer
    /// A request that a STOMP session needs was refused.
    case requestFailed(FailedRequest)
    /// A browser will not keep a cookie, as its Domain is not that of the host that the browser has asked.
    case cookieOfOtherDomain(name: String, domain: String, host: String)
    /// The upgrade is to another protocol than WebSocket.
    case otherUpgrade(path: String)
    case notTakenApart(TransportError)
    case noLongerTakenApart(TransportError)
    case notHTTP(from: TapSide)
    case headTooLarge(from: TapSide)
    /// The app has begun to send a head of HTTP, and its end did not come in time: the connection is closed.
    case unfinishedHead(within: TimeAmount)
    /// More requests are refused, and no longer told one by one.
    case moreRefusals
}

/// A request that a STOMP session needs, and that the server has refused: that for a WebSocket, for the `/info` of SockJS,
/// or to send over SockJS.
public struct FailedRequest: Sendable, Hashable {
    public var path: String
    /// The `Origin` that the server got; nil if none.
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
