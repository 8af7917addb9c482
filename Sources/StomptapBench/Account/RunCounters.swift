import STOMPClient
import StomptapRuntime
import Synchronization

/// Counters shared by all tasks of a run.
final class RunCounters: Sendable {
    struct Errors: Sendable {
        /// The number of errors of each kind.
        var kinds: [String: Int] = [:]
        var first: STOMPClientError?
    }

    /// Measured messages that were passed to their connections.
    let sent = Atomic(0)
    /// Measured messages received, including duplicates.
    let received = Atomic(0)
    /// Measured messages received, without duplicates.
    let fresh = Atomic(0)
    /// Messages received that do not belong to this run.
    let foreign = Atomic(0)
    /// Times of the system clock, in nanoseconds; 0 if nothing was sent or received yet.
    let lastSent = Atomic(Int64(0))
    let firstReceived = Atomic(Int64.max)
    let lastReceived = Atomic(Int64(0))
    let lastFresh = Atomic(Int64(0))
    /// Negative latencies, as caused by clocks that differ.
    let negative = Atomic(0)

    let publishing = Atomic(0)
    let reading = Atomic(0)
    let receiptsAsked = Atomic(0)
    let receiptsArrived = Atomic(0)

    private let stopping = Atomic(false)
    private let interrupted = Atomic(false)
    private let errors = Shared(Errors())

    /// Whether publishers must stop sending.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    func stop() { stopping.store(true, ordering: .relaxed) }

    /// Whether a signal interrupted the run.
    var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }

    func interrupt() {
        interrupted.store(true, ordering: .relaxed)
        stop()
    }

    /// Counts the failure of a connection.
    func failed(_ error: any Error) {
        // Only errors of the client are failures, not a cancellation by this side.
        guard let error = error as? STOMPClientError else { return }
        errors.update { errors in
            errors.kinds[error.kindName, default: 0] += 1
            errors.first = errors.first ?? error
        }
    }

    var allErrors: Errors { errors.value }
}
