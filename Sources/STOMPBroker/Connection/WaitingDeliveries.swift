import NIOCore

/// Messages that wait for a client that takes nothing for now: not written out, so that one message for many
/// subscriptions takes the memory of one.
struct WaitingDeliveries {
    private var deliveries = CircularBuffer<Delivery>(initialCapacity: 0)
    /// What they cost: ``BrokerLimits/messageOverhead`` for each, and each message once.
    private(set) var octets = 0

    var isEmpty: Bool { deliveries.isEmpty }

    mutating func append(_ delivery: Delivery) {
        octets += BrokerLimits.messageOverhead
        if deliveries.last?.message !== delivery.message { octets += delivery.message.cost }
        deliveries.append(delivery)
    }

    mutating func popFirst() -> Delivery? {
        guard let first = deliveries.popFirst() else { return nil }
        octets -= BrokerLimits.messageOverhead
        if deliveries.first?.message !== first.message { octets -= first.message.cost }
        return first
    }
}
