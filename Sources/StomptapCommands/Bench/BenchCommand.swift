import ArgumentParser
import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapBench
import StomptapOutput
import StomptapRuntime

/// `bench`: measures load, throughput and latency.
struct BenchCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        own: [.failed: "a --fail-if was true or the server answered ERROR", .badInput: "invalid log or certificate"])

    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure load, throughput and latency.",
        discussion: """
            Sends and receives numbered messages, and reports their number, rate and
            latency, and which were lost. With --rate, latency is measured from the time
            a message was due, so that a server that stalls cannot hide it. Heart-beats
            are off unless --heart-beat is given: with them, RabbitMQ 3.10 closes
            WebSocket sessions under load.

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
            "Destination to send to; {i} is replaced by its number, from 0 (default: /topic/bench)."))
    var destination: String?

    @OptionGroup(title: "Load")
    var load: LoadOptions

    @OptionGroup(title: "Report")
    var report: BenchReportOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Combine earlier --hdr logs instead of measuring.", valueName: "file")
    )
    var merge: [String] = []

    @OptionGroup(title: OptionHeading.connection)
    var connection: ConnectionOptions

    /// With `--merge` there is no endpoint, so no profile is looked up.
    var endpoint: String { target ?? "demo" }

    func validate() throws {
        guard merge.isEmpty else {
            guard target == nil else { throw ValidationError("--merge and an endpoint cannot be combined") }
            return
        }
        guard target != nil else { throw ValidationError("missing endpoint, or files for --merge") }
    }

    func run() async throws {
        guard merge.isEmpty else {
            let logs = try LogMerge(files: merge)
            return try await logs.write(to: report.outputs())
        }
        let plan = try load.plan(destination: destination)
        let options = connection
        let outputs = try report.outputs()
        if case .times? = options.reconnect { Diagnostics.note(Self.noReconnect) }
        if case .forever? = options.reconnect { Diagnostics.note(Self.noReconnect) }
        try await EndpointArgument.with(endpoint) { endpoints in
            // RabbitMQ 3.10 ends a WebSocket session when heart-beats meet its flow control, as happens under any
            // load.
            var reconnection = try options.reconnection(
                to: endpoints, standard: .never, heartBeat: HeartBeat.none)
            reconnection.policy = .never
            let run = BenchRun(
                plan: plan, endpoint: endpoints.map(\.description).joined(separator: ","), reconnection: reconnection,
                log: outputs.log)
            try await Interrupts.endable { try await run.run(writingTo: outputs) }
        }
    }

    private static let noReconnect =
        "bench: --reconnect is ignored; a lost connection and its lost messages are counted"
}
