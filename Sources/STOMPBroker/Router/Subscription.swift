import NIOCore
import STOMPCore

/// Identifies a subscription of a client. In STOMP 1.0 this may be its destination only.
public enum SubscriptionName: Sendable, Hashable, CustomStringConvertible {
    case id(String)
    case destination(String)

    /// The value of the `subscription` header; nil if it has no id.
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

/// A subscription and its unacknowledged messages.
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
    /// Selects messages of a topic; nil selects all.
    var selector: HeaderSelector?

    /// The number of messages sent to it, which is also the number of the last one.
    private(set) var delivered = 0
    /// Messages of a queue that wait for an ACK, ordered by number.
    private(set) var unacknowledged = CircularBuffer<Unacknowledged>(initialCapacity: 0)
    /// Messages of a topic up to this number need no more ACK.
    private var settled = 0

    init(connection: ConnectionID, name: SubscriptionName, destination: String, isQueue: Bool, ack: AckMode) {
        self.connection = connection
        self.name = name
        self.destination = destination
        self.isQueue = isQueue
        self.ack = ack
    }

    /// Counts another message. A message of a queue is stored until it is acknowledged.
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

    /// Settles the message with this number; in ack mode `client`, also all messages before it.
    ///
    /// - Returns: the messages that a queue must remove or requeue; empty for a topic, which does not store messages.
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

    /// Removes and returns all unacknowledged messages, when the subscription ends.
    mutating func settleAll() -> [MessageQueue.Entry] {
        defer { unacknowledged.removeAll() }
        return unacknowledged.map(\.entry)
    }

    /// The index of the message with this number in ``unacknowledged``; nil for a topic.
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
    /// The element at this offset from the first one.
    fileprivate subscript(offset offset: Int) -> Element { self[index(startIndex, offsetBy: offset)] }

    fileprivate subscript(offset range: ClosedRange<Int>) -> SubSequence { self[indices(range)] }

    fileprivate mutating func removeSubrange(offset range: ClosedRange<Int>) {
        if range.lowerBound == 0 { removeFirst(range.count) } else { removeSubrange(indices(range)) }
    }

    private func indices(_ range: ClosedRange<Int>) -> Range<Index> {
        index(startIndex, offsetBy: range.lowerBound)..<index(startIndex, offsetBy: range.upperBound + 1)
    }
}

/// Subscribing, acknowledging and leaving.
extension MessageRouter {
    /// Pauses deliveries from queues to a connection; deliveries from topics continue.
    mutating func pause(_ connection: ConnectionID) {
        clients[connection]?.isPaused = true
    }

    mutating func resume(_ connection: ConnectionID) {
        clients[connection]?.isPaused = false
        for number in clients[connection]?.subscriptions.values.sorted() ?? [] {
            if let subscription = subscriptions[number], subscription.isQueue { look(at: subscription.destination) }
        }
    }

    /// Removes a connection: aborts its transactions and requeues its unacknowledged messages.
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
