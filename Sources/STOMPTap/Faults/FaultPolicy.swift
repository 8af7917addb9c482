import STOMPCore

/// Says what of a inspector gets lost, and when enough has passed. A value without I/O.
struct FaultPolicy {
    enum Verdict: Equatable {
        case pass
        /// It is lost.
        case drop(TapFault)
        /// It is behind the last one that passes, and nobody is told of it.
        case hide
    }

    private let dropsHeartBeats: Bool
    private let dropsMessage: (@Sendable (Frame) -> Bool)?
    /// How many frames may still pass.
    private var remaining: Int?

    init(_ faults: TapFaults) {
        dropsHeartBeats = faults.dropsHeartBeats
        dropsMessage = faults.dropsMessage
        if case .frames(let count) = faults.closing { remaining = count }
    }

    /// Whether as many frames have passed as may.
    var isSpent: Bool { remaining == 0 }

    mutating func judge(_ frame: Frame) -> Verdict {
        guard !isSpent else { return .hide }
        remaining = remaining.map { $0 - 1 }
        guard frame.command == .message || frame.command == .send, let dropsMessage, dropsMessage(frame) else {
            return .pass
        }
        return .drop(
            .droppedFrame(frame.command, destination: frame.headers["destination"], bodySize: frame.bodySize))
    }

    func judgeHeartBeat() -> Verdict {
        if isSpent { return .hide }
        return dropsHeartBeats ? .drop(.droppedHeartBeat) : .pass
    }

    /// Judges a message that is no STOMP.
    mutating func judgeMessage() -> Verdict {
        guard !isSpent else { return .hide }
        remaining = remaining.map { $0 - 1 }
        return .pass
    }
}
