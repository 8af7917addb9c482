import STOMPCore

/// Transactions: nothing happens until COMMIT, and then all of it or nothing.
extension Exchange {
    mutating func begin(_ transaction: String, from connection: ConnectionID) throws(BrokerError) {
        let open = clients[connection]?.transactions ?? [:]
        guard open[transaction] == nil else {
            throw BrokerError(.duplicateID, "the transaction \(transaction.debugDescription) has begun already")
        }
        guard open.count < limits.transactions else {
            throw BrokerError(.limitExceeded, "a connection may have \(limits.transactions) transactions open")
        }
        clients[connection, default: Client()].transactions[transaction] = []
    }

    mutating func add(_ message: Message, to transaction: String, from connection: ConnectionID) throws(BrokerError) {
        try checkRoom(in: transaction, of: connection)
        try hold(message)
        clients[connection]?.transactions[transaction]?.append(.publish(message.kept()))
    }

    mutating func add(
        _ acknowledgement: ClientRequest.Acknowledgement, to transaction: String, from connection: ConnectionID
    ) throws(BrokerError) {
        try checkRoom(in: transaction, of: connection)
        try check(acknowledgement, from: connection)
        clients[connection]?.transactions[transaction]?.append(.settle(acknowledgement))
    }

    /// Performs the steps on a copy, which becomes the exchange when all of them have succeeded.
    mutating func commit(_ transaction: String, from connection: ConnectionID) throws(BrokerError) {
        var trial = self
        for step in try trial.remove(transaction, of: connection) {
            switch step {
            case .publish(let message): try trial.publish(message)
            case .settle(let acknowledgement): try trial.settle(acknowledgement, from: connection)
            }
        }
        self = trial
    }

    mutating func abort(_ transaction: String, from connection: ConnectionID) throws(BrokerError) {
        _ = try remove(transaction, of: connection)
    }

    private mutating func remove(_ transaction: String, of connection: ConnectionID) throws(BrokerError) -> [Step] {
        guard let steps = clients[connection]?.transactions.removeValue(forKey: transaction) else {
            throw unknown(transaction)
        }
        for step in steps { release(step) }
        return steps
    }

    private func checkRoom(in transaction: String, of connection: ConnectionID) throws(BrokerError) {
        guard let open = clients[connection]?.transactions, open[transaction] != nil else { throw unknown(transaction) }
        guard open.values.reduce(0, { $0 + $1.count }) < limits.transactionFrames else {
            throw BrokerError(
                .limitExceeded, "the transactions of a connection may hold \(limits.transactionFrames) frames")
        }
    }

    private func unknown(_ transaction: String) -> BrokerError {
        BrokerError(.unknownTransaction, "no transaction \(transaction.debugDescription) is open on this connection")
    }
}
