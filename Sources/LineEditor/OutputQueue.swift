import Synchronization

/// A bounded queue of text from any task to the editor's thread.
final class OutputQueue: Sendable {
    enum Answer { case added, full, closed }

    /// The largest number of queued bytes; above it, senders wait.
    static let limit = 256 << 10

    private struct State {
        var items: [[UInt8]] = []
        var bytes = 0
        var waiting: [(item: [UInt8], continuation: CheckedContinuation<Void, Never>)] = []
        var closed = false

        mutating func add(_ item: [UInt8]) -> Answer {
            if closed { return .closed }
            guard bytes < OutputQueue.limit, waiting.isEmpty else { return .full }
            items.append(item)
            bytes += item.count
            return .added
        }

        /// Removes whole items until there are at least `size` bytes, and admits waiting items.
        mutating func dequeue(_ size: Int) -> (bytes: [UInt8], admitted: [CheckedContinuation<Void, Never>]) {
            var taken: [UInt8] = []
            var count = 0
            while count < items.count, taken.count < size {
                taken += items[count]
                count += 1
            }
            items.removeFirst(count)
            bytes -= taken.count
            var admitted = 0
            while admitted < waiting.count, bytes < OutputQueue.limit || closed {
                items.append(waiting[admitted].item)
                bytes += waiting[admitted].item.count
                admitted += 1
            }
            defer { waiting.removeFirst(admitted) }
            return (taken, waiting[..<admitted].map(\.continuation))
        }
    }

    private let state = Mutex(State())
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called when the queue was empty and gets an item.
    init(wake: @escaping @Sendable () -> Void) {
        self.wake = wake
    }

    var isEmpty: Bool { state.withLock { $0.items.isEmpty } }

    /// Adds an item if there is room.
    func offer(_ item: [UInt8]) -> Answer {
        let (answer, wasEmpty) = state.withLock { state in
            let wasEmpty = state.items.isEmpty
            return (state.add(item), wasEmpty)
        }
        if answer == .added, wasEmpty { wake() }
        return answer
    }

    /// Adds an item as soon as there is room. Returns false if the queue is closed.
    func add(_ item: [UInt8]) async -> Bool {
        var answer = offer(item)
        guard answer == .full else { return answer == .added }
        await withCheckedContinuation { continuation in
            answer = state.withLock { state in
                let answer = state.add(item)
                if answer == .full { state.waiting.append((item, continuation)) }
                return answer
            }
            if answer == .added { wake() }
            if answer != .full { continuation.resume() }
        }
        return answer != .closed
    }

    func dequeue(_ size: Int) -> [UInt8] {
        let (bytes, admitted) = state.withLock { $0.dequeue(size) }
        for continuation in admitted { continuation.resume() }
        return bytes
    }

    /// Closes the queue, and returns the items that are still in it.
    func close() -> [UInt8] {
        state.withLock { $0.closed = true }
        var rest: [UInt8] = []
        while !isEmpty { rest += dequeue(.max) }
        return rest
    }
}
