import NIOCore

/// Requested receipts that have not been received, each with its waiter.
///
/// Receipts are pipelined, so they share one timeout, which restarts with each receipt received. When it expires,
/// all missing receipts have failed, except held ones. A value without a clock; the caller passes the time.
struct ReceiptTable<Waiter> {
    /// The maximum time until the next receipt.
    let timeout: TimeAmount
    private var waiters: [String: Waiter] = [:]
    /// The receipts in `waiters` whose timeout has not started, each with its transaction: a server may send the
    /// receipt of a message in a transaction only after the transaction has ended.
    private var held: [String: String] = [:]
    /// When the timeout was last started.
    private var start = NIODeadline.uptimeNanoseconds(0)

    init(timeout: TimeAmount) {
        self.timeout = timeout
    }

    /// When to call ``expire(at:)``; nil if no receipt has a running timeout. It only gets later while receipts
    /// arrive, so a timer that was set for an earlier time may simply expire.
    var deadline: NIODeadline? { hasRunning ? start + timeout : nil }

    private var hasRunning: Bool { waiters.count > held.count }

    /// - Parameter transaction: the transaction that the frame belongs to. The timeout then
    ///   starts with ``release(_:at:)``.
    mutating func add(_ id: String, _ waiter: Waiter, in transaction: String? = nil, at now: NIODeadline) {
        if !hasRunning { start = now }
        waiters[id] = waiter
        held[id] = transaction
    }

    /// Starts the timeout for the receipts of a transaction, after it has ended.
    mutating func release(_ transaction: String, at now: NIODeadline) {
        let count = held.count
        held = held.filter { $0.value != transaction }
        if held.count < count { start = now }
    }

    /// Restarts the timeout: reading was paused, so no receipt could be received until now.
    mutating func restart(at now: NIODeadline) {
        start = now
    }

    /// Removes and returns the waiter for this receipt; nil if there is none.
    mutating func arrived(_ id: String, at now: NIODeadline) -> Waiter? {
        guard let waiter = waiters.removeValue(forKey: id) else { return nil }
        held[id] = nil
        start = now
        return waiter
    }

    /// Removes and returns the waiters whose receipts have timed out; empty before the deadline.
    mutating func expire(at now: NIODeadline) -> [Waiter] {
        guard let deadline, deadline <= now else { return [] }
        let missing = waiters.filter { held[$0.key] == nil }
        waiters = waiters.filter { held[$0.key] != nil }
        return Array(missing.values)
    }

    /// Removes and returns all waiters, because no more receipts will arrive.
    mutating func removeAll() -> [Waiter] {
        defer {
            waiters = [:]
            held = [:]
        }
        return Array(waiters.values)
    }
}
