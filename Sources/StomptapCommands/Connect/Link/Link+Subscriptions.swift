import STOMPClient
import STOMPCore

/// What lasts longer than a connection, and what ends with it.
extension Link {
    // MARK: Subscriptions

    /// Subscribes, and waits until the subscription stands.
    ///
    /// - Returns: its id, and since when it is known to stand.
    func subscribe(
        to destination: String, id: String?, ack: AckMode?, headers: HeaderList
    ) async throws -> (id: String, standing: SubscriptionStanding) {
        let (connection, messages) = try state.value.current()
        let policy = AckPolicy(to: destination, headers: headers, ack: ack, handshake: connection.handshake)
        let subscription = try await connection.subscribe(
            to: destination, id: id, ack: policy.mode, headers: policy.headers(behind: headers), into: messages)
        state.update {
            $0.wanted.append(
                Wanted(id: subscription.id, destination: destination, ack: ack, headers: headers, policy: policy))
        }
        events.pass()
        do {
            return (subscription.id, try await connection.standing(of: subscription))
        } catch let error as STOMPClientError {
            // One that the server never took would end the next session too.
            forget(subscription.id)
            throw error
        }
    }

    /// Ends the subscriptions of this id, or to this destination.
    ///
    /// - Returns: those that were ended.
    func unsubscribe(_ name: String, headers: HeaderList) async throws -> [Wanted] {
        let wanted = state.value.wanted
        let meant = wanted.first { $0.id == name }.map { [$0] } ?? wanted.filter { $0.destination == name }
        let connection = state.value.connection
        for subscription in meant {
            if let connection {
                try await connection.unsubscribe(id: subscription.id, headers: headers)
            }
            forget(subscription.id)
        }
        return meant
    }

    private func forget(_ id: String) {
        state.update { state in state.wanted.removeAll { $0.id == id } }
        events.pass()
    }

    // MARK: Acknowledgement

    /// Whether a message is acknowledged once it is printed or counted.
    func awaitsOutput(_ message: Message) -> Bool { subscription(of: message)?.acknowledgesByItself ?? false }

    private func subscription(of message: Message) -> Wanted? {
        let wanted = state.value.wanted
        return wanted.first { message.headers.has("subscription", $0.id) }
            ?? wanted.first { message.headers.has("destination", $0.destination) }
    }

    /// Acknowledges those of these messages that are acknowledged by themselves: they were printed or counted.
    ///
    /// - Throws: `STOMPClientError`.
    func acknowledge(_ messages: some Sequence<LoggedMessage>) async throws {
        guard let connection = state.value.connection else { return }
        let number = connectionNumber
        var ready: [LoggedMessage] = []
        for logged in messages where logged.awaitsOutput && logged.connection == number {
            guard let subscription = subscription(of: logged.message), subscription.acknowledgesByItself else {
                continue
            }
            guard logged.message.frame.canBeAcknowledged(in: connection.handshake.version) else {
                // Spring's simple broker, where a queue is a topic.
                stopAnswering(subscription.id)
                continue
            }
            // An ACK in the mode client covers what came before, printed or not.
            let isCovering = subscription.mode == .client
            guard !isCovering || !log.hasUnsettled(before: logged, besides: ready) else { continue }
            if log.settle(logged, isCumulative: false) { ready.append(logged) }
        }
        guard !ready.isEmpty else { return }
        try await connection.ack(ready.map(\.message))
        let count = ready.count
        state.update { $0.acknowledged += count }
    }

    private func stopAnswering(_ id: String) {
        state.update { state in
            for index in state.wanted.indices where state.wanted[index].id == id {
                state.wanted[index].policy?.stopAnswering(isAuto: true)
            }
        }
    }

    /// How many acknowledged messages may come again, because the session ended without the server's confirmation.
    func repeats(after goodbye: Goodbye?) -> Int {
        let state = state.value
        guard goodbye != .confirmed, goodbye != .closed else { return 0 }
        let limits = state.wanted.filter(\.acknowledgesByItself).map { $0.policy?.prefetch }
        let limit = limits.contains(nil) ? Int.max : limits.compactMap(\.self).reduce(0, +)
        return min(state.acknowledged, limit)
    }

    // MARK: Transactions

    /// - Throws: ``Failure`` where a transaction is open.
    func checkTransaction() throws {
        guard let open = state.value.transaction else { return }
        throw Failure(.badInput, "STOMP: transaction \(open) is open: 'commit' or 'abort' it first")
    }

    func begin(_ id: String?) async throws -> String {
        try checkTransaction()
        let transaction = try await connection().begin(id)
        state.update { $0.transaction = transaction }
        events.pass()
        return transaction
    }

    /// Ends the open transaction by COMMIT or ABORT.
    ///
    /// - Returns: the transaction, and for COMMIT its receipt.
    func endTransaction(commits: Bool) async throws -> (id: String, receipt: Receipt?) {
        let connection = try connection()
        guard let transaction = state.value.transaction else {
            throw Failure(.badInput, "STOMP: no transaction is open: 'begin' opens one")
        }
        let receipt = commits ? try await connection.commit(transaction) : nil
        if !commits { try await connection.abort(transaction) }
        state.update { $0.transaction = nil }
        events.pass()
        return (transaction, receipt)
    }
}
