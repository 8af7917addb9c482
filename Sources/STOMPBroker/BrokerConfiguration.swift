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
    /// What the broker offers and wants, in milliseconds. Nil, the default, is 10000,10000, and 0,0 in the profiles of
    /// Spring.
    public var heartBeat: HeartBeat?
    public var serverProfile = ServerProfile.standard
    /// In the profiles of Spring, the server that the application runs in. Default ``ServletContainer/tomcat``.
    public var container = ServletContainer.tomcat
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
    /// What handlers of an application answer. Default nothing.
    public var replies: [BrokerReply] = []
    /// What is answered ERROR; the first one that concerns a frame counts. Default nothing.
    public var denials: [BrokerDenial] = []
    /// In the profiles of Spring, the share of SUBSCRIBEs that count only after the rest of their message, from 0 to 1:
    /// what a SEND after them in the same WebSocket message causes is lost to them. Default 0.
    public var earlySendLoss = 0.0
    /// In the profiles of Spring, the share of MESSAGEs that the next one for the same client overtakes, from 0 to 1. One
    /// that no other follows goes after ``reorderDelay``. Default 0.
    public var reordering = 0.0
    /// What chance begins with; nil, the default, is different each time.
    public var randomSeed: UInt64?
    /// The largest WebSocket message that is taken, and over TCP the largest frame, in bytes; nil, the default, is as the
    /// profile has it.
    public var largestMessage: Int?
    /// How long nothing may pass over a connection, either way, before it is closed with no more ado. Nil, the default,
    /// is forever.
    public var idleTimeout: TimeAmount?
    /// Called with the other side's address when ``idleTimeout`` closes a connection, on the broker's event loop; it
    /// must not block. Default nobody.
    public var idleObserver: @Sendable (String) -> Void = { _ in }
    /// The status that every WebSocket handshake is refused with (``WebSocketEndpoint/handshakeRefusal``); nil, the
    /// default, refuses none.
    public var handshakeRefusal: Int?
    public var limits = BrokerLimits()
    /// How the streams are shaped.
    public var transport = TransportOptions()
    /// Told what happens, on the broker's event loop; it must not block. Default nobody.
    public var observer: @Sendable (BrokerEvent) -> Void = { _ in }
    /// How much the observer is told. Default ``BrokerEvent/Detail/connections``.
    public var detail = BrokerEvent.Detail.connections

    /// How long a message waits for one that overtakes it.
    static let reorderDelay = TimeAmount.milliseconds(20)

    public init() {}

    var allRoutes: [String: String] {
        hasEcho ? routes.merging(["/app/echo": "/topic/echo"]) { route, _ in route } : routes
    }

    /// Where what is sent goes to a handler.
    var handledDestinations: [String] { Array(allRoutes.keys) + replies.map(\.from) }

    /// How much of a frame is taken; ``largestMessage`` limits the frames themselves where there are no messages.
    func frameLimits(keepsMessages: Bool) -> FrameLimits {
        let own = limits.frame
        let frame = keepsMessages ? max(own.frame, largestMessage ?? 0) : largestMessage ?? own.frame
        return serverProfile.frameLimits(
            FrameLimits(line: own.line, headers: own.headers, frame: frame), largestMessage: largestMessage)
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

    /// The most bytes of a handler's reply; more are not sent. Default 16 MiB.
    public var reply = 16 << 20

    /// What keeping a message costs beside its frame, in bytes.
    public static let messageOverhead = 256
    /// What ``connectTimeout`` is where it is not set.
    public static let defaultConnectTimeout = TimeAmount.seconds(10)
    /// What ``connectTimeout`` is in the serverProfile of Spring where it is not set.
    public static let springConnectTimeout = TimeAmount.seconds(60)

    public init() {}
}
