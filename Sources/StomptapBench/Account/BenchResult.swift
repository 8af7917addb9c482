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
