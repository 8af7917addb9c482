import ArgumentParser
import StomptapOutput
import StomptapRuntime
import SystemC

/// The program: all commands under one name.
public struct Stomptap: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "stomptap",
        abstract: "See and send STOMP frames, over TCP and WebSocket, from a terminal.",
        discussion: """
            ENDPOINT is a URL, the name of a profile, or demo: a built-in test broker.
              stomp://localhost:61613         STOMP over TCP; stomps:// over TLS
              ws://localhost:15674/ws         STOMP over WebSocket; wss:// over TLS
              http://localhost:8080/ws        SockJS; the URL that a browser's client uses

            START HERE
              stomptap connect demo
              stomptap subscribe demo /topic/clock
              stomptap serve
              stomptap subscribe stomp://localhost /topic/orders
              stomptap publish stomp://localhost /topic/orders '{"id": 42}'
            """,
        version: "stomptap \(Version.current)",
        subcommands: [
            ConnectCommand.self, SubscribeCommand.self, PublishCommand.self, RequestCommand.self, RawCommand.self,
            BenchCommand.self, CheckCommand.self, TapCommand.self, ServeCommand.self, ProfilesCommand.self,
        ],
        // `-h` is found by HelpRequest.
        helpNames: .long)

    public init() {}

    /// Runs the command line, and ends the process.
    ///
    /// - Parameter arguments: the command line without the program's name.
    public static func runAndExit(_ arguments: [String]) -> Never {
        // Before the first task, because the concurrency runtime opens descriptors.
        StandardStreams.holdPlaces()
        do {
            try DescriptorLimit.ensureMinimum()
        } catch {
            let failure = Failure(error)
            if let line = failure.line { Diagnostics.fail(line) }
            endProcess(failure.status.rawValue)
        }
        Task.detached { endProcess(await run(arguments)) }
        while true { pause() }
    }

    /// Runs the command line.
    ///
    /// - Parameter arguments: the command line without the program's name.
    /// - Returns: the exit status for the process.
    public static func run(_ arguments: [String]) async -> Int32 {
        Interrupts.ignoreClosedPipes()
        do {
            if let fault = unknownCommand(in: arguments) { throw fault }
            if let request = HelpRequest(in: arguments) { return try await showHelp(request) }
            if let fault = CommandLineSecrets.unquotedHeader(in: arguments) { throw fault }
            var command = try parse(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.success.rawValue
        } catch  where isParserError(error) {
            // Help goes to stdout.
            guard exitCode(for: error) != .success else { exit(withError: error) }
            if let fault = UnknownOption(in: arguments) {
                Diagnostics.fail(fault.line)
                return ExitStatus.usage.rawValue
            }
            let message = CommandLineSecrets(arguments).masked(message(for: error))
            Diagnostics.fail(UsageFailure(message, in: arguments).line)
            return exitCode(for: error).rawValue
        } catch {
            let failure = Failure(error)
            if let line = failure.line { Diagnostics.fail(line) }
            return failure.status.rawValue
        }
    }

    private static func showHelp(_ request: HelpRequest) async throws -> Int32 {
        let help = HelpText(request.path, of: .program, width: Terminal.textWidth(of: STDOUT_FILENO))
        let text = help.lines(request.extent).map { "\($0)\n" }.joined()
        // A reader that has seen enough, such as head, is no failure.
        _ = try await StandardOutput.write(text)
        return ExitStatus.success.rawValue
    }

    /// Parses the command line. If its endpoint is a profile, the profile's options are added.
    private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        let command = try parseAsRoot(NumberArguments.protected(arguments))
        guard let endpoint = (command as? any EndpointCommand)?.endpoint, ProfileFile.isName(endpoint) else {
            return command
        }
        let profile = try Profile(named: endpoint, isStray: CommandLineSecrets(arguments).strays.contains(endpoint))
        if let warning = profile.warning { Diagnostics.warn(warning) }
        return try profile.parsed(arguments, of: type(of: command).configuration.commandName ?? "")
    }

    /// A wrapper, because `exit` alone is the parser's function here.
    private static func endProcess(_ status: Int32) -> Never {
        SystemC.exit(status)
    }

    private static func isParserError(_ error: any Error) -> Bool {
        error is ValidationError || error is CleanExit || exitCode(for: error) != .failure
    }
}

extension Stomptap {
    /// The program's version, such as `0.1.0`.
    public static let version = Version.current
    /// The date of the version, such as `2026-11-21`.
    public static let versionDate = Version.date
}

extension Stomptap {
    /// The completion script for a shell.
    public static func shellScript(for shell: CompletionShell) -> String {
        let script = completionScript(for: shell)
        return switch shell {
        case .bash: ShellCompletion.script(forBash: script)
        case .zsh: ShellCompletion.script(forZsh: script)
        default: ShellCompletion.script(forFish: script)
        }
    }
}

extension CommandHelp {
    /// The whole program.
    package static let program = CommandHelp(dump: Stomptap._dumpHelp())
}
