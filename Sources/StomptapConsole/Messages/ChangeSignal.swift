import NIOCore
import Synchronization

/// Lets tasks wait until something has changed since they last checked.
final class ChangeSignal: Sendable {
    private struct State {
        var passes = 0
        var tickets = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// The number of changes so far, to be passed to ``wait(after:)``.
    var passes: Int { state.withLock { $0.passes } }

    /// Signals a change.
    func pass() {
        let waiting = state.withLock { state in
            state.passes += 1
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when there have been more changes than `passes`, or when the task is cancelled.
    func wait(after passes: Int) async {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.passes > passes || Task.isCancelled { return true }
                    state.waiting[ticket] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
        }
    }

    /// Returns the first non-nil result of `condition`, which is evaluated again after each change; nil if it
    /// returns none within `time`.
    ///
    /// - Throws: what `condition` throws, or `CancellationError`.
    func wait<Result: Sendable>(
        within time: TimeAmount, for condition: @escaping @Sendable () async throws -> Result?
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await self.wait(for: condition) }
            group.addTask {
                try await Task.sleep(nanoseconds: UInt64(time.nanoseconds))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// The same without a time limit.
    func wait<Result>(for condition: () async throws -> Result?) async throws -> Result {
        while true {
            let passes = passes
            if let result = try await condition() { return result }
            await wait(after: passes)
            try Task.checkCancellation()
        }
    }
}
