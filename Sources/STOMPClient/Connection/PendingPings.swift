import NIOCore

/// WebSocket pings without a pong yet, oldest first. A value without I/O.
struct PendingPings<Waiter> {
    private var pings: [(id: Int, payload: ByteBuffer, waiter: Waiter)] = []
    private var nextID = 0

    /// - Returns: the id for ``remove(_:)``.
    mutating func add(_ payload: ByteBuffer, _ waiter: Waiter) -> Int {
        defer { nextID += 1 }
        pings.append((nextID, payload, waiter))
        return nextID
    }

    /// Removes a ping that no caller waits for any more.
    mutating func remove(_ id: Int) {
        pings.removeAll { $0.id == id }
    }

    /// Removes and returns the waiters that a pong with this payload completes: it answers all pings before its
    /// own (RFC 6455, section 5.5.3). If payloads are equal it answers the last one, because a peer may skip
    /// the earlier ones.
    mutating func pong(_ payload: ByteBuffer) -> [Waiter] {
        guard let last = pings.lastIndex(where: { $0.payload == payload }) else { return [] }
        defer { pings.removeSubrange(...last) }
        return pings[...last].map(\.waiter)
    }

    mutating func removeAll() -> [Waiter] {
        defer { pings = [] }
        return pings.map(\.waiter)
    }
}
