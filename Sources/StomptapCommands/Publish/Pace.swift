import NIOCore
import STOMPTransport

/// Decides when each message may be sent.
struct Pace: Sendable {
    enum Manner: Sendable {
        case atOnce
        /// Evenly spaced: `gap` nanoseconds on average, at least `shortest`.
        case even(gap: Double, shortest: Double)
        /// With the recorded intervals, divided by `speed`.
        case recorded(speed: Double)
    }

    /// How much too early a message may be, in nanoseconds. At a high rate messages are sent in groups, because no
    /// timer is fine enough for each one.
    private static let tolerance = 10e6
    /// The maximum delay that is made up for, in nanoseconds; the rest is skipped.
    private static let memory = 1e9

    private let manner: Manner
    /// When the first message was sent, and relative to it in nanoseconds: when the next one is due, and when the
    /// last one was due.
    private var start: NIODeadline?
    private var due = 0.0
    private var last: Double?
    private var firstRecordedAt: Timestamp?

    init(_ manner: Manner) {
        self.manner = manner
    }

    /// `rate` messages per second; after a delay at twice the rate until it has caught up.
    static func rate(_ perSecond: Double) -> Pace {
        Pace(.even(gap: 1e9 / perSecond, shortest: 0.5e9 / perSecond))
    }

    /// With at least this interval between messages.
    static func interval(_ amount: TimeAmount) -> Pace {
        Pace(.even(gap: Double(amount.nanoseconds), shortest: Double(amount.nanoseconds)))
    }

    /// Takes the turn of the next message if it is due.
    ///
    /// - Parameters:
    ///   - recordedAt: when the message was recorded; nil if it was not.
    ///   - now: the current time.
    /// - Returns: nil if the message may be sent now; otherwise how long to wait.
    mutating func wait(recordedAt: Timestamp?, now: NIODeadline) -> TimeAmount? {
        let time = Double((now - (start ?? now)).nanoseconds)
        switch manner {
        case .atOnce:
            return nil
        case .even(let gap, let shortest):
            start = start ?? now
            due = max(due, time - Self.memory)
            let turn = max(due, last.map { max($0 + shortest, time - Self.tolerance) } ?? time)
            guard turn <= time else { return .nanoseconds(Int64(turn - time)) }
            last = turn
            due += gap
            return nil
        case .recorded(let speed):
            start = start ?? now
            guard let recordedAt else { return nil }
            let first = firstRecordedAt ?? recordedAt
            firstRecordedAt = first
            let turn = (Double(recordedAt.nanoseconds) - Double(first.nanoseconds)) / speed
            // A recorded time of another century means a long wait, not an overflow.
            return turn <= time ? nil : .nanoseconds(Int64(min(turn - time, 1e18)))
        }
    }
}
