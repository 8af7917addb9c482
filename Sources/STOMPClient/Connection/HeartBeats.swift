import NIOCore
import STOMPCore

/// The heart-beats that were agreed on: this side's are sent in time, the server's silence is noticed. A value that is
/// given the time.
struct HeartBeats {
    /// What is to be done at a moment.
    enum Action: Equatable {
        case nothing
        /// Send an end of line.
        case send
        /// End the session: the server has broken its promise.
        case endSilent(for: TimeAmount, agreed: TimeAmount)
    }

    private var monitor: HeartBeatMonitor

    /// - Parameter agreed: this side's view of what both sides have promised; before CONNECTED nothing.
    init(_ agreed: HeartBeat = .none, at now: NIODeadline) {
        monitor = HeartBeatMonitor(agreed, now: now)
    }

    /// When ``check(at:isReading:isWritable:)`` is to be called; nil where nothing was promised.
    var nextCheck: NIODeadline? { monitor.nextCheck }

    /// How often the server has promised to be heard; nil where it has not.
    var incoming: TimeAmount? { Self.interval(monitor.heartBeat.incoming) }

    /// How often this side has promised to be heard; nil where it has not.
    var outgoing: TimeAmount? { Self.interval(monitor.heartBeat.outgoing) }

    private static func interval(_ milliseconds: Int) -> TimeAmount? {
        milliseconds > 0 ? .milliseconds(Int64(milliseconds)) : nil
    }

    /// Something was sent, whatever it was.
    mutating func sent(at now: NIODeadline) { monitor.sent(at: now) }

    /// Something came, whatever it was, or this side did not listen until now.
    mutating func received(at now: NIODeadline) { monitor.received(at: now) }

    /// How long nothing has come.
    func silence(at now: NIODeadline) -> TimeAmount { monitor.silence(at: now) }

    /// How long nothing has passed either way; nil where a side has promised heart-beats.
    func quietWithoutBeats(at now: NIODeadline) -> TimeAmount? {
        incoming == nil && outgoing == nil ? monitor.quiet(at: now) : nil
    }

    /// - Parameters:
    ///   - isReading: whether the socket is read; while it is not, the server's silence means nothing.
    ///   - isWritable: whether a heart-beat would leave soon. Where it would not, a full queue is on its way already,
    ///     which is a sign of life too.
    mutating func check(at now: NIODeadline, isReading: Bool, isWritable: Bool) -> Action {
        let due = monitor.due(at: now)
        if due.peerIsSilent {
            if isReading, let incoming {
                return .endSilent(for: monitor.silence(at: now), agreed: incoming)
            }
            monitor.received(at: now)
        }
        guard due.send else { return .nothing }
        monitor.sent(at: now)
        return isWritable ? .send : .nothing
    }
}
