import NIOCore
import STOMPCore

/// What a run does.
package struct BenchPlan: Sendable {
    /// Which half of the work this process has.
    package enum Role: Sendable {
        case both, publish, subscribe

        var publishes: Bool { self != .subscribe }
        var subscribes: Bool { self != .publish }
    }

    /// Who gets a message.
    package enum Delivery: String, Sendable, CaseIterable {
        /// Every subscriber of the destination.
        case each
        /// One of them, as of a queue.
        case one

        /// How the usual names of queues begin, and those of the topics beside them.
        static let queues: [(queue: String, topic: String)] = [
            ("/queue/", "/topic/"), ("/amq/queue/", "/topic/"), ("queue/", "topic/"),
        ]

        /// What the usual names of destinations promise.
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
    /// Further subscribers, whose messages are counted and not timed.
    package var connections = 0
    /// How many messages all publishers together send; nil sends for ``duration``.
    package var messages: Int?
    package var duration = TimeAmount.seconds(10)
    /// Whether the duration was asked for; a process that only subscribes waits for its publishers otherwise.
    package var hasDuration = false
    /// Of all publishers together, a second; nil is as fast as the server takes them.
    package var rate: Double?
    package var warmUp = TimeAmount.nanoseconds(0)
    /// Over how long connections are opened and the rate rises.
    package var ramp = TimeAmount.nanoseconds(0)
    /// How long nothing new may come before what is missing counts as lost.
    package var drain = TimeAmount.seconds(5)
    package var body: ByteBuffer
    package var stampPlace = StampPlace.body
    /// Of SEND.
    package var headers: HeaderList = [:]
    package var receipts = false
    /// Made once all subscriptions stand.
    package var readyFile: String?

    package init(destinations: [String], body: ByteBuffer) {
        self.destinations = destinations
        self.body = body
    }

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
