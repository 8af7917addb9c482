import NIOCore
import STOMPCore
import STOMPTransport

/// A published message: the SEND frame and its destination.
final class Message: Sendable {
    let destination: String
    /// The SEND frame; its body and headers are copied to MESSAGE.
    let frame: Frame

    init(destination: String, frame: Frame) {
        self.destination = destination
        self.frame = frame
    }

    /// The media type of its `content-type`.
    var mediaType: MediaType? { frame.headers["content-type"].map { MediaType($0) } }

    /// The memory cost of storing it, in bytes.
    var cost: Int { frame.bytes.readableBytes + BrokerLimits.messageOverhead }

    /// The same message for storing: a small frame is copied, so that it does not keep the whole buffer of
    /// its read alive.
    func kept() -> Message {
        guard frame.bytes.readableBytes * 2 < frame.bytes.storageCapacity else { return self }
        return Message(destination: destination, frame: frame.detached())
    }
}

/// A message on its way to one subscription.
struct Delivery {
    /// Identifies a delivery: the subscription's number, and the number of the message within it. It is the value
    /// of `message-id`, and in 1.2 of `ack`.
    struct ID: Hashable, CustomStringConvertible {
        var subscription: Int
        var number: Int

        var description: String { "\(subscription)-\(number)" }
    }

    let message: Message
    let connection: ConnectionID
    /// The id that the client gave to its subscription; nil if a 1.0 client gave no id.
    let subscription: String?
    let id: ID
    let wantsAcknowledgement: Bool
    let isRedelivered: Bool
}

extension Delivery.ID {
    /// Parses the format of ``description``.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let subscription = parts[0], let number = parts[1] else { return nil }
        self.init(subscription: subscription, number: number)
    }
}

/// The number of a connection in the broker.
typealias ConnectionID = Int

/// The undelivered messages of a `/queue/` destination, and its receivers.
struct MessageQueue {
    struct Entry {
        let message: Message
        /// The position among all messages of this queue; it never changes.
        let place: Int
        var isRedelivered = false
    }

    /// In the order of their `place`.
    private(set) var waiting = CircularBuffer<Entry>()
    /// The numbers of the subscriptions, in the order of their turns.
    private(set) var receivers: [Int] = []
    private var turn = 0
    private var places = 0

    /// Whether the queue can be removed without losing anything.
    var isUnused: Bool { waiting.isEmpty && receivers.isEmpty }

    mutating func append(_ message: Message) {
        waiting.append(Entry(message: message, place: places))
        places += 1
    }

    mutating func add(receiver: Int) {
        receivers.append(receiver)
    }

    mutating func remove(receiver: Int) {
        guard let index = receivers.firstIndex(of: receiver) else { return }
        receivers.remove(at: index)
        if index < turn { turn -= 1 }
    }

    /// The next receiver in turn that can accept a message.
    func nextReceiver(where canTake: (Int) -> Bool) -> Int? {
        let first = turn < receivers.count ? turn : 0
        return receivers[first...].first(where: canTake) ?? receivers[..<first].first(where: canTake)
    }

    /// Removes the first message for `receiver`; the turn moves to the receiver after it.
    mutating func dequeue(for receiver: Int) -> Entry? {
        if let index = receivers.firstIndex(of: receiver) { turn = index + 1 }
        return waiting.popFirst()
    }

    /// Returns delivered messages to the queue, at their original places.
    mutating func giveBack(_ entries: [Entry]) {
        guard let last = entries.last else { return }
        var head = Array(waiting.prefix { $0.place < last.place })
        waiting.removeFirst(head.count)
        head += entries.map { Entry(message: $0.message, place: $0.place, isRedelivered: true) }
        head.sort { $0.place < $1.place }
        for entry in head.reversed() { waiting.prepend(entry) }
    }
}
