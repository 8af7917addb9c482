import NIOCore

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
    mutating func take(for receiver: Int) -> Entry? {
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
