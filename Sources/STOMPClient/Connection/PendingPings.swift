import NIOCore

/// Pings of WebSocket that have no pong yet, oldest first. A value.
struct PendingPings<Waiter> {
    private var pings: [(id: Int, payload: ByteBuffer, waiter: Waiter)] = []
    private var nextID = 0

    /// - Returns: what ``remove(_:)`` knows it by.
    mutating func add(_ payload: ByteBuffer, _ waiter: Waiter) -> Int {
        defer { nextID += 1 }
        pings.append((nextID, payload, waiter))
        return nextID
    }

    /// Nobody waits for this one any more.
    mutating func remove(_ id: Int) {
        pings.removeAll { $0.id == id }
    }

    /// Returns who waits for a pong with this payload: it answers all pings before its own (RFC 6455, section 5.5.3). Of
    /// equal ones it answers the last, as a peer may leave out those before it.
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
