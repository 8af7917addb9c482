import Synchronization

/// Text on its way from any task to the editor's thread: in order, and bounded.
final class OutputQueue: Sendable {
    enum Answer { case added, full, closed }

    /// Bytes that may wait; with more, senders wait themselves.
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

        /// Takes whole items until they are `size` bytes or more, and lets in what waits outside.
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

    /// - Parameter wake: called when there is something to take, and was not before.
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

    /// Adds an item once there is room. False where the queue is closed.
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

    /// Lets nothing more in, and returns what is still there.
    func close() -> [UInt8] {
        state.withLock { $0.closed = true }
        var rest: [UInt8] = []
        while !isEmpty { rest += dequeue(.max) }
        return rest
    }
}
