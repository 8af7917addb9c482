import NIOCore
import STOMPCore

/// How a client names a subscription. STOMP 1.0 lets it be named by its destination alone.
public enum SubscriptionName: Sendable, Hashable, CustomStringConvertible {
    case id(String)
    case destination(String)

    /// What stands in the `subscription` header.
    var header: String? {
        if case .id(let id) = self { id } else { nil }
    }

    public var description: String {
        switch self {
        case .id(let id): "the id \(id.debugDescription)"
        case .destination(let destination): "the destination \(destination.debugDescription)"
        }
    }
}

/// One subscription, and what it has to acknowledge.
struct Subscription {
    struct Unacknowledged {
        let number: Int
        let entry: MessageQueue.Entry
    }

    let connection: ConnectionID
    let name: SubscriptionName
    let destination: String
    let isQueue: Bool
    let ack: AckMode
    /// Which of a topic's messages it gets; nil is all of them.
    var selector: HeaderSelector?

    /// How many messages it was sent; the last one has this number.
    private(set) var delivered = 0
    /// The messages of a queue that wait for an ACK, in the order of their numbers.
    private(set) var unacknowledged = CircularBuffer<Unacknowledged>(initialCapacity: 0)
    /// The messages of a topic up to this number need no ACK any more.
    private var settled = 0

    init(connection: ConnectionID, name: SubscriptionName, destination: String, isQueue: Bool, ack: AckMode) {
        self.connection = connection
        self.name = name
        self.destination = destination
        self.isQueue = isQueue
        self.ack = ack
    }

    /// Counts one more message. A message of a queue is kept until it is acknowledged.
    mutating func deliver(_ entry: MessageQueue.Entry? = nil) -> Int {
        delivered += 1
        if let entry, ack != .auto {
            unacknowledged.append(Unacknowledged(number: delivered, entry: entry))
        }
        return delivered
    }

    /// Whether ``settle(_:)`` would succeed.
    func check(_ number: Int) throws(BrokerError) {
        _ = try position(of: number)
    }

    /// Ends the wait for the message of this number; in the mode `client`, for all before it as well.
    ///
    /// - Returns: what a queue has to forget or to take back; nothing for a topic, where acknowledging a message has
    ///   no effect but that it is done.
    mutating func settle(_ number: Int) throws(BrokerError) -> [MessageQueue.Entry] {
        guard let position = try position(of: number) else {
            if ack == .client { settled = number }
            return []
        }
        let first = ack == .client ? 0 : position
        let entries = unacknowledged[offset: first...position].map(\.entry)
        unacknowledged.removeSubrange(offset: first...position)
        return entries
    }

    /// All that is unacknowledged, when the subscription ends.
    mutating func settleAll() -> [MessageQueue.Entry] {
        defer { unacknowledged.removeAll() }
        return unacknowledged.map(\.entry)
    }

    /// Where the message of this number stands in ``unacknowledged``; nil for a topic.
    private func position(of number: Int) throws(BrokerError) -> Int? {
        guard ack != .auto else {
            throw .acknowledgedAutomatically(name)
        }
        guard number > settled, number <= delivered else { throw .notWaiting }
        guard isQueue else { return nil }
        var low = 0
        var high = unacknowledged.count
        while low < high {
            let middle = (low + high) / 2
            if unacknowledged[offset: middle].number < number { low = middle + 1 } else { high = middle }
        }
        guard low < unacknowledged.count, unacknowledged[offset: low].number == number else { throw .notWaiting }
        return low
    }
}

extension CircularBuffer {
    /// The element so many places behind the first.
    fileprivate subscript(offset offset: Int) -> Element { self[index(startIndex, offsetBy: offset)] }

    fileprivate subscript(offset range: ClosedRange<Int>) -> SubSequence { self[indices(range)] }

    fileprivate mutating func removeSubrange(offset range: ClosedRange<Int>) {
        if range.lowerBound == 0 { removeFirst(range.count) } else { removeSubrange(indices(range)) }
    }

    private func indices(_ range: ClosedRange<Int>) -> Range<Index> {
        index(startIndex, offsetBy: range.lowerBound)..<index(startIndex, offsetBy: range.upperBound + 1)
    }
}

/// Who comes and goes, and what is acknowledged.
extension MessageRouter {
    /// Gives a connection nothing more from queues; topics do not wait.
    mutating func pause(_ connection: ConnectionID) {
        clients[connection]?.isPaused = true
    }

    mutating func resume(_ connection: ConnectionID) {
        clients[connection]?.isPaused = false
        for number in clients[connection]?.subscriptions.values.sorted() ?? [] {
            if let subscription = subscriptions[number], subscription.isQueue { look(at: subscription.destination) }
        }
    }

    /// Ends what a connection has here: its transactions are aborted, and queues take back what it did not acknowledge.
    mutating func leave(_ connection: ConnectionID) {
        guard let client = clients.removeValue(forKey: connection) else { return }
        for step in client.transactions.values.joined() { release(step) }
        for number in client.subscriptions.values.sorted() { end(number) }
    }

    mutating func subscribe(_ subscription: Subscription) throws(BrokerError) {
        let existing = clients[subscription.connection]?.subscriptions ?? [:]
        guard existing[subscription.name] == nil else {
            throw .duplicateSubscription(subscription.name)
        }
        guard existing.count < limits.subscriptions else {
            throw .tooManySubscriptions(limit: limits.subscriptions)
        }
        subscriptionsMade += 1
        let number = subscriptionsMade
        clients[subscription.connection, default: Client()].subscriptions[subscription.name] = number
        subscriptions[number] = subscription
        if subscription.isQueue {
            queues[subscription.destination, default: MessageQueue()].add(receiver: number)
            look(at: subscription.destination)
        } else if let pattern = pattern(of: subscription) {
            patterns.append((number, pattern))
        } else {
            topics[subscription.destination, default: []].append(number)
        }
        if subscription.selector != nil { selectors += 1 }
    }

    mutating func unsubscribe(_ name: SubscriptionName, from connection: ConnectionID) throws(BrokerError) {
        guard let number = clients[connection]?.subscriptions.removeValue(forKey: name) else {
            throw .unknownSubscription(name)
        }
        end(number)
    }

    private mutating func end(_ number: Int) {
        guard var subscription = subscriptions.removeValue(forKey: number) else { return }
        let destination = subscription.destination
        if subscription.selector != nil { selectors -= 1 }
        if subscription.isQueue {
            queues[destination]?.remove(receiver: number)
            queues[destination]?.giveBack(subscription.settleAll())
            look(at: destination)
            let isRemembered = queuesStay && queues.count <= limits.rememberedQueues
            if !isRemembered, queues[destination]?.isUnused ?? false { queues[destination] = nil }
        } else if pattern(of: subscription) != nil {
            patterns.removeAll { $0.number == number }
        } else {
            topics[destination]?.removeAll { $0 == number }
            if topics[destination]?.isEmpty ?? false { topics[destination] = nil }
        }
    }

    // MARK: Acknowledgements

    mutating func settle(
        _ acknowledgement: ClientRequest.Acknowledgement, from connection: ConnectionID
    ) throws(BrokerError) {
        let number = acknowledgement.delivery.subscription
        try check(acknowledgement, from: connection)
        guard let destination = subscriptions[number]?.destination,
            let entries = try subscriptions[number]?.settle(acknowledgement.delivery.number)
        else { return }
        if acknowledgement.isNegative {
            queues[destination]?.giveBack(entries)
        } else {
            held -= entries.reduce(0) { $0 + $1.message.cost }
        }
        if isQueue(destination) { look(at: destination) }
    }

    /// Whether ``settle(_:from:)`` would succeed.
    func check(
        _ acknowledgement: ClientRequest.Acknowledgement, from connection: ConnectionID
    ) throws(BrokerError) {
        guard let subscription = subscriptions[acknowledgement.delivery.subscription],
            subscription.connection == connection
        else { throw .notWaiting }
        if let id = acknowledgement.subscription, subscription.name != .id(id) {
            throw .subscriptionMismatch(id: id)
        }
        try subscription.check(acknowledgement.delivery.number)
    }
}
