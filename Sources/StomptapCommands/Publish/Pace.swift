import NIOCore
import STOMPTransport

/// When messages may go.
struct Pace: Sendable {
    enum Manner: Sendable {
        case atOnce
        /// One after the other with these nanoseconds between: `gap` on the average, `shortest` at least.
        case even(gap: Double, shortest: Double)
        /// As far apart as they were recorded, divided by `speed`.
        case recorded(speed: Double)
    }

    /// How early a message may be beside an even pace, so that those of a high rate can go together where no clock would
    /// wake a program for each. In nanoseconds.
    private static let tolerance = 10e6
    /// How much of the time that was lost is made up for; the rest is forgone. In nanoseconds.
    private static let memory = 1e9

    private let manner: Manner
    /// When the first one went, and since then in nanoseconds: when the next would be due, and when the last was.
    private var start: NIODeadline?
    private var due = 0.0
    private var last: Double?
    private var firstRecordedAt: Timestamp?

    init(_ manner: Manner) {
        self.manner = manner
    }

    /// `rate` messages a second; after a delay twice as many until it is made up for.
    static func rate(_ perSecond: Double) -> Pace {
        Pace(.even(gap: 1e9 / perSecond, shortest: 0.5e9 / perSecond))
    }

    /// Never nearer to each other than this.
    static func interval(_ amount: TimeAmount) -> Pace {
        Pace(.even(gap: Double(amount.nanoseconds), shortest: Double(amount.nanoseconds)))
    }

    /// Takes the next message's turn if it has come.
    ///
    /// - Parameters:
    ///   - recordedAt: when it was recorded, where it was.
    ///   - now: the present.
    /// - Returns: nil where it may go; else how long it has to wait.
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
            // A message of another century waits for long rather than overflowing.
            return turn <= time ? nil : .nanoseconds(Int64(min(turn - time, 1e18)))
        }
    }
}
