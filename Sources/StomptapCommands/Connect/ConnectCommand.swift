import ArgumentParser
import STOMPClient
import STOMPTransport
import StomptapOutput
import SystemC

/// `connect`: a session and a prompt, or a script.
struct ConnectCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        .success, .usage, .noInput, .noHost, .unavailable, .protocolError, .refused, .interrupted,
        own: [
            .failed: "the server answered ERROR, or none of the messages that came was the expected one",
            .badInput: "what cannot be sent, or a transaction left open",
            .timedOut: "too few messages or no receipt in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Open a session and a prompt, or run a script of its lines.",
        discussion: """
            At the prompt, 'help' lists what can be done. With -e, or where stdin is no
            terminal, it runs lines and ends: the first that fails ends it, with that
            failure's exit status. Messages go to stdout, all else to stderr.

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
            "Run these lines and end; '; ' ends a line outside of quotes and braces. Repeatable; stdin is not read.",
            valueName: "commands"))
    var execute: [String] = []

    @Flag(help: "Go on after a line of a script that failed; the exit status is still that of the first failure.")
    var keepGoing = false

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: "Connection")
    var connection: ConnectionOptions

    func run() async throws {
        let script = execute.isEmpty ? nil : try items(of: execute)
        let isInteractive = script == nil && Terminal.isTerminal(STDIN_FILENO)
        let keepsGoing = keepGoing
        let session = self
        try await EndpointArgument.with(endpoint) { endpoints in
            try await Interrupts.endable {
                let interpreter = try session.interpreter(for: endpoints, isInteractive: isInteractive)
                let reconnection = try session.reconnection(
                    to: endpoints, interpreter.trace, isInteractive: isInteractive)
                do {
                    try await interpreter.link.open(reconnection, keepsSubscriptions: false)
                    try await interpreter.link.settled()
                    if isInteractive {
                        try await Repl(interpreter: interpreter).run()
                    } else {
                        var runner = Script(interpreter: interpreter, keepsGoing: keepsGoing)
                        if let script { try await runner.run(script) } else { try await runner.runInput() }
                    }
                } catch {
                    // The goodbye must not notice that the task is cancelled, nor hide what went wrong.
                    _ = await Task { try await interpreter.link.close() }.result
                    throw error
                }
                try await interpreter.close()
            }
        }
    }

    /// Everything that is typed wrong is told before anything is done, unless the script keeps going.
    private func items(of scripts: [String]) throws -> [LineAssembler.Item] {
        var items: [LineAssembler.Item] = []
        var assembler = LineAssembler()
        for script in scripts {
            items += assembler.take(script: script)
            if let unfinished = assembler.end() { items.append(unfinished) }
        }
        for item in items where !keepGoing {
            if case .failure(let error) = item.command { throw Failure(.usage, "line \(item.line): \(error)") }
        }
        return items
    }

    private func interpreter(for endpoints: [Endpoint], isInteractive: Bool) throws -> Interpreter {
        let diagnostics = connection.diagnostics
        let settings = Console.Settings(
            form: output.form, formName: output.format.map { _ in "format" } ?? (output.output ?? .pretty).rawValue,
            timestamps: diagnostics.appearance.timestamps, color: diagnostics.appearance.color,
            verbose: min(diagnostics.verbose, 3))
        let console = Console(
            settings: settings, mask: diagnostics.appearance.mask, isInteractive: isInteractive)
        let events = Turnstile()
        let log = MessageLog(events: events)
        let feed = Feed(console: console)
        let link = Link(
            events: events, log: log, take: { try await feed.take($0) }, report: LinkReport(console: console).tell)
        let trace = try CommandTrace(diagnostics)
        return Interpreter(
            link: link, log: log, feed: feed, console: console, events: events, trace: trace
        ) { url in
            try self.reconnection(to: url, from: endpoints, trace, console)
        }
    }

    /// The way to a server that a line names: as the options say where they were given for that server, else without all
    /// that only concerns the one that they were given for, which is told.
    private func reconnection(
        to url: String, from own: [Endpoint], _ trace: CommandTrace, _ console: Console
    ) throws -> Reconnection {
        let endpoints = try EndpointArgument.endpoints(url)
        let others = endpoints.filter { endpoint in !own.contains { endpoint.isSameServer(as: $0) } }
        var reconnection = try reconnection(to: [], trace, isInteractive: console.isInteractive)
        let forOthers = try connection.forOtherServer()
        reconnection.servers = try endpoints.flatMap { endpoint in
            try (others.contains(endpoint) ? forOthers : connection).servers([endpoint], trace: trace)
        }
        let kept = connection.keptFromOtherServers
        if !others.isEmpty, !kept.isEmpty {
            let line =
                "connect: left out for another server (\(others.map(\.description).joined(separator: ", "))): "
                + "\(kept.joined(separator: ", ")); run another 'stomptap connect' with the options meant for it"
            console.isInteractive ? console.note(line) : Diagnostics.note(line)
        }
        return reconnection
    }

    /// Sessions that come back for a person who wants them to, and end a script that does not say so.
    private func reconnection(
        to endpoints: [Endpoint], _ trace: CommandTrace, isInteractive: Bool
    ) throws -> Reconnection {
        try connection.reconnection(to: endpoints, standard: isInteractive ? .forever : .never, trace: trace)
    }
}
