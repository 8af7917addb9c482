import NIOCore
import Synchronization

/// An event on the wire, at one layer.
public struct WireEvent: Sendable {
    /// The protocol that an event belongs to.
    public enum Layer: String, Sendable, Hashable {
        case tcp, tls, proxy, http, ws, sockjs, stomp
    }

    /// The direction as this program sees it; for traffic between two other sides, as the client sees it.
    public enum Direction: Sendable, Hashable {
        case incoming, outgoing
        /// Neither sent nor received: a change of state.
        case local
    }

    /// The verbosity needed to show the event: `-v`, `-vv`, `-vvv`.
    public enum Detail: Int, Sendable, Comparable {
        /// STOMP frames.
        case frames = 1
        /// Handshakes, control frames, envelopes, heart-beats, TLS.
        case layers = 2
        /// Every byte.
        case bytes = 3

        /// Whether a detail is shown at a lower verbosity than another.
        public static func < (left: Detail, right: Detail) -> Bool { left.rawValue < right.rawValue }
    }

    /// The protocol that it belongs to.
    public var layer: Layer
    /// Whether it was sent or received.
    public var direction: Direction
    /// The verbosity needed to show it.
    public var detail: Detail
    /// What happened.
    public var content: Content
    /// The bytes of the event: a complete STOMP frame, an HTTP head as text, or a payload.
    public var bytes: ByteBuffer?
    /// The number of the connection within the process, in the order of the attempts, starting with 1; 0 is none.
    public var connection = 0
    /// The ranges of secrets in ``bytes``, if finding them depends on earlier bytes of the same direction; nil if
    /// ``bytes`` can be searched on its own.
    package var secrets: [Range<Int>]?
    /// Whether ``bytes`` may be an arbitrary piece of a message, so that a secret in it may be cut too.
    public var isPiece = false

    /// Creates an event.
    public init(
        _ layer: Layer, _ direction: Direction, _ detail: Detail, _ content: Content, bytes: ByteBuffer? = nil
    ) {
        self.layer = layer
        self.direction = direction
        self.detail = detail
        self.content = content
        self.bytes = bytes
    }
}

extension WireEvent {
    /// The content of an event.
    public enum Content: Sendable, Hashable {
        // TCP. Values are addresses with ports.
        case connecting(to: String)
        case connected(to: String)
        case closed
        // TLS.
        /// The handshake is complete; the connection is encrypted from now on.
        indirect case handshakeDone(TLSSummary)
        case closeNotify
        /// The session keys are written to the file named by `SSLKEYLOGFILE`.
        case keysLogged(to: String)
        case cannotLogKeys(to: String)
        // Any layer.
        /// The layer failed with this error.
        indirect case failed(TransportError)
        /// The bytes of one read or one write.
        case bytes
        /// A stream is open.
        case opened(TransportDescription)
        /// The peer closed the stream in the way its layer defines, such as a WebSocket close frame.
        case ended(TransportClosure)

        // HTTP, and CONNECT at a proxy: the first lines of heads as received.
        case requestHead(method: String, target: String, version: String, wantsWebSocket: Bool)
        /// `reason` is nil if no space follows the status.
        case responseHead(version: String, status: Int, reason: String?)
        /// Bytes received instead of a head.
        case unreadableHead(firstLine: String)
        /// A response to no request arrived; the connection is closed.
        case unsolicitedAnswer

        // Proxies.
        case connectingThroughProxy(String, to: String)
        case socks(SOCKSStep)

        // Server-sent events over HTTP.
        case serverSentEvent(ServerSentEvent)
        /// The time the server asks to wait before reconnecting, in milliseconds.
        case retry(Int)

        // HTTP, as seen by a proxy between the two sides.
        case request(method: String, target: String)
        case answer(status: Int, reason: String)
        /// A request offered features that the proxy cannot provide (HTTP/2, extensions, codings), and they were
        /// removed.
        case offerWithheld(of: [String])

        // WebSocket.
        /// Compression was agreed on, with this response of the server (RFC 7692).
        case compressionAgreed(String)
        /// The server did not accept the offer to compress messages.
        case compressionDeclined
        /// A frame as it is on the wire.
        case webSocketFrame(WebSocketFrameHead)
        /// A complete message, including one of SockJS; the size is its compressed size on the wire, if it is
        /// compressed.
        case message(isText: Bool, compressedSize: Int? = nil)
        /// The content of a control frame.
        case ping, pong
        case close(WebSocketClose)

        // SockJS.
        /// A session is open at this URL.
        case sockJSOpened(SockJSTransport, at: String)
        /// A transport failed, and another one is tried.
        indirect case fellBack(from: SockJSTransport, because: TransportError, to: SockJSTransport)
        /// The server has no SockJS, and a plain WebSocket is tried.
        indirect case fellBackToWebSocket(because: TransportError)
        /// A SockJS frame from the server.
        case sockJSFrame(SockJSEnvelope)
        /// A SockJS server frame that this program sent.
        case sockJSFrameSent
        /// An array of messages from the client; the size is the total of all texts.
        case sockJSMessages(count: Int, bytes: Int)
        /// A client message that this program put into an array.
        case sockJSMessageSent

        // The protocol above, STOMP.
        /// A complete frame with this command.
        case frame(command: String)
        /// Bytes that were sent unchanged, without a check.
        case unchecked
        /// A heart-beat; the value is the negotiated interval, nil if there is none.
        case heartBeat(agreed: Duration?)
        /// A heart-beat whose negotiated interval is not known to the observer.
        case observedHeartBeat

        /// A SOCKS 5 message (RFC 1928), or the result of the handshake.
        public enum SOCKSStep: Sendable, Hashable {
            case greeting
            /// The proxy selected a method, or accepted the credentials.
            case answer
            case credentials
            /// The target in the request.
            case connect(to: String)
            case request
            case reply
            case succeeded
        }
    }
}

/// Collects the events of all layers. If nothing is wanted, an event costs one comparison.
public struct WireTrace: Sendable {
    /// The maximum detail wanted. All copies of a trace share it, and it may change while connections are open.
    /// Connections that were opened without ``WireEvent/Detail/bytes`` never report bytes.
    private final class Level: Sendable {
        let wanted: Atomic<Int>

        init(_ detail: WireEvent.Detail?) {
            wanted = Atomic(detail?.rawValue ?? 0)
        }
    }

    private let level: Level
    private let observer: @Sendable (WireEvent) -> Void
    private let numbers: Numbers
    /// The connection that the events belong to; 0 is no particular one.
    private var connection = 0
    /// Whether messages are split into pieces before the layers below receive them.
    private var hasPieces = false

    private final class Numbers: Sendable {
        let last = Atomic(0)
    }

    /// A trace that reports nothing.
    public static var off: WireTrace { WireTrace(detail: nil) { _ in } }

    /// - Parameters:
    ///   - detail: the maximum detail wanted; nil means no events.
    ///   - observer: called on the event loop of the connection, in the order of the wire. It must not block.
    public init(detail: WireEvent.Detail?, observer: @escaping @Sendable (WireEvent) -> Void) {
        level = Level(detail)
        self.observer = observer
        numbers = Numbers()
    }

    /// The maximum detail wanted; nil means no events.
    public var detail: WireEvent.Detail? { WireEvent.Detail(rawValue: level.wanted.load(ordering: .relaxed)) }

    /// Sets the maximum detail from now on; nil means no events.
    public func show(_ detail: WireEvent.Detail?) {
        level.wanted.store(detail?.rawValue ?? 0, ordering: .relaxed)
    }

    /// Whether an event of this detail would be passed to the observer.
    public func wants(_ detail: WireEvent.Detail) -> Bool {
        detail.rawValue <= level.wanted.load(ordering: .relaxed)
    }

    /// Calls the observer if this detail is wanted; otherwise the event is not even created.
    public func record(_ detail: WireEvent.Detail, _ event: () -> WireEvent) {
        guard wants(detail) else { return }
        var event = event()
        if connection > 0 { event.connection = connection }
        if hasPieces, event.detail == .bytes, event.direction == .outgoing { event.isPiece = true }
        observer(event)
    }

    /// Returns a trace with the next connection number, or this trace if it already has a number.
    public func numbered() -> WireTrace {
        guard connection == 0 else { return self }
        var trace = self
        trace.connection = numbers.last.wrappingAdd(1, ordering: .relaxed).newValue
        return trace
    }

    /// Returns the trace for the layers below one that splits messages into pieces.
    func ofPieces() -> WireTrace {
        var trace = self
        trace.hasPieces = true
        return trace
    }
}

/// Traces the bytes of one stream together with the secrets in them, because a secret may begin in earlier bytes.
struct ByteTrace {
    private let trace: WireTrace
    private let layer: WireEvent.Layer
    private var incoming = SecretScanner()
    private var outgoing = SecretScanner()

    init(_ trace: WireTrace, _ layer: WireEvent.Layer) {
        self.trace = trace
        self.layer = layer
    }

    mutating func record(
        _ direction: WireEvent.Direction, _ bytes: ByteBuffer, _ content: @autoclosure () -> WireEvent.Content
    ) {
        guard trace.wants(.bytes), bytes.readableBytes > 0 else { return }
        let secrets = bytes.withUnsafeReadableBytes { bytes in
            direction == .incoming ? incoming.secrets(in: bytes) : outgoing.secrets(in: bytes)
        }
        trace.record(.bytes) {
            var event = WireEvent(layer, direction, .bytes, content(), bytes: bytes)
            event.secrets = secrets
            return event
        }
    }
}
