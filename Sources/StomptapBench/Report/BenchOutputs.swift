import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// The files of a run, made before it begins, and what is told at its end.
package struct BenchOutputs: Sendable {
    package let log: HistogramLogFile?
    private let json: String?
    private let conditions: [FailCondition]

    /// - Parameters:
    ///   - json: the file for the figures, `-` for stdout without the table.
    ///   - hdr: the file for the latencies.
    ///   - conditions: what fails the run where it holds.
    /// - Throws: ``Failure`` with 73 where a file cannot be made.
    package init(json: String?, hdr: String?, failIf conditions: [FailCondition]) throws {
        self.conditions = conditions
        self.json = json
        if let json, json != "-" { try OutputFile.create(json, of: "--json") }
        log = try hdr.map { try HistogramLogFile($0, start: .now()) }
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
