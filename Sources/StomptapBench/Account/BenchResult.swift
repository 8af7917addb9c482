/// What a run measured.
struct BenchResult: Sendable {
    var endpoint: String
    /// `TCP`, `WebSocket` and so on; with TLS what that agreed on.
    var transport: String
    var plan: BenchPlan
    var sent: UInt64 = 0
    var received: UInt64 = 0
    /// Nil where the publishers are elsewhere and never said how many they sent, or the subscribers are.
    var lost: UInt64?
    var duplicated: UInt64 = 0
    var outOfOrder: UInt64 = 0
    /// Whether loss and order are exact: not where a server loses more in between than is kept account of.
    var isExact = true
    /// What came and was no message of this run.
    var foreign = 0
    /// Nanoseconds from the beginning of the measuring to the last message that left, and to the last that came.
    var sendTime: Int64 = 0
    var receiveTime: Int64 = 0
    /// From due, or sent where there is no rate, to received.
    var latencies = Latencies()
    /// How many latencies were negative, as clocks that differ make them.
    var negative = 0
    var connectTimes = Latencies()
    /// How late messages left this process, with a rate.
    var lateness = Latencies()
    var receiptTimes = Latencies()
    var receiptsAsked = 0
    var receiptsArrived = 0
    var timeline = Timeline()
    var errors: [String: Int] = [:]
    var clocks: [ClockComparison.Result] = []
    var isInterrupted = false
    /// Whether it is several runs, added up from their logs.
    var isMerged = false

    var duration: Int64 { max(sendTime, receiveTime) }
    var sentPerSecond: Double { Self.rate(sent, sendTime) }
    var receivedPerSecond: Double { Self.rate(received, receiveTime) }

    private static func rate(_ count: UInt64, _ time: Int64) -> Double {
        time > 0 ? Double(count) / Double(time) * 1e9 : 0
    }

    /// A figure in the unit of ``FailCondition/limit``; nil where nothing was measured.
    func value(of metric: Metric) -> Double? {
        switch metric {
        case .p50: latencies.value(at: 50).map { Double($0) }
        case .p90: latencies.value(at: 90).map { Double($0) }
        case .p99: latencies.value(at: 99).map { Double($0) }
        case .p999: latencies.value(at: 99.9).map { Double($0) }
        case .max: latencies.count > 0 ? Double(latencies.max) : nil
        case .mean: latencies.mean
        case .rate: plan.role.subscribes ? receivedPerSecond : sentPerSecond
        case .lost: lost.map { Double($0) }
        case .duplicated: plan.role.subscribes ? Double(duplicated) : nil
        case .outOfOrder: plan.role.subscribes ? Double(outOfOrder) : nil
        case .errors: Double(errors.values.reduce(0, +))
        }
    }
}

/// How much was sent and received in each second of a run. Of a long run, intervals are put together by twos, so that
/// there are never many.
struct Timeline: Sendable {
    struct Interval: Sendable, Equatable {
        /// Nanoseconds since the measuring began.
        var start: Int64
        var length: Int64
        var sent: Int
        var received: Int

        var sentPerSecond: Double { length > 0 ? Double(sent) / Double(length) * 1e9 : 0 }
        var receivedPerSecond: Double { length > 0 ? Double(received) / Double(length) * 1e9 : 0 }
    }

    static let mostIntervals = 3600

    private(set) var intervals: [Interval] = []
    /// How long an interval is: it grows as the run does.
    private(set) var step: Int64 = 1_000_000_000
    private var last = (time: Int64(0), sent: 0, received: 0)

    /// Whether an interval is over.
    func isDue(at time: Int64) -> Bool { time - last.time >= step }

    /// Ends an interval, with all that was sent and received since the beginning.
    mutating func add(time: Int64, sent: Int, received: Int) {
        guard time > last.time else { return }
        intervals.append(
            Interval(
                start: last.time, length: time - last.time, sent: sent - last.sent, received: received - last.received))
        last = (time, sent, received)
        if intervals.count > Self.mostIntervals { halve() }
    }

    /// Ends the last interval, with what was counted since it was begun.
    ///
    /// A short one becomes part of the one before: what came just before its beginning may be counted in it, and would
    /// make its rate too high.
    mutating func finish(time: Int64, sent: Int, received: Int) {
        let end = max(time, last.time)
        if end - last.time < step / 4, let before = intervals.popLast() {
            last = (before.start, last.sent - before.sent, last.received - before.received)
        }
        add(time: end, sent: sent, received: received)
    }

    private mutating func halve() {
        step *= 2
        intervals = Self.joined(intervals, by: 2)
    }

    /// The same in at most `count` intervals.
    func condensed(to count: Int) -> [Interval] {
        guard intervals.count > count else { return intervals }
        return Self.joined(intervals, by: (intervals.count + count - 1) / count)
    }

    private static func joined(_ intervals: [Interval], by count: Int) -> [Interval] {
        stride(from: 0, to: intervals.count, by: count).map { index in
            intervals[index..<min(index + count, intervals.count)].dropFirst().reduce(intervals[index]) { whole, part in
                Interval(
                    start: whole.start, length: whole.length + part.length, sent: whole.sent + part.sent,
                    received: whole.received + part.received)
            }
        }
    }
}
