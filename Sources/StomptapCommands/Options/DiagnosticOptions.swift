import ArgumentParser
import StomptapOutput
import StomptapRuntime
import SystemC

/// What is printed on stderr about the connection.
struct DiagnosticOptions: ParsableArguments {
    @Flag(
        name: .shortAndLong,
        help:
            "Print traffic on stderr: -v STOMP frames in both directions; -vv also HTTP, WebSocket control frames, SockJS, heart-beats and TLS; -vvv also hex dumps."
    )
    var verbose: Int

    @Option(
        help: ArgumentHelp(
            "Write everything that -vvv shows to this file, as JSON, one object per line: time, connection, direction, layer, level, event, size, data, dataEncoding.",
            valueName: "file"))
    var traceFile: String?

    @Option(
        help: ArgumentHelp(
            "Write the session to this file for Wireshark, with TLS decrypted. Needs --show-secrets, because the file contains secrets.",
            valueName: "file"))
    var pcap: String?

    @OptionGroup
    var appearance: AppearanceOptions

    func validate() throws {
        guard pcap == nil || appearance.showSecrets else {
            throw ValidationError("--pcap also writes secrets; add --show-secrets")
        }
    }

    /// Whether to explain why no messages come: with `-v`, or if stderr is a terminal.
    var explainsSilence: Bool { verbose > 0 || Terminal.isTerminal(STDERR_FILENO) }

    /// The trace of the command.
    ///
    /// - Parameter omission: what the command prints on stdout of all messages of its subscriptions; if stderr is
    ///   the same terminal, it is not printed again.
    /// - Throws: ``Failure`` with 73 if a file cannot be created.
    func trace(without omission: TracePrinter.Omission = .nothing) throws -> CommandTrace {
        let trace = try CommandTrace(
            verbosity: verbose, style: appearance.style(of: STDERR_FILENO), traceFile: traceFile, pcap: pcap)
        if Terminal.isSame(STDOUT_FILENO, STDERR_FILENO) { trace.leaveOut(omission) }
        return trace
    }
}

/// How output looks, and what is masked in it.
struct AppearanceOptions: ParsableArguments {
    @Flag(help: "Show passcodes, Authorization, cookies and tokens, which are masked by default.")
    var showSecrets = false

    @Option(help: ArgumentHelp("Format of times.", valueName: "form"))
    var timestamps = TimestampStyle.local

    @Option(help: ArgumentHelp("When to use colors; NO_COLOR is respected.", valueName: "when"))
    var color = ColorChoice.auto

    var mask: SecretMask { showSecrets ? .none : .hiding }

    /// The output style for a descriptor.
    func style(of descriptor: Int32, bodies: BodyStyle = BodyStyle()) -> OutputStyle {
        let isTerminal = Terminal.isTerminal(descriptor)
        return OutputStyle(
            timestamps: timestamps, isTerminal: isTerminal,
            palette: color.applies(isTerminal: isTerminal) ? Palette(isOn: true) : .plain, mask: mask,
            width: .terminal(descriptor), bodies: bodies)
    }
}
