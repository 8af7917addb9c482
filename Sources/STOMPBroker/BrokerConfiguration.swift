import NIOCore
import STOMPCore
import STOMPTransport

/// The listeners of a broker, and its behaviour.
public struct BrokerConfiguration: Sendable {
    /// An address to listen on. With port 0 the system chooses the port.
    public enum Listener: Sendable, Hashable {
        case tcp(host: String, port: Int)
        /// WebSocket at this path.
        case webSocket(host: String, port: Int, path: String = "/ws")
    }

    /// The addresses to listen on. Default: TCP on a free port of 127.0.0.1.
    public var listeners: [Listener] = [.tcp(host: "127.0.0.1", port: 0)]
    /// The certificate of all listeners; nil, the default, disables TLS.
    public var tls: TLSServerOptions?
    /// Accepted host names of HTTP requests, in addition to this machine's own names (``OwnHosts``) and the host of
    /// the listener. Other hosts are answered with 421. Default none.
    public var listenNames: [String] = []
    /// The accepted values of `Origin` in HTTP requests, `*` for all; others are answered with 403. Nil, the
    /// default, accepts the pages of this machine: from a loopback name or address, or from the host that the
    /// request is for, at any port.
    public var allowedOrigins: [String]?
    /// Called on the broker's event loop with each HTTP request that is refused for its host or its origin; it must
    /// not block. Default: does nothing.
    public var refusalObserver: @Sendable (AdmissionRefusal) -> Void = { _ in }
    /// Passcodes by login; nil, the default, accepts all clients.
    public var logins: [String: String]?
    /// Headers that CONNECT must contain with these values, such as `Authorization`. Default none.
    public var connectHeaders: [String: String] = [:]
    /// The heart-beats that the broker offers and wants, in milliseconds. Nil, the default, means 10000,10000, or
    /// 0,0 in the profiles of Spring.
    public var heartBeat: HeartBeat?
    public var serverProfile = ServerProfile.standard
    /// In the profiles of Spring, the application's servlet container. Default ``ServletContainer/tomcat``.
    public var container = ServletContainer.tomcat
    /// In the profiles of Spring, the prefixes of the destinations that its broker serves; frames for other
    /// destinations are ignored, except those in ``routes``. Default `/topic`, `/queue`, `/sub`.
    public var destinationPrefixes = ["/topic", "/queue", "/sub"]
    /// The `server` header of CONNECTED, such as `stomptap/1.0`. Default `stomptap`.
    public var server = "stomptap"
    /// Whether `/topic/clock` gets a JSON tick each second. Default false.
    public var hasClock = false
    /// Whether messages sent to `/app/echo` are published on `/topic/echo`. Default false.
    public var hasEcho = false
    /// Destinations whose messages are forwarded to another one, as an application would do, such as
    /// `["/pub/messages": "/sub/message"]`. Default none.
    public var routes: [String: String] = [:]
    /// Replies of simulated application handlers. Default none.
    public var replies: [BrokerReply] = []
    /// Frames to answer with ERROR; the first one that matches a frame is used. Default none.
    public var denials: [BrokerDenial] = []
    /// In the profiles of Spring, the share of SUBSCRIBEs that take effect only after the rest of their WebSocket
    /// message, from 0 to 1: they miss what a later SEND in the same message causes. Default 0.
    public var earlySendLoss = 0.0
    /// In the profiles of Spring, the share of MESSAGEs that the next one for the same client overtakes, from 0 to
    /// 1. If no other follows, the message is sent after ``reorderDelay``. Default 0.
    public var reordering = 0.0
    /// The seed of the random numbers; nil, the default, uses a new one each time.
    public var randomSeed: UInt64?
    /// The largest WebSocket message accepted, or over TCP the largest frame, in bytes. Nil, the default, uses
    /// the profile's value.
    public var largestMessage: Int?
    /// The time without data in either direction after which a connection is closed, without notice to the client.
    /// Nil, the default, disables it.
    public var idleTimeout: TimeAmount?
    /// Called on the broker's event loop with the peer's address when ``idleTimeout`` closes a connection; it must
    /// not block. Default: does nothing.
    public var idleObserver: @Sendable (String) -> Void = { _ in }
    /// The HTTP status that refuses every WebSocket handshake (``WebSocketEndpoint/handshakeRefusal``); nil, the
    /// default, refuses none.
    public var handshakeRefusal: Int?
    public var limits = BrokerLimits()
    /// The settings of the transport.
    public var transport = TransportOptions()
    /// Called on the broker's event loop with each event; it must not block. Default: does nothing.
    public var observer: @Sendable (BrokerEvent) -> Void = { _ in }
    /// Which events are reported to the observer. Default ``BrokerEvent/Detail/connections``.
    public var detail = BrokerEvent.Detail.connections

    /// How long a message waits for a message that overtakes it.
    static let reorderDelay = TimeAmount.milliseconds(20)

    public init() {}

    var allRoutes: [String: String] {
        hasEcho ? routes.merging(["/app/echo": "/topic/echo"]) { route, _ in route } : routes
    }

    /// The destinations that have a handler.
    var handledDestinations: [String] { Array(allRoutes.keys) + replies.map(\.from) }

    /// The limits of frames; ``largestMessage`` applies to the frames themselves if the transport has no messages.
    func frameLimits(keepsMessages: Bool) -> FrameLimits {
        let own = limits.frame
        let frame = keepsMessages ? max(own.frame, largestMessage ?? 0) : largestMessage ?? own.frame
        return serverProfile.frameLimits(
            FrameLimits(line: own.line, headers: own.headers, frame: frame), largestMessage: largestMessage)
    }
}

/// The limits of the broker. A client that exceeds one gets an ERROR that names it.
public struct BrokerLimits: Sendable, Hashable {
    /// The limits of a frame.
    public var frame = FrameLimits()
    /// The maximum number of connections at a time; further ones are refused. Default 10,000.
    public var connections = 10_000
    /// The maximum number of subscriptions of one connection. Default 1000.
    public var subscriptions = 1000
    /// The maximum number of open transactions of one connection. Default 100.
    public var transactions = 100
    /// The maximum number of frames in the open transactions of one connection. Default 100,000.
    public var transactionFrames = 100_000
    /// The maximum number of messages that a queue stores for later receivers. Default 100,000.
    public var queuedMessages = 100_000
    /// The maximum number of empty queues without subscribers that are remembered, in the profile of
    /// RabbitMQ. Default 10,000.
    public var rememberedQueues = 10_000
    /// The maximum size of all stored messages, in bytes: queued, unacknowledged or in transactions. Each message
    /// counts as its frame plus ``messageOverhead``. Default 256 MiB.
    public var heldBytes = 256 << 20
    /// The maximum number of unacknowledged messages of a subscription to a queue; it gets no more until it
    /// acknowledges some. Default 100,000, the same as ``queuedMessages``.
    public var unacknowledged = 100_000
    /// The number of bytes queued for a receiver at which its publishers are no longer read. Further messages for
    /// it wait without being encoded. Default 4 MiB.
    public var backlog = 4 << 20
    /// The maximum size of these waiting messages for a receiver, in bytes; a receiver that exceeds it is dropped. Each
    /// delivery counts ``messageOverhead``; a message for several of its subscriptions counts once. Default 32 MiB.
    public var waitingBytes = 32 << 20
    /// A receiver that reads nothing for this time is dropped, at the latest after twice this time. Default 30 s.
    public var sendTimeout = TimeAmount.seconds(30)
    /// How long a client may take until CONNECTED. Default 10 s, or 60 s in the profiles of Spring.
    public var connectTimeout: TimeAmount?
    /// The largest frame, and the largest message or body that carries frames, accepted from a client before
    /// CONNECTED, in bytes. Default 64 KiB.
    public var frameBeforeConnected = 64 << 10

    /// The maximum size of a handler's reply, in bytes; larger replies are not sent. Default 16 MiB.
    public var reply = 16 << 20

    /// The memory cost of a stored message in addition to its frame, in bytes.
    public static let messageOverhead = 256
    /// The default of ``connectTimeout``.
    public static let defaultConnectTimeout = TimeAmount.seconds(10)
    /// The default of ``connectTimeout`` in the profiles of Spring.
    public static let springConnectTimeout = TimeAmount.seconds(60)

    public init() {}
}
