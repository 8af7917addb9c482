import NIOCore

/// Who waits until more can be written without queueing it in memory, and whether the server takes anything meanwhile.
///
/// From the first who waits on, the caller looks once in a while, by ``check(queued:)``, what is still queued. A value.
struct WaitingWriters<Waiter> {
    enum Check: Equatable {
        /// Nobody waits any more: no further look is needed.
        case idle
        /// The server takes something: look again later.
        case again
        /// Nothing has left since the last look.
        case stalled
    }

    private enum Watch: Equatable {
        case off
        /// So many bytes were queued at the last look.
        case on(queued: Int)
        /// All could be written since the last look, whatever is queued now.
        case progress
    }

    private var waiters: [Waiter] = []
    private var watch = Watch.off

    /// - Returns: whether the caller must start looking.
    mutating func add(_ waiter: Waiter, queued: Int) -> Bool {
        waiters.append(waiter)
        guard watch == .off else { return false }
        watch = .on(queued: queued)
        return true
    }

    /// More can be written. Returns who waited for it.
    mutating func becameWritable() -> [Waiter] {
        if watch != .off { watch = .progress }
        return removeAll()
    }

    mutating func check(queued: Int) -> Check {
        guard !waiters.isEmpty else {
            watch = .off
            return .idle
        }
        let hasStalled = watch == .on(queued: queued)
        watch = .on(queued: queued)
        return hasStalled ? .stalled : .again
    }

    mutating func removeAll() -> [Waiter] {
        defer { waiters = [] }
        return waiters
    }
}

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
