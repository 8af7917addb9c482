import ArgumentParser
import STOMPClient
import STOMPTransport
import StomptapConsole
import StomptapOutput
import StomptapRuntime
import SystemC

/// `connect`: a session with a prompt, or a script.
struct ConnectCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        own: [
            .failed: "the server answered ERROR, or no message matched an expect",
            .badInput: "a line that cannot be sent, or a transaction left open",
            .timedOut: "too few messages or no receipt in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Open a session with an interactive prompt, or run a script.",
        discussion: """
            At the prompt, 'help' lists the commands. With -e, or if stdin is not a
            terminal, the lines are run as a script, which ends at the first line that
            fails, with the exit status of that failure. Messages go to stdout,
            everything else to stderr.

            EXAMPLES
              stomptap connect demo
              stomptap connect ws://localhost:15674/ws --login guest --passcode-env RABBIT
              stomptap connect http://localhost:8080/ws -C 'Authorization: Bearer ...'
              stomptap connect stomp://localhost -e 'sub /topic/a; send /topic/a hi; wait'
              stomptap connect demo -e 'sub /topic/echo; send /app/echo hi; expect hi'
              stomptap connect stomp://localhost < session.txt

            \(exitStatuses)
            """)

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)"))
    var endpoint: String

    @Option(
        name: [.customShort("e", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Run these commands and exit. Separate them with '; ' (not inside quotes or braces). Repeatable; stdin is not read.",
            valueName: "commands"))
    var execute: [String] = []

    @Flag(help: "Continue a script after a line that fails. The exit status is still that of the first failure.")
    var keepGoing = false

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: OptionHeading.connection)
    var connection: ConnectionOptions

    func run() async throws {
        // Syntax errors in a script are reported before anything runs, unless the script keeps going.
        let script = execute.isEmpty ? nil : try ScriptLines(execute, keepsGoing: keepGoing)
        let isInteractive = script == nil && Terminal.isTerminal(STDIN_FILENO)
        let command = self
        try await EndpointArgument.with(endpoint) { endpoints in
            try await Interrupts.endable {
                let trace = try command.connection.diagnostics.trace()
                let session = ConsoleSession(
                    command.settings, mask: command.connection.diagnostics.appearance.mask,
                    isInteractive: isInteractive, trace: trace
                ) { url, note in
                    try command.reconnection(
                        to: url, from: endpoints, trace, isInteractive: isInteractive, note: note)
                }
                try await session.run(
                    try command.reconnection(to: endpoints, trace, isInteractive: isInteractive), script: script,
                    keepsGoing: command.keepGoing)
            }
        }
    }

    private var settings: Console.Settings {
        let diagnostics = connection.diagnostics
        return Console.Settings(
            form: output.form, formName: output.format.map { _ in "format" } ?? (output.output ?? .pretty).rawValue,
            timestamps: diagnostics.appearance.timestamps, color: diagnostics.appearance.color,
            verbose: min(diagnostics.verbose, 3),
            bodies: output.bodies(inflatedLimit: connection.maxMessage.bytes))
    }

    /// How to reach the server that a line names: with all options if they were given for that server, otherwise
    /// without those that apply only to the original server. The options left out are reported.
    private func reconnection(
        to url: String, from own: [Endpoint], _ trace: CommandTrace, isInteractive: Bool, note: (String) -> Void
    ) throws -> Reconnection {
        let endpoints = try EndpointArgument.endpoints(url)
        let others = endpoints.filter { endpoint in !own.contains { endpoint.isSameServer(as: $0) } }
        var reconnection = try reconnection(to: [], trace, isInteractive: isInteractive)
        let forOthers = try connection.forOtherServer()
        reconnection.servers = try endpoints.flatMap { endpoint in
            try (others.contains(endpoint) ? forOthers : connection).servers([endpoint], trace: trace)
        }
        let kept = connection.keptFromOtherServers
        if !others.isEmpty, !kept.isEmpty {
            note(
                "connect: options not used for another server (\(others.map(\.description).joined(separator: ", "))): "
                    + "\(kept.joined(separator: ", ")); to use them there, run 'stomptap connect' with its URL")
        }
        return reconnection
    }

    /// At a prompt a session reconnects by default; a script ends unless `--reconnect` is given.
    private func reconnection(
        to endpoints: [Endpoint], _ trace: CommandTrace, isInteractive: Bool
    ) throws -> Reconnection {
        try connection.reconnection(to: endpoints, standard: isInteractive ? .forever : .never, trace: trace)
    }
}
