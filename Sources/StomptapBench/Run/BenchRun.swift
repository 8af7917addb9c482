import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization

/// A run: opens connections, sends and receives messages, and returns the result.
package struct BenchRun: Sendable {
    /// The interval at which the state of the run is checked, in nanoseconds.
    private static let tick: UInt64 = 50_000_000
    /// After an interruption, how long to wait for messages on their way and for publishers to stop, in
    /// nanoseconds.
    static let timeout: Int64 = 1_000_000_000

    let plan: BenchPlan
    let endpoint: String
    let reconnection: Reconnection
    /// The log for the latencies of each second.
    let log: HistogramLogFile?
    let live = LiveLine()

    /// - Parameter log: the log for the latencies of each second.
    package init(plan: BenchPlan, endpoint: String, reconnection: Reconnection, log: HistogramLogFile?) {
        self.plan = plan
        self.endpoint = endpoint
        self.reconnection = reconnection
        self.log = log
    }

    /// The result, and the error that ended the run early; nil if there was none.
    struct Outcome: Sendable {
        var result: BenchResult
        var failure: STOMPClientError?
        /// The connections to close after the results are written.
        var connections: [STOMPConnection]
    }

    /// Runs until all messages are sent and received. If cancelled, it ends early and returns the results so far.
    ///
    /// - Throws: ``Failure``, `STOMPClientError` or `CancellationError` if the run ends before the measurement
    ///   starts.
    func run() async throws -> Outcome {
        try DescriptorLimit.raise(forConnections: (plan.allSubscribers + plan.allPublishers) * (isInProcess ? 2 : 1))
        // A file of an earlier run would signal too early that this run is ready.
        if let file = plan.readyFile { OutputFile.removeReadyFile(file) }
        let opening = ConnectPhase(reconnection: reconnection, plan: plan)
        let identity = UInt32.random(in: 1 ... .max)
        let clocks = Shared<[ClockComparison.Result]>([])
        do {
            let subscribers = try await opening.subscribers()
            if let file = plan.readyFile { try OutputFile.makeReadyFile(file) }
            let publishers = try await opening.publishers()
            // Connected last, so that the connections to be measured come first.
            let comparison = compareClocks(identity, clocks)
            defer { comparison?.cancel() }
            let counters = RunCounters()
            var outcome = await withTaskCancellationHandler {
                // In its own task, so that a cancellation does not interrupt it: the results are returned in any
                // case.
                await Task {
                    await MeasurePhase(run: self, identity: identity, counters: counters)
                        .measure(subscribers, publishers, opening)
                }.value
            } onCancel: {
                counters.interrupt()
            }
            outcome.result.clocks = clocks.value
            return outcome
        } catch {
            let opened = opening.opened.value
            await DisconnectPhase.close(opened)
            throw error
        }
    }

    /// Runs, writes the results, and closes the connections.
    ///
    /// - Throws: ``Failure`` or `STOMPClientError` if an error ended the run early, nothing was received, a
    ///   condition is true or a file cannot be written; `CancellationError`.
    package func run(writingTo outputs: BenchOutputs) async throws {
        let outcome = try await run()
        // In its own task: results are written even after a signal.
        try await Task { try await outputs.write(outcome.result) }.value
        await DisconnectPhase.close(outcome.connections)
        if let failure = outcome.failure { throw Self.failure(failure, outcome.result) }
        try outputs.check(outcome.result)
        try Self.checkThatAnythingCame(outcome.result)
    }

    /// Throws if messages were sent and none was received, because then nothing was measured.
    private static func checkThatAnythingCame(_ result: BenchResult) throws {
        guard result.plan.role == .both, result.sent > 0, result.received == 0, !result.isInterrupted else { return }
        let name = result.plan.destinations.first ?? ""
        throw Failure(
            .timedOut,
            "STOMP: received none of \(Readable.count(result.sent)) messages on \(name); test the destination with "
                + "stomptap check --destination \(name)"
        )
    }

    private static func failure(_ error: STOMPClientError, _ result: BenchResult) -> Failure {
        let failure = Failure(error)
        let counts = [
            "\(result.sent) sent", result.plan.role.subscribes ? "\(result.received) received" : nil,
            result.lost.map { "\($0) lost" },
        ].compactMap { $0 }
        return Failure(failure.status, failure.line.map { "\($0) (\(counts.joined(separator: ", ")))" })
    }

    private var isInProcess: Bool { reconnection.servers.contains { $0.endpoint.isInProcess } }

    private func compareClocks(_ identity: UInt32, _ clocks: Shared<[ClockComparison.Result]>) -> Task<Void, Never>? {
        guard plan.role != .both, let first = plan.destinations.first else { return nil }
        let comparison = ClockComparison(
            reconnection: reconnection, destination: ClockComparison.destination(for: first), run: identity)
        return Task { plan.role == .publish ? await comparison.answer() : await comparison.ask(clocks) }
    }

    /// Waits until the next check of the run's state.
    static func wait() async {
        try? await Task.sleep(nanoseconds: tick)
    }
}
