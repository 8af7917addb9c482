import StomptapOutput
import StomptapRuntime

/// `bench --merge`: the logs of several machines as one.
package struct LogMerge: Sendable {
    /// The most octets of a log that are read.
    private static let largestLog = 256 << 20

    private let count: Int
    private var content = HistogramLog.Content()

    /// Reads the logs.
    ///
    /// - Throws: ``Failure`` with 66 or 65 where one cannot be read.
    package init(files: [String]) throws {
        count = files.count
        for file in files {
            let octets = try InputFile.read(file, limit: Self.largestLog)
            try content.add(String(decoding: octets, as: UTF8.self), name: file)
        }
    }

    /// Writes what they come to.
    ///
    /// - Throws: ``Failure`` with 74, or with 1 where a condition holds.
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
