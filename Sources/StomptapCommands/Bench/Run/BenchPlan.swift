import NIOCore
import STOMPCore

/// What a run does.
struct BenchPlan: Sendable {
    /// Which half of the work this process has.
    enum Role: Sendable {
        case both, publish, subscribe

        var publishes: Bool { self != .subscribe }
        var subscribes: Bool { self != .publish }
    }

    /// Who gets a message.
    enum Delivery: String, Sendable, CaseIterable {
        /// Every subscriber of the destination.
        case each
        /// One of them, as of a queue.
        case one

        /// How the usual names of queues begin, and those of the topics beside them.
        static let queues: [(queue: String, topic: String)] = [
            ("/queue/", "/topic/"), ("/amq/queue/", "/topic/"), ("queue/", "topic/"),
        ]

        /// What the usual names of destinations promise.
        init(destination: String) {
            self = Self.queues.contains { destination.hasPrefix($0.queue) } ? .one : .each
        }
    }

    enum StampPlace: String, Sendable, CaseIterable {
        case body, header

        static let headerName = "stomptap-stamp"
    }

    var role = Role.both
    var destinations: [String]
    var delivery = Delivery.each
    var publishers = 1
    var subscribers = 1
    /// Further subscribers, whose messages are counted and not timed.
    var connections = 0
    /// How many messages all publishers together send; nil sends for ``duration``.
    var messages: Int?
    var duration = TimeAmount.seconds(10)
    /// Whether the duration was asked for; a process that only subscribes waits for its publishers otherwise.
    var hasDuration = false
    /// Of all publishers together, a second; nil is as fast as the server takes them.
    var rate: Double?
    var warmUp = TimeAmount.nanoseconds(0)
    /// Over how long connections are opened and the rate rises.
    var ramp = TimeAmount.nanoseconds(0)
    /// How long nothing new may come before what is missing counts as lost.
    var drain = TimeAmount.seconds(5)
    var body: ByteBuffer
    var stampPlace = StampPlace.body
    /// Of SEND.
    var headers: HeaderList = [:]
    var receipts = false
    /// Made once all subscriptions stand.
    var readyFile: String?

    /// Which destinations a subscriber has: all of them; of the further connections each has one.
    func destinations(ofSubscriber index: Int) -> [Int] {
        index < subscribers ? Array(destinations.indices) : [(index - subscribers) % destinations.count]
    }

    var allSubscribers: Int { role.subscribes ? subscribers + connections : 0 }
    var allPublishers: Int { role.publishes ? publishers : 0 }

    /// How one publisher spreads its messages over time.
    func pacer(of publisher: Int) -> Pacer {
        let schedule = rate.map {
            Schedule(rate: $0, ramp: ramp.nanoseconds, publisher: publisher, publishers: publishers)
        }
        return Pacer(
            schedule: schedule, warmUp: warmUp.nanoseconds, duration: messages == nil ? duration.nanoseconds : nil,
            messages: messages.map { $0 / publishers + (publisher < $0 % publishers ? 1 : 0) })
    }
}
