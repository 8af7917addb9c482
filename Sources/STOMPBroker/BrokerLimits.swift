import NIOCore
import STOMPCore

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
    /// The most queues that are remembered though nobody is subscribed and nothing waits in them, in the manner of
    /// RabbitMQ. Default 10,000.
    public var rememberedQueues = 10_000
    /// The most octets of messages that are kept at all: in queues, unacknowledged, in transactions. Each message
    /// counts ``messageOverhead`` more than its frame. Default 256 MiB.
    public var heldOctets = 256 << 20
    /// The most messages of a queue that a subscription may have unacknowledged; it gets no more until it acknowledges
    /// some. Default 100,000, as many as a queue keeps.
    public var unacknowledged = 100_000
    /// How many octets may wait for a receiver before those who publish to it are no longer read. What comes for it all
    /// the same waits as it is, and is not written out. Default 4 MiB.
    public var backlog = 4 << 20
    /// The most octets of messages that wait so for a receiver, which is dropped at more. Each delivery counts
    /// ``messageOverhead``, and a message counts once that goes to several of its subscriptions. Default 32 MiB.
    public var waitingOctets = 32 << 20
    /// A receiver that takes nothing for this long is dropped, after twice as long at the latest. Default 30 s.
    public var sendTimeout = TimeAmount.seconds(30)
    /// How long a client may take to be CONNECTED. Default 10 s, and 60 s in the manner of Spring.
    public var connectTimeout: TimeAmount?
    /// The largest frame, and the largest message or body that carries frames, taken from a client that is not CONNECTED
    /// yet, in octets. Default 64 KiB.
    public var frameBeforeConnected = 64 << 10

    /// What keeping a message costs beside its frame, in octets.
    public static let messageOverhead = 256
    /// What ``connectTimeout`` is where it is not set.
    public static let defaultConnectTimeout = TimeAmount.seconds(10)
    /// What ``connectTimeout`` is in the manner of Spring where it is not set.
    public static let springConnectTimeout = TimeAmount.seconds(60)

    public init() {}
}
