import NIOCore
import STOMPCore

/// The parameters of a run.
package struct BenchPlan: Sendable {
    /// Whether this process publishes, subscribes or both.
    package enum Role: Sendable {
        case both, publish, subscribe

        var publishes: Bool { self != .subscribe }
        var subscribes: Bool { self != .publish }
    }

    /// Which subscribers receive a message.
    package enum Delivery: String, Sendable, CaseIterable {
        /// Every subscriber of the destination.
        case each
        /// One subscriber only, as with a queue.
        case one

        /// The usual prefixes of queues, each with the prefix of the corresponding topic.
        static let queues: [(queue: String, topic: String)] = [
            ("/queue/", "/topic/"), ("/amq/queue/", "/topic/"), ("queue/", "topic/"),
        ]

        /// The delivery that the prefix of a destination suggests.
        package init(destination: String) {
            self = Self.queues.contains { destination.hasPrefix($0.queue) } ? .one : .each
        }
    }

    package enum StampPlace: String, Sendable, CaseIterable {
        case body, header

        static let headerName = "stomptap-stamp"
    }

    package var role = Role.both
    package var destinations: [String]
    package var delivery = Delivery.each
    package var publishers = 1
    package var subscribers = 1
    /// Additional subscribers, whose messages are counted but not timed.
    package var connections = 0
    /// The total number of messages of all publishers; nil means to send for ``duration``.
    package var messages: Int?
    package var duration = TimeAmount.seconds(10)
    /// Whether a duration was given; without one, a process that only subscribes waits for its publishers.
    package var hasDuration = false
    /// Messages per second of all publishers together; nil means as fast as the server accepts them.
    package var rate: Double?
    package var warmUp = TimeAmount.nanoseconds(0)
    /// The time over which connections are opened and the rate rises.
    package var ramp = TimeAmount.nanoseconds(0)
    /// How long to wait without a new message before missing messages count as lost.
    package var drain = TimeAmount.seconds(5)
    package var body: ByteBuffer
    package var stampPlace = StampPlace.body
    /// The additional headers of SEND.
    package var headers: HeaderList = [:]
    package var receipts = false
    /// Created when all subscriptions are active.
    package var readyFile: String?

    package init(destinations: [String], body: ByteBuffer) {
        self.destinations = destinations
        self.body = body
    }

    /// The destinations of a subscriber: all of them, but only one for each additional connection.
    func destinations(ofSubscriber index: Int) -> [Int] {
        index < subscribers ? Array(destinations.indices) : [(index - subscribers) % destinations.count]
    }

    var allSubscribers: Int { role.subscribes ? subscribers + connections : 0 }
    var allPublishers: Int { role.publishes ? publishers : 0 }

    /// The pacer of one publisher.
    func pacer(of publisher: Int) -> Pacer {
        let schedule = rate.map {
            Schedule(rate: $0, ramp: ramp.nanoseconds, publisher: publisher, publishers: publishers)
        }
        return Pacer(
            schedule: schedule, warmUp: warmUp.nanoseconds, duration: messages == nil ? duration.nanoseconds : nil,
            messages: messages.map { $0 / publishers + (publisher < $0 % publishers ? 1 : 0) })
    }
}
