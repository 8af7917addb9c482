import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// A line on a terminal's stderr that tells how a run stands, and is written over.
final class LiveLine: Sendable {
    enum State: Sendable {
        /// Nothing that counts has been sent or has come.
        case waiting(BenchPlan)
        /// `time` in nanoseconds since the measuring began, `last` the last whole second, `p99` in nanoseconds.
        case running(
            BenchPlan, time: Int64, sent: Int, received: Int, last: Timeline.Interval?, p99: UInt64?)
    }

    /// The line is written at most so often, in nanoseconds.
    private static let interval: Int64 = 200_000_000

    private let lastShown = Shared(Int64(0))

    func show(_ state: State) {
        let now = Timestamp.now().nanoseconds
        guard now - lastShown.value >= Self.interval, let width = StatusLine.width else { return }
        lastShown.update { $0 = now }
        StatusLine.show(Self.text(state, width: width))
    }

    /// The line, no wider than the terminal: what matters less goes first.
    static func text(_ state: State, width: Int) -> String {
        switch state {
        case .waiting(let plan):
            let text = plan.role == .subscribe ? "waiting for the first message" : "warming up"
            return String(text.prefix(width))
        case .running(let plan, let time, let sent, let received, let last, let p99):
            var parts = ["\(Readable.decimal(Double(time) / 1e9, digits: 1)) s"]
            if let share = share(plan, time: time, sent: sent) { parts[0] += " " + StatusLine.bar(share) }
            if plan.role.publishes { parts.append("sent \(Readable.count(last?.sentPerSecond ?? 0))/s") }
            if plan.role.subscribes {
                parts.append("received \(Readable.count(last?.receivedPerSecond ?? 0))/s")
                if let p99 { parts.append("p99 \(Readable.time(Double(p99)))") }
                parts.append("\(Readable.count(received)) in all")
            } else {
                parts.append("\(Readable.count(sent)) in all")
            }
            return StatusLine.fitted(parts, width: width)
        }
    }

    /// How much of the sending is done, from 0 to 1; nil where nobody knows.
    private static func share(_ plan: BenchPlan, time: Int64, sent: Int) -> Double? {
        guard plan.role.publishes else { return nil }
        if let messages = plan.messages { return min(1, Double(sent) / Double(messages)) }
        return min(1, Double(time) / Double(max(1, plan.duration.nanoseconds)))
    }
}
