import NIOCore

/// Receipts that were asked for and have not come, each with what waits for it.
///
/// Receipts are pipelined, so they share one clock: it starts anew with each receipt that comes. When it runs out, all
/// that are missing have failed, except those that are held. A value that is given the time.
struct ReceiptTable<Waiter> {
    /// How long the next receipt may take.
    let timeout: TimeAmount
    private var waiters: [String: Waiter] = [:]
    /// Those of `waiters` whose time has not begun, each with its transaction: a server may answer a message in one after
    /// its end.
    private var held: [String: String] = [:]
    /// When the clock was started last.
    private var start = NIODeadline.uptimeNanoseconds(0)

    init(timeout: TimeAmount) {
        self.timeout = timeout
    }

    /// When ``expire(at:)`` is to be called; nil where no receipt is awaited whose time runs. It only gets later while
    /// receipts come, so that a timer that was set for an earlier one may be left to run out.
    var deadline: NIODeadline? { hasRunning ? start + timeout : nil }

    private var hasRunning: Bool { waiters.count > held.count }

    /// - Parameter transaction: the one that its frame belongs to. Its time begins only with ``release(_:at:)``.
    mutating func add(_ id: String, _ waiter: Waiter, in transaction: String? = nil, at now: NIODeadline) {
        if !hasRunning { start = now }
        waiters[id] = waiter
        held[id] = transaction
    }

    /// A transaction has ended: its receipts may be expected now.
    mutating func release(_ transaction: String, at now: NIODeadline) {
        let count = held.count
        held = held.filter { $0.value != transaction }
        if held.count < count { start = now }
    }

    /// The clock starts anew: until now no receipt could be seen, as nothing was read.
    mutating func restart(at now: NIODeadline) {
        start = now
    }

    /// Returns who waits for the receipt that came; nil where nobody does.
    mutating func arrived(_ id: String, at now: NIODeadline) -> Waiter? {
        guard let waiter = waiters.removeValue(forKey: id) else { return nil }
        held[id] = nil
        start = now
        return waiter
    }

    /// Returns who has waited in vain; nobody while the time is not up.
    mutating func expire(at now: NIODeadline) -> [Waiter] {
        guard let deadline, deadline <= now else { return [] }
        let missing = waiters.filter { held[$0.key] == nil }
        waiters = waiters.filter { held[$0.key] != nil }
        return Array(missing.values)
    }

    /// Returns everyone: no receipt will come any more.
    mutating func removeAll() -> [Waiter] {
        defer {
            waiters = [:]
            held = [:]
        }
        return Array(waiters.values)
    }
}
