import NIOCore
import STOMPCore
import Synchronization

/// The decisions of ``TapFaults/dropsMessage``, if they are made on another thread.
///
/// A ``TapMachine`` asks for the decision on one frame after the other. If it asks for an unknown one, its changes
/// must be discarded, and the same event must be passed to it again when the decision is known.
final class DeferredVerdicts: Sendable {
    struct Known: Sendable {
        var frame: Frame
        var isDropped: Bool
    }

    private struct State: Sendable {
        /// The known decisions on the frames of the current event, in order.
        var known: ArraySlice<Known> = []
        /// The frames that were asked for and have no known decision.
        var unknown: [Frame] = []
    }

    private let state = Mutex(State())
    private let dropsMessage: @Sendable (Frame) -> Bool
    private let runner: TapFaults.Runner

    /// Replaces the decision in `faults`; nil if that is made on the event loop.
    init?(replacing faults: inout TapFaults) {
        guard let runner = faults.runner.take(), let dropsMessage = faults.dropsMessage else { return nil }
        self.runner = runner
        self.dropsMessage = dropsMessage
        faults.dropsMessage = { [self] in judge($0) }
    }

    /// Starts the processing of an event with the known decisions.
    func start(with known: [Known]) {
        state.withLock { $0 = State(known: known[...]) }
    }

    /// Returns and clears the frames that the machine has asked for and that have no known decision.
    func takeUnknown() -> [Frame] {
        state.withLock { state in
            defer { state = State() }
            return state.unknown
        }
    }

    /// Decides on frames, on another thread, and calls back there.
    func decide(_ frames: [Frame], _ callBack: @escaping @Sendable ([Known]) -> Void) {
        let dropsMessage = dropsMessage
        runner {
            frames.map { dropsMessage($0) }
        } _: { results in
            callBack(zip(frames, results).map { Known(frame: $0, isDropped: $1) })
        }
    }

    private func judge(_ frame: Frame) -> Bool {
        state.withLock { state in
            if let next = state.known.first, next.frame.bytes == frame.bytes {
                state.known.removeFirst()
                return next.isDropped
            }
            state.unknown.append(frame)
            return false
        }
    }
}
