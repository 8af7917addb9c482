import ArgumentParser
import StomptapOutput
import StomptapRuntime

/// How messages are printed on stdout.
struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Output format: pretty is readable text, json an object per line, body only the body, raw the unchanged bytes, none no output.",
            valueName: "form"))
    var output: OutputName?

    @Option(
        name: [.customShort("F", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Print each message with a template: %d destination, %b body, %x body in hex, %l size, %j and %J JSON, %t time, %I ISO 8601, %U epoch, %s subscription, %i message-id, %{name} any header, %{.a.b[0]} a value of a JSON body, %c command, %w direction; with tap %n connection and %a app; %%, \\n \\t \\0 \\\\.",
            valueName: "string"), transform: FormatTemplate.init(argument:))
    var format: FormatTemplate?

    @Flag(name: .customShort("0"), help: "End messages of -o body and -F with NUL, not newline.")
    var null = false

    @Flag(help: "End messages of -o body and -F with nothing.")
    var noNewline = false

    @Flag(
        help:
            "Print a body that is JSON as JSON, not as a string; for objects and arrays, with -o json and with %j and %J of -F. bodyEncoding is then json."
    )
    var jsonBody = false

    @Option(
        help: ArgumentHelp(
            "Charset of bodies that are not UTF-8, for -o pretty; any name that iconv knows (default: the charset in content-type).",
            valueName: "name"), transform: CharsetArgument.init)
    var charset: CharsetArgument?

    @Option(
        help: ArgumentHelp(
            "Size limit for each body in -o pretty (default: no limit, but 4KiB for a hex dump).", valueName: "size"),
        transform: SizeArgument.init)
    var maxShown: SizeArgument?

    func validate() throws {
        guard output == nil || format == nil else { throw ValidationError("-o and -F cannot be combined") }
        guard !null || format != nil || output == .body else { throw ValidationError("-0 needs -o body or -F") }
        guard !noNewline || format != nil || output == .body else {
            throw ValidationError("--no-newline needs -o body or -F")
        }
        guard !noNewline || !null else { throw ValidationError("--no-newline and -0 cannot be combined") }
        guard !jsonBody || format != nil || output == .json else {
            throw ValidationError("--json-body needs -o json or -F")
        }
    }

    var form: OutputForm {
        let terminator: UInt8? = noNewline ? nil : null ? 0 : UInt8(ascii: "\n")
        if let format { return .format(format, terminator: terminator) }
        return (output ?? .pretty).form(terminator: terminator)
    }
}

extension OutputOptions {
    /// How bodies are printed for people.
    ///
    /// - Parameter inflatedLimit: the maximum size of a decompressed body, in bytes.
    func bodies(inflatedLimit: Int) -> BodyStyle {
        BodyStyle(charset: charset?.name, limit: maxShown?.bytes, inflatedLimit: inflatedLimit, hasJSON: jsonBody)
    }
}

/// `--charset`.
struct CharsetArgument: CustomStringConvertible, Sendable {
    let name: String

    init(_ text: String) throws {
        guard CharsetDecoder.knows(text) else {
            throw ValidationError(
                "unknown charset \(text.debugDescription); 'iconv -l' lists those of this machine")
        }
        name = text
    }

    var description: String { name }
}

extension FormatTemplate {
    init(argument: String) throws {
        do {
            try self.init(argument)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

extension TimestampStyle: ExpressibleByArgument {}
extension ColorChoice: ExpressibleByArgument {}
extension OutputName: ExpressibleByArgument {}
