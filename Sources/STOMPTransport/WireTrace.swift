import NIOCore
import Synchronization

/// Something that happened on the wire, at one layer.
public struct WireEvent: Sendable {
    public enum Layer: String, Sendable, Hashable {
        case tcp, tls, proxy, http, ws, sockjs, stomp
    }

    /// Which way it went, as the program sees it that is the client of the two.
    public enum Direction: Sendable, Hashable {
        case incoming, outgoing
        /// Neither sent nor received: a state that was reached.
        case local
    }

    /// How much a reader must have asked for to see it: `-v`, `-vv`, `-vvv`.
    public enum Detail: Int, Sendable, Comparable {
        /// STOMP frames.
        case frames = 1
        /// Handshakes, control frames, envelopes, heart-beats, TLS.
        case layers = 2
        /// Every byte.
        case bytes = 3

        public static func < (left: Detail, right: Detail) -> Bool { left.rawValue < right.rawValue }
    }

    public var layer: Layer
    public var direction: Direction
    public var detail: Detail
    public var content: Content
    /// The bytes it is about: a STOMP frame whole, an HTTP head as text, a payload.
    public var bytes: ByteBuffer?
    /// Which of the connections of the process it belongs to, in the order in which they were tried: 1 and up.
    public var connection = 0
    /// Where ``bytes`` has secrets, as far as it depends on what went the same way before; nil where they are whole.
    package var secrets: [Range<Int>]?
    /// Whether ``bytes`` may be a piece of something that was cut at will, so that a secret in it may be cut too.
    public var isPiece = false

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
    /// What happened.
    public enum Content: Sendable, Hashable {
        // TCP. Places are addresses with their ports.
        case connecting(to: String)
        case connected(to: String)
        case closed
        // TLS.
        /// It is encrypted from here on.
        indirect case handshakeDone(TLSSummary)
        case closeNotify
        /// The keys of the session are appended to the file that `SSLKEYLOGFILE` names.
        case keysLogged(to: String)
        case cannotLogKeys(to: String)
        // Any layer.
        /// The layer is over for this reason.
        indirect case failed(TransportError)
        /// What one read brought, or one write takes.
        case bytes
        /// A stream is open.
        case opened(TransportDescription)
        /// The other side has ended the stream in its layer's own way.
        case ended(TransportClosure)

        // HTTP, and CONNECT at a proxy: the first lines of heads as they came.
        case requestHead(method: String, target: String, version: String, wantsWebSocket: Bool)
        /// `reason` is nil where there is not even a blank behind the status.
        case responseHead(version: String, status: Int, reason: String?)
        /// What came in place of a head.
        case unreadableHead(firstLine: String)
        /// An answer came that nobody had asked for: the connection is dropped.
        case unsolicitedAnswer

        // Proxies.
        case connectingThroughProxy(String, to: String)
        case socks(SOCKSStep)

        // Server-sent events, which HTTP carries.
        case serverSentEvent(ServerSentEvent)
        /// How long the server wants to be left alone when the stream has ended, in milliseconds.
        case retry(Int)

        // HTTP, as somebody between the two sides sees it.
        case request(method: String, target: String)
        case answer(status: Int, reason: String)
        /// A request offers what could not be made good, and it was taken out.
        case offerWithheld(of: [String])

        // WebSocket.
        /// Messages are compressed, by this answer of the server's (RFC 7692).
        case compressionAgreed(String)
        /// The server has not taken the offer to compress messages.
        case compressionDeclined
        /// A frame as it stands on the wire.
        case webSocketFrame(WebSocketFrameHead)
        /// A whole message, also one of SockJS; the size is the one that it has on the wire, where it is compressed.
        case message(isText: Bool, compressedSize: Int? = nil)
        /// What a control frame says.
        case ping, pong
        case close(WebSocketClose)

        // SockJS.
        /// A session is open at this URL.
        case sockJSOpened(SockJSTransport, at: String)
        /// A transport does not work, and another one is tried.
        indirect case fellBack(from: SockJSTransport, because: TransportError, to: SockJSTransport)
        /// There is no SockJS, and a plain WebSocket is tried.
        indirect case fellBackToWebSocket(because: TransportError)
        /// A frame of the server's.
        case sockJSFrame(SockJSEnvelope)
        /// A frame of the server's that was made here.
        case sockJSFrameSent
        /// An array of messages of the client's; the size is that of all their texts.
        case sockJSMessages(count: Int, bytes: Int)
        /// A message of the client's that was put into an array here.
        case sockJSMessageSent

        // The protocol above, STOMP.
        /// A whole frame of this command.
        case frame(command: String)
        /// Bytes that were sent as they are, whatever they say.
        case unchecked
        /// A heart-beat of which this interval is agreed on; nil where none is.
        case heartBeat(agreed: TimeAmount?)
        /// A heart-beat seen by somebody who knows no agreement.
        case observedHeartBeat

        /// A message of SOCKS 5 (RFC 1928), or what it comes to.
        public enum SOCKSStep: Sendable, Hashable {
            case greeting
            /// The proxy has chosen a method, or accepted the credentials.
            case answer
            case credentials
            /// What is asked for in the request.
            case connect(to: String)
            case request
            case reply
            case succeeded
        }
    }
}

/// Where every layer tells what it does. Where nothing is wanted it costs a comparison.
public struct WireTrace: Sendable {
    /// The most detail that is wanted. It is shared by all copies of a trace, and may change while connections are open;
    /// those that were opened without ``WireEvent/Detail/bytes`` never tell of bytes.
    private final class Level: Sendable {
        let wanted: Atomic<Int>

        init(_ detail: WireEvent.Detail?) {
            wanted = Atomic(detail?.rawValue ?? 0)
        }
    }

    private let level: Level
    private let observer: @Sendable (WireEvent) -> Void
    private let numbers: Numbers
    /// Which connection the events belong to; 0 is none in particular.
    private var connection = 0
    /// Whether messages are cut in pieces before the layers beneath see them.
    private var hasPieces = false

    private final class Numbers: Sendable {
        let last = Atomic(0)
    }

    /// Tells nobody.
    public static var off: WireTrace { WireTrace(detail: nil) { _ in } }

    /// - Parameters:
    ///   - detail: the most detail that is wanted; nil is nothing at all.
    ///   - observer: called on the event loop of the connection, in the order of the wire. It must not block.
    public init(detail: WireEvent.Detail?, observer: @escaping @Sendable (WireEvent) -> Void) {
        level = Level(detail)
        self.observer = observer
        numbers = Numbers()
    }

    /// The most detail that is wanted; nil is nothing at all.
    public var detail: WireEvent.Detail? { WireEvent.Detail(rawValue: level.wanted.load(ordering: .relaxed)) }

    /// Wants this much from now on; nil is nothing at all.
    public func show(_ detail: WireEvent.Detail?) {
        level.wanted.store(detail?.rawValue ?? 0, ordering: .relaxed)
    }

    public func wants(_ detail: WireEvent.Detail) -> Bool {
        detail.rawValue <= level.wanted.load(ordering: .relaxed)
    }

    /// Tells the observer, if it wants this much; the event is not even made otherwise.
    public func record(_ detail: WireEvent.Detail, _ event: () -> WireEvent) {
        guard wants(detail) else { return }
        var event = event()
        if connection > 0 { event.connection = connection }
        if hasPieces, event.detail == .bytes, event.direction == .outgoing { event.isPiece = true }
        observer(event)
    }

    /// The trace of one more connection; the same, where this is one's already.
    public func numbered() -> WireTrace {
        guard connection == 0 else { return self }
        var trace = self
        trace.connection = numbers.last.wrappingAdd(1, ordering: .relaxed).newValue
        return trace
    }

    /// The trace for layers beneath one that cuts messages in pieces.
    func ofPieces() -> WireTrace {
        var trace = self
        trace.hasPieces = true
        return trace
    }
}

/// Records the bytes of one stream, each time with the secrets in them: a secret may begin in what went before.
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
