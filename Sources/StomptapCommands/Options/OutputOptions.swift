import ArgumentParser
import StomptapOutput
import StomptapRuntime

/// How messages are printed on stdout.
struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "How messages are printed: pretty for people, json an object a line, body, raw octets, none.",
            valueName: "form"))
    var output: OutputName?

    @Option(
        name: [.customShort("F", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Print each message by a template: %d destination, %b body, %x body in hex, %l size, %j and %J JSON, %t time, %I ISO 8601, %U epoch, %s subscription, %i message-id, %{name} any header, %c command, %w which way; with tap %n connection and %a app; %%, \\n \\t \\0 \\\\.",
            valueName: "string"), transform: FormatTemplate.init(argument:))
    var format: FormatTemplate?

    @Flag(name: .customShort("0"), help: "End each message of -o body and -F with NUL rather than a line end.")
    var null = false

    func validate() throws {
        guard output == nil || format == nil else { throw ValidationError("-o and -F do not go together") }
        guard !null || format != nil || output == .body else { throw ValidationError("-0 goes with -o body and -F") }
    }

    var form: OutputForm {
        let terminator = null ? 0 : UInt8(ascii: "\n")
        if let format { return .format(format, terminator: terminator) }
        return (output ?? .pretty).form(terminator: terminator)
    }
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
