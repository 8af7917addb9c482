import NIOCore

/// Where a stream goes.
public struct TransportTarget: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Bytes as they are.
        case tcp
        /// WebSocket at this request target: path and query, such as `/ws?token=1`.
        case webSocket(requestTarget: String)
        /// What a browser's SockJS client is given: path and query, such as `/ws?token=1`. It is asked what it is, and
        /// where it is a plain WebSocket and the transport ``SockJSTransport/auto``, that is what comes.
        case sockJS(base: String, transport: SockJSTransport)
        /// Server-sent events at this path and query: the stream brings the bytes of a `text/event-stream`, for a
        /// ``ServerSentEventDecoder``, and takes none.
        case eventStream(requestTarget: String)

        /// What TLS offers by ALPN (RFC 7301): STOMP has no name there.
        var applicationProtocols: [String] {
            switch self {
            case .tcp: []
            case .webSocket, .sockJS, .eventStream: ["http/1.1"]
            }
        }
    }

    public var kind: Kind
    /// A name, or an IP address without brackets.
    public var host: String
    public var port: Int
    /// Whether TLS stands between TCP and the rest.
    public var isSecure: Bool

    public init(kind: Kind, host: String, port: Int, isSecure: Bool) {
        self.kind = kind
        self.host = host
        self.port = port
        self.isSecure = isSecure
    }
}

/// How a stream is opened and shaped.
public struct TransportOptions: Sendable {
    /// Headers for each HTTP request, in their order; they replace those of the same name that would be sent.
    public var httpHeaders: [(name: String, value: String)] = []
    /// The `Origin` of HTTP requests; none by default, as a program that is no browser has none.
    public var origin: String?
    /// The `Cookie` of HTTP requests.
    public var cookie: String?
    /// The WebSocket subprotocols to offer, in order of preference; none are offered when it is empty.
    public var subprotocols: [String] = []
    /// Whether WebSocket messages go out as binary ones. A message that is no UTF-8 always does.
    public var sendsBinary = false
    /// The most bytes of an outgoing WebSocket message; what is larger goes in several. Nil is no limit. Text is cut
    /// between characters: a message of text may be larger by the rest of its only character.
    public var split: Int?
    /// The most bytes of an outgoing WebSocket frame; a message that is larger goes in fragments. Nil is no limit.
    public var fragment: Int?
    /// Whether a client offers the server of a WebSocket to compress messages (permessage-deflate, RFC 7692).
    public var offersCompression = false
    /// The largest WebSocket message taken, in bytes. Default 16 MiB.
    public var maximumMessage = 16 << 20
    /// Whether a text message that is no UTF-8 is taken, with ``TransportEvent/invalidUTF8``, or closes with 1007
    /// (RFC 6455, section 8.1). RabbitMQ sends binary bodies so. Default true.
    public var acceptsInvalidUTF8 = true
    /// The code that answers a close frame without one; nil, the default, answers with none either.
    public var emptyCloseAnswer: Int?
    /// What the close frame says after a message that is too large; nil, the default, is a sentence with the limit.
    public var oversizeReason: String?
    /// How long nothing may pass over an accepted connection, either way, before it is closed as a proxy closes it: with
    /// no closing handshake. Nil, the default, is forever.
    public var idleTimeout: TimeAmount?
    /// Called with the other side's address when ``idleTimeout`` closes a connection, on its event loop; it must not
    /// block. Default nobody.
    public var idleObserver: @Sendable (String) -> Void = { _ in }
    /// How long a close handshake may take before the socket is closed without it. Default 5 s.
    public var closeTimeout = TimeAmount.seconds(5)
    /// The proxy that every connection is made through; none by default. The deadline counts for it too.
    public var proxy: ProxyTarget?
    /// How a secure target's server is verified, and what is shown to it.
    public var tls = TLSOptions()
    /// Whether a client's connection is one of thousands: it reads little at a time then, and keeps no room for more.
    /// Default false.
    public var isOneOfMany = false
    public var trace = WireTrace.off
    /// Takes a capture of each connection, in the PCAP format without its file header (``PacketCapture/fileHeader``):
    /// the bytes above TLS, with their secrets. Default none.
    public var capture: (@Sendable (ByteBuffer) -> Void)?
    /// What the servers were asked only to explain a failure.
    package let probes = ProbeMemory()

    public init() {}
}
