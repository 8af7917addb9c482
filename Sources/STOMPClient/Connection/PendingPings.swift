import NIOCore

/// Pings of WebSocket that have no pong yet, oldest first. A value.
struct PendingPings<Waiter> {
    private var pings: [(payload: ByteBuffer, waiter: Waiter)] = []

    mutating func add(_ payload: ByteBuffer, _ waiter: Waiter) {
        pings.append((payload, waiter))
    }

    /// Returns who waits for a pong with this payload: it answers all pings before its own (RFC 6455, section 5.5.3).
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
