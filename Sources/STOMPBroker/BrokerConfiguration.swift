import NIOCore
import STOMPCore
import STOMPTransport

/// What a broker listens on, and how it behaves.
public struct BrokerConfiguration: Sendable {
    /// Where clients come in. A port of 0 is chosen by the system.
    public enum Listener: Sendable, Hashable {
        case tcp(host: String, port: Int)
        /// WebSocket at this path.
        case webSocket(host: String, port: Int, path: String = "/ws")
    }

    /// Default: TCP on a free port of 127.0.0.1.
    public var listeners: [Listener] = [.tcp(host: "127.0.0.1", port: 0)]
    /// The certificate of all listeners; nil, the default, is no TLS.
    public var tls: TLSServerOptions?
    /// Names of the host that HTTP requests may be for, beside those that always are this machine's (``OwnHosts``) and
    /// the host of the listener. Others are answered 421. Default none.
    public var listenNames: [String] = []
    /// The only values of `Origin` that HTTP requests may have, `*` for all of them; others are answered 403. Nil, the
    /// default, is the pages of this machine: from a loopback name or address, or from the host that the request is for,
    /// at any port.
    public var allowedOrigins: [String]?
    /// Told of each HTTP request that is refused for its host or its origin, on the broker's event loop; it must not
    /// block. Default nobody.
    public var refusalObserver: @Sendable (AdmissionRefusal) -> Void = { _ in }
    /// Passcodes by login; nil, the default, lets everybody in.
    public var logins: [String: String]?
    /// Headers that CONNECT must have, with these values, such as `Authorization`. Default none.
    public var connectHeaders: [String: String] = [:]
    /// What the broker offers and wants, in milliseconds. Default 10000,10000.
    public var heartBeat = HeartBeat(outgoing: 10_000, incoming: 10_000)
    public var serverProfile = ServerProfile.standard
    /// In the serverProfile of Spring, how the destinations begin that its broker serves; others are met with silence, but for
    /// those of ``routes``. Default `/topic`, `/queue`, `/sub`.
    public var destinationPrefixes = ["/topic", "/queue", "/sub"]
    /// What CONNECTED names as the server, such as `stomptap/1.0`. Default `stomptap`.
    public var server = "stomptap"
    /// Whether `/topic/clock` gets a JSON tick each second. Default no.
    public var hasClock = false
    /// Whether what is sent to `/app/echo` comes back on `/topic/echo`. Default no.
    public var hasEcho = false
    /// Destinations whose messages go to another one, as an application would send them on:
    /// `["/pub/messages": "/sub/message"]`. Default none.
    public var routes: [String: String] = [:]
    public var limits = BrokerLimits()
    /// How the streams are shaped.
    public var transport = TransportOptions()
    /// Told what happens, on the broker's event loop; it must not block. Default nobody.
    public var observer: @Sendable (BrokerEvent) -> Void = { _ in }

    public init() {}

    var allRoutes: [String: String] {
        hasEcho ? routes.merging(["/app/echo": "/topic/echo"]) { route, _ in route } : routes
    }
}

/// How much the broker takes. A client that passes one of them gets an ERROR that names it.
public struct BrokerLimits: Sendable, Hashable {
    /// How much of a frame is taken.
    public var frame = FrameLimits()
    /// The most connections at a time; the next ones are refused. Default 10,000.
    public var connections = 10_000
    /// The most subscriptions of one connection. Default 1000.
    public var subscriptions = 1000
    /// The most open transactions of one connection. Default 100.
    public var transactions = 100
    /// The most frames that wait in the transactions of one connection. Default 100,000.
    public var transactionFrames = 100_000
    /// The most messages that a queue keeps for later receivers. Default 100,000.
    public var queuedMessages = 100_000
    /// The most queues that are remembered though nobody is subscribed and nothing waits in them, in the serverProfile of
    /// RabbitMQ. Default 10,000.
    public var rememberedQueues = 10_000
    /// The most bytes of messages that are kept at all: in queues, unacknowledged, in transactions. Each message
    /// counts ``messageOverhead`` more than its frame. Default 256 MiB.
    public var heldBytes = 256 << 20
    /// The most messages of a queue that a subscription may have unacknowledged; it gets no more until it acknowledges
    /// some. Default 100,000, as many as a queue keeps.
    public var unacknowledged = 100_000
    /// How many bytes may wait for a receiver before those who publish to it are no longer read. What comes for it all
    /// the same waits as it is, and is not written out. Default 4 MiB.
    public var backlog = 4 << 20
    /// The most bytes of messages that wait so for a receiver, which is dropped at more. Each delivery counts
    /// ``messageOverhead``, and a message counts once that goes to several of its subscriptions. Default 32 MiB.
    public var waitingBytes = 32 << 20
    /// A receiver that takes nothing for this long is dropped, after twice as long at the latest. Default 30 s.
    public var sendTimeout = TimeAmount.seconds(30)
    /// How long a client may take to be CONNECTED. Default 10 s, and 60 s in the serverProfile of Spring.
    public var connectTimeout: TimeAmount?
    /// The largest frame, and the largest message or body that carries frames, taken from a client that is not CONNECTED
    /// yet, in bytes. Default 64 KiB.
    public var frameBeforeConnected = 64 << 10

    /// What keeping a message costs beside its frame, in bytes.
    public static let messageOverhead = 256
    /// What ``connectTimeout`` is where it is not set.
    public static let defaultConnectTimeout = TimeAmount.seconds(10)
    /// What ``connectTimeout`` is in the serverProfile of Spring where it is not set.
    public static let springConnectTimeout = TimeAmount.seconds(60)

    public init() {}
}
