import NIOCore
import STOMPCore
import STOMPTransport

/// Where a tap stands, and how it behaves.
public struct TapConfiguration: Sendable {
    /// The address that apps connect to; the system chooses the port where it is 0.
    public var host: String
    public var port: Int
    /// With which certificate TLS is spoken with apps. Default none: no TLS.
    public var tls: TLSServerOptions?
    /// The servers that an app's connection is tried to be passed on to, in this order. Over
    /// ``TransportTarget/Kind/tcp`` it is STOMP; of all other kinds only host, port and TLS count, as HTTP requests keep
    /// their own path.
    public var targets: [TransportTarget]
    /// Proxy, TLS, the limit of what is taken apart, and headers, origin and cookie of the requests to the server.
    public var transport = TransportOptions()
    /// How long a connection to a server may take. Default 5 s.
    public var connectTimeout = TimeAmount.seconds(5)
    public var faults = TapFaults()
    /// Whether what passes below the messages is told. Default no.
    public var tellsLayers = false

    public init(host: String, port: Int, targets: [TransportTarget]) {
        self.host = host
        self.port = port
        self.targets = targets
    }
}

/// How a tap misbehaves on purpose. Each counts for each connection by itself.
public struct TapFaults: Sendable {
    /// When a connection is closed.
    public enum Closing: Sendable, Hashable {
        /// Behind so many frames, both ways together.
        case frames(Int)
        /// So long after it began.
        case time(TimeAmount)
    }

    /// How long everything is held, each way. Default zero.
    public var delay = TimeAmount.zero
    /// The most that is added to the delay at random; what was sent first still comes first. Default zero.
    public var jitter = TimeAmount.zero
    /// The most octets that pass in a second, each way. Default no limit.
    public var rate: Int?
    /// Whether heart-beats are lost.
    public var dropsHeartBeats = false
    /// Which MESSAGE and SEND frames are lost. Default none.
    public var dropsMessage: (@Sendable (Frame) -> Bool)?
    public var closing: Closing?
    /// The close code that both ends of a WebSocket or SockJS session are told then (RFC 6455, section 7.4). Without
    /// one the connection breaks off.
    public var closeCode: Int?
    /// How probable it is that a connection is refused: 0 to 1. Default 0.
    public var refusal = 0.0
    /// How long after it began nothing passes any more, and nothing is closed.
    public var freezing: TimeAmount?

    public init() {}
}
