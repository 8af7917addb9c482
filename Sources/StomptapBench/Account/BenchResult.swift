/// The measurements of a run.
struct BenchResult: Sendable {
    var endpoint: String
    /// `TCP`, `WebSocket` and so on; with TLS also a summary of what TLS negotiated.
    var transport: String
    var plan: BenchPlan
    var sent: UInt64 = 0
    var received: UInt64 = 0
    /// Nil if the publishers are in other processes and did not announce how many they sent, or if the subscribers
    /// are.
    var lost: UInt64?
    var duplicated: UInt64 = 0
    var outOfOrder: UInt64 = 0
    /// Whether loss and order are exact; false if there were too many gaps to track them all.
    var isExact = true
    /// Messages received that do not belong to this run.
    var foreign = 0
    /// Nanoseconds from the start of the measurement to the last message sent, and to the last one received.
    var sendTime: Int64 = 0
    var receiveTime: Int64 = 0
    /// From the due time, or without a rate from the time sent, to the time received.
    var latencies = Latencies()
    /// The number of negative latencies, as caused by clocks that differ.
    var negative = 0
    var connectTimes = Latencies()
    /// How late messages were sent by this process, if there is a rate.
    var lateness = Latencies()
    var receiptTimes = Latencies()
    var receiptsAsked = 0
    var receiptsArrived = 0
    var timeline = Timeline()
    var errors: [String: Int] = [:]
    var clocks: [ClockComparison.Result] = []
    var isInterrupted = false
    /// Whether it is the sum of several runs, read from their logs.
    var isMerged = false

    var duration: Int64 { max(sendTime, receiveTime) }
    var sentPerSecond: Double { Self.rate(sent, sendTime) }
    var receivedPerSecond: Double { Self.rate(received, receiveTime) }

    private static func rate(_ count: UInt64, _ time: Int64) -> Double {
        time > 0 ? Double(count) / Double(time) * 1e9 : 0
    }

    /// The value of a metric, in the unit of ``FailCondition/limit``; nil if nothing was measured.
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

/// The numbers of messages sent and received in each second of a run. In a long run intervals are merged in pairs
/// to limit their number.
struct Timeline: Sendable {
    struct Interval: Sendable, Equatable {
        /// Nanoseconds since the start of the measurement.
        var start: Int64
        var length: Int64
        var sent: Int
        var received: Int

        var sentPerSecond: Double { length > 0 ? Double(sent) / Double(length) * 1e9 : 0 }
        var receivedPerSecond: Double { length > 0 ? Double(received) / Double(length) * 1e9 : 0 }
    }

    static let mostIntervals = 3600

    private(set) var intervals: [Interval] = []
    /// The length of an interval in nanoseconds; it grows in a long run.
    private(set) var step: Int64 = 1_000_000_000
    private var last = (time: Int64(0), sent: 0, received: 0)

    /// Whether the current interval is over.
    func isDue(at time: Int64) -> Bool { time - last.time >= step }

    /// Ends an interval. `sent` and `received` are totals since the start.
    mutating func add(time: Int64, sent: Int, received: Int) {
        guard time > last.time else { return }
        intervals.append(
            Interval(
                start: last.time, length: time - last.time, sent: sent - last.sent, received: received - last.received))
        last = (time, sent, received)
        if intervals.count > Self.mostIntervals { halve() }
    }

    /// Ends the last interval.
    ///
    /// A short interval is merged into the one before: messages received just before its start may be counted in
    /// it, and would make its rate too high.
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

    /// The timeline merged into at most `count` intervals.
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
