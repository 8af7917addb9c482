import NIOCore
import STOMPCore
import Synchronization

/// Which frames ``TapFaults/dropsMessage`` drops, where that is decided on another thread.
///
/// A ``TapMachine`` asks for one frame after the other. It is told what is known; where it asks for more, what it then did
/// must be thrown away, and the same event be given to it again when more is known.
final class DeferredVerdicts: Sendable {
    struct Known: Sendable {
        var frame: Frame
        var isDropped: Bool
    }

    private struct State: Sendable {
        /// What is known of the frames of the present event, in their order.
        var known: ArraySlice<Known> = []
        /// What was asked for in vain.
        var unknown: [Frame] = []
    }

    private let state = Mutex(State())
    private let dropsMessage: @Sendable (Frame) -> Bool
    private let runner: TapFaults.Runner

    /// Takes the place of the decision in `faults`; nil where that is made on the event loop.
    init?(replacing faults: inout TapFaults) {
        guard let runner = faults.runner.take(), let dropsMessage = faults.dropsMessage else { return nil }
        self.runner = runner
        self.dropsMessage = dropsMessage
        faults.dropsMessage = { [self] in judge($0) }
    }

    /// An event is given to the machine.
    func start(with known: [Known]) {
        state.withLock { $0 = State(known: known[...]) }
    }

    /// What the machine has asked for that was not known.
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
