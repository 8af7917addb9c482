import STOMPClient
import StomptapRuntime
import Synchronization

/// What all tasks of a run count together, while it goes on.
final class RunCounters: Sendable {
    struct Errors: Sendable {
        /// How many there were of each kind.
        var kinds: [String: Int] = [:]
        var first: STOMPClientError?
    }

    /// Measured messages that were handed to their connections.
    let sent = Atomic(0)
    /// Measured messages that came, those that came again included.
    let received = Atomic(0)
    /// Those that came for the first time.
    let fresh = Atomic(0)
    /// What came and was no message of this run.
    let foreign = Atomic(0)
    /// Times by the system's clock, in nanoseconds; 0 where nothing happened yet.
    let lastSent = Atomic(Int64(0))
    let firstReceived = Atomic(Int64.max)
    let lastReceived = Atomic(Int64(0))
    let lastFresh = Atomic(Int64(0))
    /// Latencies that were negative, as clocks that differ make them.
    let negative = Atomic(0)

    let publishing = Atomic(0)
    let reading = Atomic(0)
    let receiptsAsked = Atomic(0)
    let receiptsArrived = Atomic(0)

    private let stopping = Atomic(false)
    private let interrupted = Atomic(false)
    private let errors = Shared(Errors())

    /// Whether publishers are to send no more.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    func stop() { stopping.store(true, ordering: .relaxed) }

    /// Whether a signal ended the run.
    var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }

    func interrupt() {
        interrupted.store(true, ordering: .relaxed)
        stop()
    }

    /// Counts a failure of one connection.
    func failed(_ error: any Error) {
        // What this side ended is no failure.
        guard let error = error as? STOMPClientError else { return }
        errors.update { errors in
            errors.kinds[error.kindName, default: 0] += 1
            errors.first = errors.first ?? error
        }
    }

    var allErrors: Errors { errors.value }
}
