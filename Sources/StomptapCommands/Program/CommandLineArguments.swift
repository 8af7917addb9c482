import ArgumentParser
import StomptapOutput
import StomptapRuntime
import SystemC

extension Stomptap {
    /// The arguments of a command line without the program's name, checked to be UTF-8, because Swift would replace
    /// invalid bytes.
    ///
    /// - Returns: nil, with a line on stderr, if an argument is not UTF-8. A body with such bytes must come from a
    ///   file or stdin.
    public static func arguments(
        _ values: UnsafePointer<UnsafeMutablePointer<CChar>?>, count: Int
    ) -> [String]? {
        var arguments: [String] = []
        for index in 1..<max(1, count) {
            guard let value = values[index] else { break }
            guard let text = String(validatingCString: value) else {
                // The argument is not printed: it may be a passcode.
                Diagnostics.fail("argument \(index) is not UTF-8; use -f or stdin for such a body")
                return nil
            }
            arguments.append(text)
        }
        return arguments
    }

    /// The error for a first argument that is not a command; nil if it is one.
    static func unknownCommand(in arguments: [String]) -> ValidationError? {
        let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
        guard let name = words.first, !name.hasPrefix("-") else { return nil }
        var names = ["help"]
        for command in configuration.subcommands {
            names += command.configuration.aliases
            if let name = command.configuration.commandName { names.append(name) }
        }
        guard !names.contains(name) else { return nil }
        let nearest = EditDistance.nearest(to: name, among: names)
        let advice =
            name.contains("://") ? "the command comes first, as in stomptap connect URL" : "see 'stomptap -h'"
        return ValidationError(
            "unknown command \"\(visible(SecretMask.hiding.masked(typed: name)))\"; "
                + (nearest.map { "did you mean \($0)?" } ?? advice))
    }
}

/// Bodies that are negative numbers: in `publish ENDPOINT DESTINATION -1`, `-1` is the body, as no option is a
/// number except `-0`.
enum NumberArguments {
    /// The arguments with `--` before a trailing negative number, so that the parser treats it as an argument.
    static func protected(_ arguments: [String]) -> [String] {
        guard !arguments.contains("--"), let last = arguments.last, isNegativeNumber(last),
            // A number after an option is the option's value.
            let before = arguments.dropLast().last, !before.hasPrefix("-")
        else { return arguments }
        return arguments.dropLast() + ["--", last]
    }

    private static func isNegativeNumber(_ text: String) -> Bool {
        text != "-0" && text.hasPrefix("-") && text.dropFirst().first?.isNumber == true && Double(text) != nil
    }
}

/// The standard descriptors: stdin, stdout and stderr.
enum StandardStreams {
    /// Opens /dev/null for each standard descriptor that is closed, so that no socket or file gets its number. It
    /// is opened in the wrong direction, so that using it fails as on a closed descriptor.
    static func holdPlaces() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 {
            // open returns the lowest free number, which is this one.
            _ = open("/dev/null", mode)
        }
    }
}

/// The long options of each command, as reported by the parser.
struct OptionIndex: Sendable {
    struct Option: Sendable {
        /// The long names without dashes, the preferred one first.
        var names: [String]
        /// The single-letter names.
        var letters: [String]
        var takesValue: Bool
        var isRepeating: Bool
    }

    /// By command name.
    let commands: [String: [Option]]

    static let all = OptionIndex()

    private init() {
        commands = Dictionary(
            (CommandHelp.program.subcommands ?? []).map { ($0.commandName, $0.allOptions.map(Option.init)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The option of that name that `command` has.
    func option(_ name: String, of command: String) -> Option? {
        commands[command]?.first { $0.names.contains(name) }
    }

    /// The names of all options of all commands.
    var names: Set<String> { Set(commands.values.joined().flatMap(\.names)) }
}

extension OptionIndex.Option {
    fileprivate init(_ option: CommandHelp.Argument) {
        let names = option.names ?? []
        self.init(
            names: names.filter { !$0.isShort }.map(\.name), letters: names.filter(\.isShort).map(\.name),
            takesValue: option.takesValue, isRepeating: option.isRepeating)
    }
}
