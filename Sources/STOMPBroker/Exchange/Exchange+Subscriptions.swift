import STOMPCore

/// Who comes and goes, and what is acknowledged.
extension Exchange {
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
            throw BrokerError(.duplicateID, "there is a subscription with \(subscription.name) already")
        }
        guard existing.count < limits.subscriptions else {
            throw BrokerError(.limitExceeded, "a connection may have \(limits.subscriptions) subscriptions")
        }
        subscriptionsMade += 1
        let number = subscriptionsMade
        clients[subscription.connection, default: Client()].subscriptions[subscription.name] = number
        subscriptions[number] = subscription
        if subscription.isQueue {
            queues[subscription.destination, default: MessageQueue()].add(receiver: number)
            look(at: subscription.destination)
        } else {
            topics[subscription.destination, default: []].append(number)
        }
    }

    mutating func unsubscribe(_ name: SubscriptionName, from connection: ConnectionID) throws(BrokerError) {
        guard let number = clients[connection]?.subscriptions.removeValue(forKey: name) else {
            throw BrokerError(.unknownSubscription, "there is no subscription with \(name) on this connection")
        }
        end(number)
    }

    private mutating func end(_ number: Int) {
        guard var subscription = subscriptions.removeValue(forKey: number) else { return }
        let destination = subscription.destination
        if subscription.isQueue {
            queues[destination]?.remove(receiver: number)
            queues[destination]?.giveBack(subscription.settleAll())
            look(at: destination)
            let isRemembered = queuesStay && queues.count <= limits.rememberedQueues
            if !isRemembered, queues[destination]?.isUnused ?? false { queues[destination] = nil }
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
            throw BrokerError(
                .unknownSubscription, "the message belongs to another subscription than \(id.debugDescription)")
        }
        try subscription.check(acknowledgement.delivery.number)
    }
}
