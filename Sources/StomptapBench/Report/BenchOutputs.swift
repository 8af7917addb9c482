import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// The output files of a run, created before it starts, and the final report.
package struct BenchOutputs: Sendable {
    package let log: HistogramLogFile?
    private let json: String?
    private let conditions: [FailCondition]

    /// - Parameters:
    ///   - json: the file for the results; `-` is stdout, without the table.
    ///   - hdr: the file for the latencies.
    ///   - conditions: conditions that make the run fail if they are true.
    /// - Throws: ``Failure`` with 73 if a file cannot be created.
    package init(json: String?, hdr: String?, failIf conditions: [FailCondition]) throws {
        self.conditions = conditions
        self.json = json
        if let json, json != "-" { try OutputFile.create(json, of: "--json") }
        log = try hdr.map { try HistogramLogFile($0, start: .now()) }
    }

    /// Writes all outputs.
    ///
    /// - Throws: ``Failure`` with 74.
    func write(_ result: BenchResult) async throws {
        try log?.finish(HistogramLog.Counts(result))
        if let json, json != "-" { try OutputFile.write(json) { $0.append(BenchJSON.text(result)) } }
        _ = try await StandardOutput.write(json == "-" ? BenchJSON.text(result) : Self.report.text(result))
    }

    static var report: BenchReport {
        BenchReport(
            width: Terminal.width(STDOUT_FILENO) ?? BenchReport.standardWidth, draws: Terminal.isTerminal(STDOUT_FILENO)
        )
    }

    /// - Throws: ``Failure`` with 1 that lists all conditions that are true.
    func check(_ result: BenchResult) throws {
        try Self.check(conditions, result.value(of:))
    }

    static func check(_ conditions: [FailCondition], _ value: (Metric) -> Double?) throws {
        let complaints = conditions.compactMap { $0.complaint(about: value($0.metric)) }
        if !complaints.isEmpty { throw Failure(.failed, "bench: " + complaints.joined(separator: "; ")) }
    }
}

extension HistogramLog.Counts {
    init(_ result: BenchResult) {
        self.init(
            sent: result.sent, received: result.received, lost: result.lost ?? 0, duplicated: result.duplicated,
            outOfOrder: result.outOfOrder, milliseconds: UInt64(max(0, result.duration / 1_000_000)))
    }
}

/// `bench --merge`: combines the logs of several machines.
package struct LogMerge: Sendable {
    /// The maximum size of a log, in bytes.
    private static let largestLog = 256 << 20

    private let count: Int
    private var content = HistogramLog.Content()

    /// Reads the logs.
    ///
    /// - Throws: ``Failure`` with 66 or 65 if a log cannot be read or is invalid.
    package init(files: [String]) throws {
        count = files.count
        for file in files {
            let bytes = try InputFile.read(file, limit: Self.largestLog)
            try content.add(String(decoding: bytes, as: UTF8.self), name: file)
        }
    }

    /// Writes the combined result.
    ///
    /// - Throws: ``Failure`` with 74, or with 1 if a condition is true.
    package func write(to outputs: BenchOutputs) async throws {
        let counts = content.counts
        var result = BenchResult(
            endpoint: "\(count) logs", transport: "", plan: BenchPlan(destinations: [], body: .init()))
        result.isMerged = true
        result.latencies = content.latencies
        result.sent = counts.sent
        result.received = content.hasCounts ? counts.received : content.latencies.count
        result.lost = content.hasCounts ? counts.lost : nil
        result.duplicated = counts.duplicated
        result.outOfOrder = counts.outOfOrder
        result.isExact = content.hasCounts
        result.sendTime = Int64(counts.milliseconds) * 1_000_000
        result.receiveTime = result.sendTime
        outputs.log?.add(content.latencies, start: 0, length: max(1, result.receiveTime))
        try await outputs.write(result)
        try outputs.check(result)
    }
}

/// A status line on stderr that shows the progress of a run and is overwritten, if stderr is a terminal.
final class LiveLine: Sendable {
    enum State: Sendable {
        /// No measured message has been sent or received yet.
        case waiting(BenchPlan)
        /// `time` in nanoseconds since the start of the measurement, `last` the last full second, `p99` in
        /// nanoseconds.
        case running(
            BenchPlan, time: Int64, sent: Int, received: Int, last: Timeline.Interval?, p99: UInt64?)
    }

    /// The minimum time between updates, in nanoseconds.
    private static let interval: Int64 = 200_000_000

    private let lastShown = Shared(Int64(0))

    func show(_ state: State) {
        let now = Timestamp.now().nanoseconds
        guard now - lastShown.value >= Self.interval, let width = StatusLine.width else { return }
        lastShown.update { $0 = now }
        StatusLine.show(Self.text(state, width: width))
    }

    /// The line, at most as wide as the terminal: less important parts are left out first.
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
                parts.append("\(Readable.count(received)) total")
            } else {
                parts.append("\(Readable.count(sent)) total")
            }
            return StatusLine.fitted(parts, width: width)
        }
    }

    /// The fraction of the sending that is done, from 0 to 1; nil if it is unknown.
    private static func share(_ plan: BenchPlan, time: Int64, sent: Int) -> Double? {
        guard plan.role.publishes else { return nil }
        if let messages = plan.messages { return min(1, Double(sent) / Double(messages)) }
        return min(1, Double(time) / Double(max(1, plan.duration.nanoseconds)))
    }
}
