import NIOPosix
import Synchronization

/// A thread for calls that block, such as a read of stdin or a write to a slow pipe.
///
/// A call that never returns must not block the program's exit: cancelling the caller's task resumes the caller and
/// abandons the call on its thread.
package final class BlockingThread: Sendable {
    package static let input = BlockingThread()
    package static let output = BlockingThread()
    /// Has several threads: an abandoned DNS lookup must not delay the next one.
    package static let names = BlockingThread(.singleton)

    private let pool: NIOThreadPool

    package init(_ pool: NIOThreadPool = NIOThreadPool(numberOfThreads: 1)) {
        self.pool = pool
        pool.start()
    }

    /// Runs `work` after all work submitted before, without waiting for it.
    package func start(_ work: @escaping @Sendable () -> Void) {
        pool.submit { _ in work() }
    }

    /// - Throws: what `work` throws, or `CancellationError`.
    package func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        let caller = Caller<Result>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                caller.waits(continuation)
                if Task.isCancelled { return caller.resume(.failure(CancellationError())) }
                pool.submit { _ in caller.resume(Swift.Result { try work() }) }
            }
        } onCancel: {
            caller.resume(.failure(CancellationError()))
        }
    }

    /// The caller of a blocking call. It is resumed once, by the end of the call or by cancellation, whichever comes
    /// first.
    private final class Caller<Success: Sendable>: Sendable {
        private let continuation = Mutex<CheckedContinuation<Success, any Error>?>(nil)

        func waits(_ waiting: CheckedContinuation<Success, any Error>) {
            continuation.withLock { $0 = waiting }
        }

        func resume(_ result: Result<Success, any Error>) {
            let waiting = continuation.withLock { continuation in
                defer { continuation = nil }
                return continuation
            }
            waiting?.resume(with: result)
        }
    }
}

/// A value that several tasks of a command share.
package final class Shared<Value: Sendable>: Sendable {
    // Inlinable, so that other modules can specialize it: every message passes through here.
    @usableFromInline let mutex: Mutex<Value>

    @inlinable package init(_ value: Value) {
        mutex = Mutex(value)
    }

    @inlinable package var value: Value { mutex.withLock { $0 } }

    @inlinable package func update<Result: Sendable>(_ change: (inout sending Value) -> Result) -> Result {
        mutex.withLock { change(&$0) }
    }
}
