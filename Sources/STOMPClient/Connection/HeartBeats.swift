import NIOCore
import STOMPCore

/// The negotiated heart-beats: sends this side's in time, and detects the server's silence. A value without a
/// clock; the caller passes the time.
struct HeartBeats {
    /// The action that is due.
    enum Action: Equatable {
        case nothing
        /// Send an end of line.
        case send
        /// End the session: the server has sent nothing for too long.
        case endSilent(for: Duration, agreed: Duration)
    }

    private var monitor: HeartBeatMonitor

    /// - Parameter agreed: the negotiated intervals, from this side's view; none before CONNECTED.
    init(_ agreed: HeartBeat = .none, at now: NIODeadline) {
        monitor = HeartBeatMonitor(agreed, now: now)
    }

    /// When to call ``check(at:isReading:isWritable:)``; nil if no heart-beats were negotiated.
    var nextCheck: NIODeadline? { monitor.nextCheck }

    /// The interval of the server's heart-beats; nil if it sends none.
    var incoming: Duration? { Self.interval(monitor.heartBeat.incoming) }

    /// The interval of this side's heart-beats; nil if it sends none.
    var outgoing: Duration? { Self.interval(monitor.heartBeat.outgoing) }

    private static func interval(_ milliseconds: Int) -> Duration? {
        milliseconds > 0 ? .milliseconds(milliseconds) : nil
    }

    /// Data of any kind was sent.
    mutating func sent(at now: NIODeadline) { monitor.sent(at: now) }

    /// Data of any kind was received, or reading was paused until now.
    mutating func received(at now: NIODeadline) { monitor.received(at: now) }

    /// The time since data was last received.
    func silence(at now: NIODeadline) -> Duration { monitor.silence(at: now) }

    /// The time since data last passed in either direction; nil if any heart-beats were negotiated.
    func quietWithoutBeats(at now: NIODeadline) -> Duration? {
        incoming == nil && outgoing == nil ? monitor.quiet(at: now) : nil
    }

    /// - Parameters:
    ///   - isReading: whether the socket is read; otherwise the server's silence has no meaning.
    ///   - isWritable: whether a heart-beat would be sent soon. If not, a full queue is being sent, which shows the
    ///     peer that this side is alive too.
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
