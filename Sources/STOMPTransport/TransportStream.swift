import NIOCore

/// An open stream of bytes over any transport: a TCP connection, a WebSocket, a SockJS session.
///
/// Call it only on ``eventLoop``. What arrives goes to the ``TransportReceiver`` that was created for the stream.
public protocol TransportStream: Sendable {
    var eventLoop: any EventLoop { get }
    var description: TransportDescription { get }
    /// Whether written bytes are sent soon. If false, a writer should wait for
    /// ``TransportReceiver/writabilityChanged(_:)``, because further bytes are queued in memory.
    var isWritable: Bool { get }
    /// The number of bytes written but not yet accepted by the system. If it does not fall, the peer is not reading.
    var queuedBytes: Int { get }
    /// Queues bytes; on a message transport, each call is a separate message.
    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?)
    /// Sends the queued bytes.
    func flush()
    /// Stops or resumes reading, which puts back-pressure on the peer. Bytes that have already been read are still
    /// delivered.
    func setReading(_ isReading: Bool)
    /// Sends a request that only some layers support: a ping, a close with a code.
    func request(_ request: TransportRequest)
    /// Sets the maximum size of incoming messages from now on; nil restores ``TransportOptions/maximumMessage``.
    /// It does nothing on a stream without messages, or with another kind of limit.
    func limitMessages(to bytes: Int?)
    /// Closes the stream with its layer's closing handshake, at the latest after ``TransportOptions/closeTimeout``;
    /// ``TransportReceiver/ended(_:)`` follows. Bytes written before are still sent; nothing more is received.
    func close()
    /// Closes the stream immediately.
    func abort()
}

extension TransportStream {
    /// Does nothing: the stream has no such limit.
    public func limitMessages(to bytes: Int?) {}
}

/// A description of an open stream.
public struct TransportDescription: Sendable, Hashable {
    /// The transport of a stream.
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

        /// The layer of this transport.
        public var layer: TransportError.Layer {
            switch self {
            case .tcp: .tcp
            case .webSocket: .webSocket
            case .sockJS: .sockJS
            case .eventStream: .http
            }
        }
    }

    /// The transport.
    public var kind: Kind
    /// The peer's address and port.
    public var remoteAddress: String
    /// The negotiated WebSocket subprotocol; nil if there is none.
    public var subprotocol: String?
    /// The result of the TLS handshake; nil without TLS.
    public var tlsSummary: TLSSummary?

    /// The TLS version and cipher, such as `TLSv1.3 TLS_AES_256_GCM_SHA384`; nil without TLS.
    public var tls: String? { tlsSummary?.description }

    /// Whether each write arrives as a separate message; over TCP only the bytes and their order are preserved.
    public var keepsMessages: Bool { kind != .tcp }

    /// Whether only UTF-8 can be written. A write of anything else fails its promise; without a promise, it ends the
    /// stream with an error.
    public var carriesOnlyText: Bool
    /// The transports that were tried before and failed, if there were several to choose from.
    public var attempts: [FailedTransport]

    /// Describes an open stream.
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

/// Receives the bytes and events of a stream. All calls are made on the stream's event loop, in order, and never
/// during a call to the stream, so a receiver may write or close at any point.
public protocol TransportReceiver {
    /// The bytes of one read, or of one message.
    func received(_ bytes: ByteBuffer)
    /// The read is complete: the receiver may now pass on what it brought, in one batch.
    func receivedAll()
    func happened(_ event: TransportEvent)
    func writabilityChanged(_ isWritable: Bool)
    /// The stream has ended; this is the last call. The error is nil if either side closed the stream normally.
    func ended(_ error: TransportError?)
}

/// Creates the receiver of a stream that has just opened, on its event loop, before any byte is delivered.
public typealias TransportReceiverFactory = @Sendable (any TransportStream) -> any TransportReceiver
