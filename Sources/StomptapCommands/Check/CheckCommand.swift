import ArgumentParser
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime
import SystemC

/// `check`: checks every layer up to a session, and says what to fix.
struct CheckCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        own: [
            .success: "no step failed, otherwise the status of the first FAIL", .unavailable: "no connection",
            .timedOut: "no CONNECTED or no echo in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Test each layer from DNS to STOMP, and report what to fix.",
        discussion: """
            Prints a line for each step: host name, TCP, proxy, TLS and certificate,
            SockJS, WebSocket upgrade, CONNECTED, receipts, heart-beats, and with
            --destination an echo through the server. It changes nothing on the server:
            the receipt is tested with an empty transaction.

            EXAMPLES
              stomptap check http://localhost:8080/ws
              stomptap check wss://example.org/ws --destination /topic/check
              stomptap check stomp://localhost/%2F -o json | jq -r 'select(.result!="ok")'

            \(exitStatuses)
            """)

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)"), completion: .endpoint)
    var endpoint: String

    @Option(
        help: ArgumentHelp(
            "Send a message here, and wait to receive it back.", valueName: "destination"),
        completion: .destination)
    var destination: String?

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a header to SUBSCRIBE and SEND of the echo; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init)
    var header: [HeaderArgument] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Output format: pretty is readable text, json an object per line.", valueName: "form"))
    var output = CheckForm.pretty

    @OptionGroup(title: OptionHeading.connection)
    var connection: ConnectionOptions

    func run() async throws {
        let options = connection
        let echo = destination.map { Check.Echo(destination: $0, headers: HeaderList(header)) }
        let printer = CheckPrinter(form: output, diagnostics: options.diagnostics)
        // The report has already printed the failure on the same terminal.
        let isSaid = output == .pretty && Terminal.isSame(STDOUT_FILENO, STDERR_FILENO)
        try await EndpointArgument.with(endpoint) { endpoints in
            // Often enough that a heart-beat arrives during the check.
            let heartBeat = HeartBeat(outgoing: 1000, incoming: 1000)
            let servers = try options.servers(endpoints, heartBeat: heartBeat)
            try await Interrupts.endable {
                var failure: Failure?
                for (endpoint, configuration) in servers {
                    do {
                        try await Check(
                            endpoint: endpoint, configuration: configuration, echo: echo, printer: printer
                        ).run()
                    } catch let error as Failure where error.line != nil {
                        if let earlier = failure?.line, !isSaid { Diagnostics.fail(earlier) }
                        failure = Failure(failure?.status ?? error.status, error.line)
                    }
                }
                if let failure { throw isSaid ? Failure(failure.status, nil) : failure }
            }
        }
    }
}

/// `--output` of `check`.
enum CheckForm: String, ExpressibleByArgument, CaseIterable, Sendable {
    case pretty, json
}
