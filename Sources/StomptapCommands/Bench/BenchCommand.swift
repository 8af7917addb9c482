import ArgumentParser
import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput

/// `bench`: load, throughput, latency.
struct BenchCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        own: [.failed: "a --fail-if held or the server answered ERROR", .badInput: "an invalid log or certificate"])

    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure load, throughput and latency.",
        discussion: """
            Sends numbered messages, takes them again, and tells how many, how fast,
            and what was lost. With --rate latency counts from when a message was due,
            so that a server that stalls cannot hide it. Heart-beats are off unless
            --heart-beat asks for them: RabbitMQ 3.10 ends WebSocket sessions under
            load with them.

            EXAMPLES
              stomptap bench demo
              stomptap bench stomp://localhost/%2F --rate 5k/s --duration 30s
              stomptap bench ws://localhost:8080/ws /topic/a --messages 200000
              stomptap bench ws://localhost:8080/ws --connections 5000 --messages 100
              stomptap bench stomp://localhost --fail-if 'p99>50ms' --fail-if 'lost>0'
              stomptap bench stomp://localhost --subscribe-only --hdr a.hdr
              stomptap bench --merge a.hdr b.hdr

            \(exitStatuses)
            """)

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)", valueName: "endpoint"))
    var target: String?

    @Argument(
        help: ArgumentHelp(
            "Where to send to; {i} in it is the number of the destination, from 0 (default: /topic/bench)."))
    var destination: String?

    @OptionGroup(title: "Load")
    var load: LoadOptions

    @OptionGroup(title: "Report")
    var report: BenchReportOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Add up the logs of other runs, which --hdr wrote, instead of measuring.", valueName: "file")
    )
    var merge: [String] = []

    @OptionGroup(title: "Connection")
    var connection: ConnectionOptions

    /// With `--merge` there is none to have a profile of.
    var endpoint: String { target ?? "demo" }

    func validate() throws {
        guard merge.isEmpty else {
            guard target == nil else { throw ValidationError("--merge takes files, and no ENDPOINT") }
            return
        }
        guard target != nil else { throw ValidationError("name an ENDPOINT, or files for --merge") }
    }

    func run() async throws {
        guard merge.isEmpty else { return try await LogMerge(files: merge, report: report).run() }
        let plan = try load.plan(destination: destination)
        let options = connection
        let report = report
        let outputs = try BenchOutputs(report)
        if case .times? = options.reconnect { Diagnostics.note(Self.noReconnect) }
        if case .forever? = options.reconnect { Diagnostics.note(Self.noReconnect) }
        try await EndpointArgument.with(endpoint) { endpoints in
            // RabbitMQ 3.10 ends a WebSocket session when its flow control meets heart-beats, as every load makes it.
            var reconnection = try options.reconnection(
                to: endpoints, standard: .never, heartBeat: HeartBeat.none)
            reconnection.policy = .never
            let run = BenchRun(
                plan: plan, endpoint: endpoints.map(\.description).joined(separator: ","), reconnection: reconnection,
                log: outputs.log)
            try await Interrupts.endable {
                let outcome = try await run.run()
                // What was measured is told, and goodbye said, also where a signal has ended the run.
                try await Task {
                    try await outputs.write(outcome.result)
                    await Closing.close(outcome.connections)
                }.value
                if let failure = outcome.failure { throw Self.failure(failure, outcome.result) }
                try outputs.check(outcome.result)
                try Self.checkThatAnythingCame(outcome.result)
            }
        }
    }

    private static let noReconnect =
        "bench: a lost connection does not come back: it is counted, and what is missing with it"

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
}
