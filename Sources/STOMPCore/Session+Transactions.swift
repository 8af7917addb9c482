/// BEGIN, COMMIT and ABORT.
extension Session {
    /// BEGIN, with an id of its own (`tx-0`, `tx-1`, ...) where none is given.
    ///
    /// - Throws: ``STOMPProtocolError/Reason/duplicateTransaction(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``,
    ///   or an encoding error.
    public mutating func begin(
        _ id: String? = nil, receipt: String? = nil
    ) throws(STOMPProtocolError) -> (id: String, frame: Frame) {
        _ = try connected()
        let id = id ?? freeTransactionID()
        guard !transactions.contains(id) else {
            throw STOMPProtocolError(.local, .duplicateTransaction(id))
        }
        let frame = try transactionFrame(.begin, id, receipt)
        transactions.insert(id)
        return (id, frame)
    }

    /// - Throws: ``STOMPProtocolError/Reason/unknownTransaction(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``.
    public mutating func commit(_ id: String, receipt: String? = nil) throws(STOMPProtocolError) -> Frame {
        try end(.commit, id, receipt)
    }

    /// - Throws: ``STOMPProtocolError/Reason/unknownTransaction(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``.
    public mutating func abort(_ id: String, receipt: String? = nil) throws(STOMPProtocolError) -> Frame {
        try end(.abort, id, receipt)
    }

    private mutating func end(
        _ command: Command, _ id: String, _ receipt: String?
    ) throws(STOMPProtocolError) -> Frame {
        _ = try connected()
        try checkOpen(id)
        let frame = try transactionFrame(command, id, receipt)
        transactions.remove(id)
        return frame
    }

    private func transactionFrame(
        _ command: Command, _ id: String, _ receipt: String?
    ) throws(STOMPProtocolError) -> Frame {
        var list: HeaderList = ["transaction": id]
        if let receipt { list.append("receipt", receipt) }
        return try encoder.frame(command, list)
    }

    private mutating func freeTransactionID() -> String {
        while true {
            let id = "tx-\(transactionsMade)"
            transactionsMade += 1
            if !transactions.contains(id) { return id }
        }
    }

    /// Names the open transaction that a frame belongs to, if it belongs to one.
    func add(_ transaction: String?, to headers: inout HeaderList) throws(STOMPProtocolError) {
        guard let transaction else { return }
        try checkOpen(transaction)
        headers["transaction"] = transaction
    }

    private func checkOpen(_ transaction: String) throws(STOMPProtocolError) {
        guard transactions.contains(transaction) else {
            throw STOMPProtocolError(.local, .unknownTransaction(transaction))
        }
    }
}
