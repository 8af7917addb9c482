import ArgumentParser
import STOMPTransport
import StomptapOutput
import SystemC

/// Where a run's figures go, and what is demanded of them.
struct BenchReportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write the figures to this file as JSON; - is stdout, without the table.", valueName: "file")
    )
    var json: String?

    @Option(
        help: ArgumentHelp(
            "Write the latencies to this file as a HdrHistogram log, a line each second.", valueName: "file"))
    var hdr: String?

    @Option(
        help: ArgumentHelp(
            "End with status 1 where this holds, such as 'p99>50ms'; repeatable: \(FailCondition.metrics).",
            valueName: "condition"), transform: FailCondition.init)
    var failIf: [FailCondition] = []
}

/// The files of a run, made before it begins, and what is told at its end.
struct BenchOutputs: Sendable {
    let log: HistogramLogFile?
    private let json: String?
    private let conditions: [FailCondition]

    /// - Throws: ``Failure`` with 73 where a file cannot be made.
    init(_ options: BenchReportOptions) throws {
        conditions = options.failIf
        json = options.json
        if let json, json != "-" { try OutputFile.create(json, of: "--json") }
        log = try options.hdr.map { try HistogramLogFile($0, start: .now()) }
    }

    /// Writes everything.
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

    /// - Throws: ``Failure`` with 1 where a condition holds; the others are told before it.
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
