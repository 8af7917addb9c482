import STOMPClient
import STOMPCore

/// What lasts longer than a connection, and what ends with it.
extension Link {
    // MARK: Subscriptions

    /// Subscribes, and waits until the subscription stands.
    ///
    /// - Returns: its id, and since when it is known to stand.
    func subscribe(
        to destination: String, id: String?, ack: AckMode, headers: HeaderList
    ) async throws -> (id: String, standing: SubscriptionStanding) {
        let (connection, messages) = try state.value.current()
        let subscription = try await connection.subscribe(
            to: destination, id: id, ack: ack, headers: headers, into: messages)
        state.update {
            $0.wanted.append(Wanted(id: subscription.id, destination: destination, ack: ack, headers: headers))
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
