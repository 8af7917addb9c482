import NIOCore
import STOMPCore
import STOMPTransport

/// What somebody has sent: the SEND frame and where it goes.
final class Message: Sendable {
    let destination: String
    /// The SEND frame, whose body and headers go on in MESSAGE.
    let frame: Frame

    init(destination: String, frame: Frame) {
        self.destination = destination
        self.frame = frame
    }

    /// What its `content-type` says.
    var mediaType: MediaType? { frame.headers["content-type"].map { MediaType($0) } }

    /// What it costs to keep it, in bytes.
    var cost: Int { frame.bytes.readableBytes + BrokerLimits.messageOverhead }

    /// The same message for keeping: a small frame must not keep the whole read that it came in.
    func kept() -> Message {
        guard frame.bytes.readableBytes * 2 < frame.bytes.storageCapacity else { return self }
        return Message(destination: destination, frame: frame.detached())
    }
}

/// A message on its way to one subscription.
struct Delivery {
    /// Names a delivery to its receiver: the subscription's number, and the how manieth message of it this is. It
    /// stands in `message-id`, and in `ack` at 1.2.
    struct ID: Hashable, CustomStringConvertible {
        var subscription: Int
        var number: Int

        var description: String { "\(subscription)-\(number)" }
    }

    let message: Message
    let connection: ConnectionID
    /// The id that the client gave to its subscription; nil where a 1.0 client gave none.
    let subscription: String?
    let id: ID
    let wantsAcknowledgement: Bool
    let isRedelivered: Bool
}

extension Delivery.ID {
    /// Reads what ``description`` writes.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let subscription = parts[0], let number = parts[1] else { return nil }
        self.init(subscription: subscription, number: number)
    }
}

/// Names a connection to the broker.
typealias ConnectionID = Int

/// The messages of a `/queue/` destination that nobody has yet, and those who want them.
struct MessageQueue {
    struct Entry {
        let message: Message
        /// Its place among the messages of this queue, for good.
        let place: Int
        var isRedelivered = false
    }

    /// In the order of their places.
    private(set) var waiting = CircularBuffer<Entry>()
    /// The numbers of the subscriptions, in the order of their turns.
    private(set) var receivers: [Int] = []
    private var turn = 0
    private var places = 0

    /// Whether nothing would be lost if it were forgotten.
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

    /// The receiver whose turn it is among those that can take a message.
    func nextReceiver(where canTake: (Int) -> Bool) -> Int? {
        let first = turn < receivers.count ? turn : 0
        return receivers[first...].first(where: canTake) ?? receivers[..<first].first(where: canTake)
    }

    /// Takes the head for `receiver`; the turn goes on behind it.
    mutating func dequeue(for receiver: Int) -> Entry? {
        if let index = receivers.firstIndex(of: receiver) { turn = index + 1 }
        return waiting.popFirst()
    }

    /// Takes messages back that were handed out, to the places that they had.
    mutating func giveBack(_ entries: [Entry]) {
        guard let last = entries.last else { return }
        var head = Array(waiting.prefix { $0.place < last.place })
        waiting.removeFirst(head.count)
        head += entries.map { Entry(message: $0.message, place: $0.place, isRedelivered: true) }
        head.sort { $0.place < $1.place }
        for entry in head.reversed() { waiting.prepend(entry) }
    }
}
