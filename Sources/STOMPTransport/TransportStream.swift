import NIOCore

/// An open stream of bytes, whatever carries it: a TCP connection, a WebSocket, a SockJS session.
///
/// Every call is made on ``eventLoop``. What comes goes to the ``TransportReceiver`` that was made for the stream.
public protocol TransportStream: Sendable {
    var eventLoop: any EventLoop { get }
    var description: TransportDescription { get }
    /// Whether what is written leaves soon. Where it is false, a writer should wait for
    /// ``TransportReceiver/writabilityChanged(_:)``: more would be queued in memory.
    var isWritable: Bool { get }
    /// Bytes that were written and that the system has not taken yet: where they stay the same, the peer reads nothing.
    var queuedBytes: Int { get }
    /// Queues bytes; over a message transport each call is a message of its own.
    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?)
    /// Sends what was queued.
    func flush()
    /// Stops reading and starts it again: back-pressure to the peer. What has been read already is still delivered.
    func setReading(_ isReading: Bool)
    /// What only some layers have: a ping, a close with a code.
    func request(_ request: TransportRequest)
    /// Takes no larger messages from here on than of so many bytes; nil is ``TransportOptions/maximumMessage`` again.
    /// Where a stream has no messages it does nothing, as it does on one whose messages are limited otherwise.
    func limitMessages(to bytes: Int?)
    /// Ends the stream by its layer's closing handshake, and at the latest after
    /// ``TransportOptions/closeTimeout``; ``TransportReceiver/ended(_:)`` follows. What was written before still goes;
    /// nothing more is received.
    func close()
    /// Ends the stream at once.
    func abort()
}

extension TransportStream {
    public func limitMessages(to bytes: Int?) {}
}

/// What a stream is.
public struct TransportDescription: Sendable, Hashable {
    /// What carries a stream.
    public enum Kind: Sendable, Hashable, CustomStringConvertible {
        case tcp, webSocket
        case sockJS(SockJSTransport)
        /// Server-sent events over HTTP.
        case eventStream

        /// Its usual name: `TCP`, `WebSocket`, `SockJS xhr-streaming`, `HTTP`.
        public var description: String {
            switch self {
            case .tcp, .webSocket, .eventStream: layer.rawValue
            case .sockJS(let transport): "\(layer.rawValue) \(transport.rawValue)"
            }
        }

        /// The layer that carries it.
        public var layer: TransportError.Layer {
            switch self {
            case .tcp: .tcp
            case .webSocket: .webSocket
            case .sockJS: .sockJS
            case .eventStream: .http
            }
        }
    }

    public var kind: Kind
    /// The other side's address and port.
    public var remoteAddress: String
    /// The WebSocket subprotocol that both sides agreed on.
    public var subprotocol: String?
    /// What the TLS handshake came to, where TLS stands between.
    public var tlsSummary: TLSSummary?

    /// Version and cipher, where TLS stands between, such as `TLSv1.3 TLS_AES_256_GCM_SHA384`.
    public var tls: String? { tlsSummary?.description }

    /// Whether each write arrives as a message of its own; over TCP only the bytes and their order are kept.
    public var keepsMessages: Bool { kind != .tcp }

    /// Whether only UTF-8 can be written. A write of anything else fails its promise; without a promise, it ends the
    /// stream with an error.
    public var carriesOnlyText: Bool
    /// What was tried before and failed, where there were several ways to choose from.
    public var attempts: [FailedTransport]

    public init(
        _ kind: Kind, remoteAddress: String, subprotocol: String? = nil, tlsSummary: TLSSummary? = nil,
        carriesOnlyText: Bool = false, attempts: [FailedTransport] = []
    ) {
        self.kind = kind
        self.remoteAddress = remoteAddress
        self.subprotocol = subprotocol
        self.tlsSummary = tlsSummary
        self.carriesOnlyText = carriesOnlyText
        self.attempts = attempts
    }
}

/// Takes what a stream brings. It lives on the stream's event loop; all calls come there, in order, and none from inside
/// a call to the stream: a receiver may write or close at any point.
public protocol TransportReceiver {
    /// Bytes came: what one read or one message brought.
    func received(_ bytes: ByteBuffer)
    /// The read is over: now is the time to pass on what it brought, in one go.
    func receivedAll()
    func happened(_ event: TransportEvent)
    func writabilityChanged(_ isWritable: Bool)
    /// The stream is over; the last call. The error is nil where the stream was closed without a fault, by either side.
    func ended(_ error: TransportError?)
}

/// Makes the receiver of a stream that has just opened, on its event loop, before any byte is delivered.
public typealias TransportReceiverFactory = @Sendable (any TransportStream) -> any TransportReceiver
