import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization

/// A run: connections opened, messages sent and taken, and what it came to.
package struct BenchRun: Sendable {
    /// How often it looks how things stand.
    private static let tick: UInt64 = 50_000_000
    /// What is still on its way when a run is broken off has so long to come, and a publisher to stop.
    static let timeout: Int64 = 1_000_000_000

    let plan: BenchPlan
    let endpoint: String
    let reconnection: Reconnection
    /// Where each second's latencies go.
    let log: HistogramLogFile?
    let live = LiveLine()

    /// - Parameter log: where each second's latencies go.
    package init(plan: BenchPlan, endpoint: String, reconnection: Reconnection, log: HistogramLogFile?) {
        self.plan = plan
        self.endpoint = endpoint
        self.reconnection = reconnection
        self.log = log
    }

    /// The result, and what ended the run before its time, if anything did.
    struct Outcome: Sendable {
        var result: BenchResult
        var failure: STOMPClientError?
        /// What is to be closed when all has been told.
        var connections: [STOMPConnection]
    }

    /// Runs until all is sent and has come; cancelled, it ends early and tells what there is.
    ///
    /// - Throws: ``Failure``, `STOMPClientError` or `CancellationError` where it does not get so far as to measure.
    func run() async throws -> Outcome {
        try DescriptorLimit.raise(forConnections: (plan.allSubscribers + plan.allPublishers) * (isInProcess ? 2 : 1))
        // One of an earlier run would tell too early that this one stands.
        if let file = plan.readyFile { OutputFile.removeReadyFile(file) }
        let opening = ConnectPhase(reconnection: reconnection, plan: plan)
        let identity = UInt32.random(in: 1 ... .max)
        let clocks = Shared<[ClockComparison.Result]>([])
        do {
            let subscribers = try await opening.subscribers()
            if let file = plan.readyFile { try OutputFile.makeReadyFile(file) }
            let publishers = try await opening.publishers()
            // The last to connect: what is measured is there first.
            let comparison = compareClocks(identity, clocks)
            defer { comparison?.cancel() }
            let counters = RunCounters()
            var outcome = await withTaskCancellationHandler {
                // What was measured is told however the run ends, so the cancellation must not reach it.
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
            await Task { await DisconnectPhase.close(opened) }.value
            throw error
        }
    }

    /// Runs, writes what was measured, and closes the connections.
    ///
    /// - Throws: ``Failure`` or `STOMPClientError` where something ended the run before its time, nothing came back, a
    ///   condition holds or a file cannot be written; `CancellationError`.
    package func run(writingTo outputs: BenchOutputs) async throws {
        let outcome = try await run()
        // What was measured is told, and goodbye said, also where a signal has ended the run.
        try await Task {
            try await outputs.write(outcome.result)
            await DisconnectPhase.close(outcome.connections)
        }.value
        if let failure = outcome.failure { throw Self.failure(failure, outcome.result) }
        try outputs.check(outcome.result)
        try Self.checkThatAnythingCame(outcome.result)
    }

    /// Nothing is measured where nothing comes back.
    private static func checkThatAnythingCame(_ result: BenchResult) throws {
        guard result.plan.role == .both, result.sent > 0, result.received == 0, !result.isInterrupted else { return }
        let name = result.plan.destinations.first ?? ""
        throw Failure(
            .timedOut,
            "STOMP: none of \(Readable.count(result.sent)) messages came back on \(name); does the server deliver what is sent there? see stomptap check --destination \(name)"
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

    /// Looks how things stand, again and again.
    static func wait() async {
        try? await Task.sleep(nanoseconds: tick)
    }
}
