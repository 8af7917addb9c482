import NIOCore

/// The target of a stream.
public struct TransportTarget: Sendable, Hashable {
    /// The protocol of a stream, and what it needs.
    public enum Kind: Sendable, Hashable {
        /// Plain bytes over TCP.
        case tcp
        /// WebSocket with this request target: path and query, such as `/ws?token=1`.
        case webSocket(requestTarget: String)
        /// SockJS with the base URL that a browser's SockJS client uses: path and query, such as `/ws?token=1`.
        /// The server is asked what it supports. If it is a plain WebSocket and the transport is
        /// ``SockJSTransport/auto``, WebSocket is used.
        case sockJS(base: String, transport: SockJSTransport)
        /// Server-sent events at this path and query: the stream receives the bytes of a `text/event-stream`, for
        /// a ``ServerSentEventDecoder``, and cannot be written to.
        case eventStream(requestTarget: String)

        /// The protocols that TLS offers with ALPN (RFC 7301); STOMP has no name there.
        var applicationProtocols: [String] {
            switch self {
            case .tcp: []
            case .webSocket, .sockJS, .eventStream: ["http/1.1"]
            }
        }
    }

    /// The protocol of the stream.
    public var kind: Kind
    /// A name, or an IP address without brackets.
    public var host: String
    /// The port, 1 to 65535.
    public var port: Int
    /// Whether TLS is used.
    public var isSecure: Bool

    /// Creates a target.
    public init(kind: Kind, host: String, port: Int, isSecure: Bool) {
        self.kind = kind
        self.host = host
        self.port = port
        self.isSecure = isSecure
    }
}

/// The settings for opening and using streams.
public struct TransportOptions: Sendable {
    /// Headers for each HTTP request, in order; they replace default headers of the same name.
    public var httpHeaders: [(name: String, value: String)] = []
    /// The `Origin` of HTTP requests; nil by default, because a program other than a browser has no origin.
    public var origin: String?
    /// The `Cookie` of HTTP requests. Default nil.
    public var cookie: String?
    /// The WebSocket subprotocols to offer, in order of preference. Default empty: none are offered.
    public var subprotocols: [String] = []
    /// Whether to send WebSocket messages as binary. A message that is not UTF-8 is always sent as binary. Default
    /// false.
    public var sendsBinary = false
    /// The maximum size in bytes of an outgoing WebSocket message; larger ones are split into several messages. Nil
    /// means no limit. Text is split between characters, so a message with a single character may exceed the limit.
    public var split: Int?
    /// The maximum size in bytes of an outgoing WebSocket frame; larger messages are fragmented. Nil means no limit.
    public var fragment: Int?
    /// Whether a WebSocket client offers compression (permessage-deflate, RFC 7692). Default false.
    public var offersCompression = false
    /// The maximum size in bytes of an incoming WebSocket message. Default 16 MiB.
    public var maximumMessage = 16 << 20
    /// Whether to accept a text message that is not UTF-8, with ``TransportEvent/invalidUTF8``, instead of closing
    /// with 1007 (RFC 6455, section 8.1). RabbitMQ sends binary bodies in text messages. Default true.
    public var acceptsInvalidUTF8 = true
    /// The close code to send in reply to a close frame without a code. Default nil: the reply has no code either.
    public var emptyCloseAnswer: Int?
    /// The reason in the close frame after a message that is too large. Default nil: a sentence with the limit.
    public var oversizeReason: String?
    /// How long an accepted connection may be idle in both directions before it is closed without a closing
    /// handshake, as a proxy closes it. Default nil: no timeout.
    public var idleTimeout: Duration?
    /// Called with the peer's address when ``idleTimeout`` closes a connection, on its event loop; it must not
    /// block. Default: does nothing.
    public var idleObserver: @Sendable (String) -> Void = { _ in }
    /// The timeout for a closing handshake, after which the socket is closed without it. Default 5 s.
    public var closeTimeout = Duration.seconds(5)
    /// The proxy for all connections. Default nil: no proxy. The deadline includes the time for the proxy.
    public var proxy: ProxyTarget?
    /// The TLS settings: how a secure target's server is verified, and the client certificate.
    public var tls = TLSOptions()
    /// Whether a client's connection is one of thousands: it then uses small reads and small buffers. Default false.
    public var isOneOfMany = false
    /// Receives what passes on the wire. Default off.
    public var trace = WireTrace.off
    /// Receives a capture of each connection, in the PCAP format without the file header
    /// (``PacketCapture/fileHeader``): the bytes above TLS, including secrets. Default nil.
    public var capture: (@Sendable (ByteBuffer) -> Void)?
    /// The results of probes sent to explain failures.
    package let probes = ProbeMemory()

    /// Creates the default settings.
    public init() {}
}
