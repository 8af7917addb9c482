import ArgumentParser
import StomptapOutput
import StomptapRuntime
import SystemC

/// What is told on stderr about the way of things.
struct DiagnosticOptions: ParsableArguments {
    @Flag(
        name: .shortAndLong,
        help:
            "Show on stderr: -v STOMP frames both ways; -vv also HTTP, WebSocket control frames, SockJS, heart-beats, TLS; -vvv also hex."
    )
    var verbose: Int

    @Option(
        help: ArgumentHelp(
            "Write all that -vvv shows to this file, as JSON, an object a line: time, connection, direction, layer, level, event, size, data, dataEncoding.",
            valueName: "file"))
    var traceFile: String?

    @Option(
        help: ArgumentHelp(
            "Write the session to this file as Wireshark opens it, without TLS around it. It holds secrets: it wants --show-secrets.",
            valueName: "file"))
    var pcap: String?

    @OptionGroup
    var appearance: AppearanceOptions

    func validate() throws {
        guard pcap == nil || appearance.showSecrets else {
            throw ValidationError("--pcap writes every octet, secrets too: say --show-secrets with it")
        }
    }

    /// Whether somebody reads stderr who wants to know why nothing comes.
    var explainsSilence: Bool { verbose > 0 || Terminal.isTerminal(STDERR_FILENO) }

    /// What the command tells of the wire.
    ///
    /// - Parameter omission: what the command prints on stdout of all messages of its subscriptions; where stderr is the
    ///   same terminal it is not printed a second time.
    /// - Throws: ``Failure`` with 73 where a file cannot be made.
    func trace(without omission: TracePrinter.Omission = .nothing) throws -> CommandTrace {
        let trace = try CommandTrace(
            verbosity: verbose, style: appearance.style(of: STDERR_FILENO), traceFile: traceFile, pcap: pcap)
        if Terminal.isSame(STDOUT_FILENO, STDERR_FILENO) { trace.leaveOut(omission) }
        return trace
    }
}

/// How what is told looks, and what of it is hidden.
struct AppearanceOptions: ParsableArguments {
    @Flag(help: "Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.")
    var showSecrets = false

    @Option(help: ArgumentHelp("How times are shown.", valueName: "form"))
    var timestamps = TimestampStyle.local

    @Option(help: ArgumentHelp("Whether to use colours; NO_COLOR is honoured.", valueName: "when"))
    var color = ColorChoice.auto

    var mask: SecretMask { showSecrets ? .none : .hiding }

    /// How what goes to a descriptor looks.
    func style(of descriptor: Int32, bodies: BodyStyle = BodyStyle()) -> OutputStyle {
        let isTerminal = Terminal.isTerminal(descriptor)
        return OutputStyle(
            timestamps: timestamps, isTerminal: isTerminal,
            palette: color.applies(isTerminal: isTerminal) ? Palette(isOn: true) : .plain, mask: mask,
            width: .terminal(descriptor), bodies: bodies)
    }
}
