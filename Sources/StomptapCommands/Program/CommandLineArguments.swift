import ArgumentParser
import FoundationEssentials
import StomptapOutput
import StomptapRuntime
import SystemC

extension Stomptap {
    /// The arguments of a command line without the program's name. Swift would replace what is no UTF-8 in them.
    ///
    /// - Returns: nil, and a line on stderr, where one is no UTF-8: a body of such bytes comes from a file or stdin.
    public static func arguments(
        _ values: UnsafePointer<UnsafeMutablePointer<CChar>?>, count: Int
    ) -> [String]? {
        var arguments: [String] = []
        for index in 1..<max(1, count) {
            guard let value = values[index] else { break }
            guard let text = String(validatingCString: value) else {
                // It is not shown: it may be a passcode.
                Diagnostics.fail("argument \(index) is not UTF-8; send a body of such bytes by -f or stdin")
                return nil
            }
            arguments.append(text)
        }
        return arguments
    }

    /// What is wrong with the name of a command.
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
            "there is no command \"\(visible(SecretMask.hiding.masked(typed: name)))\"; "
                + (nearest.map { "did you mean \($0)?" } ?? advice))
    }
}

/// Bodies that are negative numbers: `publish ENDPOINT DESTINATION -1` means the body, as no option is a number but `-0`.
enum NumberArguments {
    /// The same arguments, with a trailing negative number behind `--`, where the parser takes it for what it is.
    static func protected(_ arguments: [String]) -> [String] {
        guard !arguments.contains("--"), let last = arguments.last, isNegativeNumber(last),
            // The value of an option stays with it.
            let before = arguments.dropLast().last, !before.hasPrefix("-")
        else { return arguments }
        return arguments.dropLast() + ["--", last]
    }

    private static func isNegativeNumber(_ text: String) -> Bool {
        text != "-0" && text.hasPrefix("-") && text.dropFirst().first?.isNumber == true && Double(text) != nil
    }
}

/// The descriptors that the program is started with.
enum StandardStreams {
    /// Holds the places of those that are closed, so that no socket or file is taken for one of them: what holds a place
    /// cannot be used that way round, as one that is closed.
    static func holdPlaces() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free is this one.
            _ = open("/dev/null", mode)
        }
    }
}

/// Which long options each command has, as the parser itself tells.
struct OptionIndex: Sendable {
    struct Option: Sendable {
        /// The long names without dashes, the preferred one first.
        var names: [String]
        /// The names of one letter.
        var letters: [String]
        var takesValue: Bool
        var isRepeating: Bool
    }

    /// By the commands' names.
    let commands: [String: [Option]]

    static let all = OptionIndex()

    private init() {
        let help = try? JSONDecoder().decode(Help.self, from: Data(Stomptap._dumpHelp().utf8))
        commands = Dictionary(
            (help?.command.subcommands ?? []).map { ($0.commandName, $0.options) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The option of that name that `command` has.
    func option(_ name: String, of command: String) -> Option? {
        commands[command]?.first { $0.names.contains(name) }
    }

    /// The names of all options of all commands.
    var names: Set<String> { Set(commands.values.joined().flatMap(\.names)) }

    /// The parts that matter here of what the parser says of itself.
    private struct Help: Decodable {
        struct Command: Decodable {
            var commandName: String
            var subcommands: [Command]?
            var arguments: [Argument]?

            var options: [Option] {
                (arguments ?? []).compactMap { argument in
                    let names = (argument.names ?? []).filter { $0.kind == "long" }.map(\.name)
                    let letters = (argument.names ?? []).filter { $0.kind == "short" }.map(\.name)
                    guard !names.isEmpty || !letters.isEmpty, names != ["help"], names != ["version"] else {
                        return nil
                    }
                    return Option(
                        names: names, letters: letters, takesValue: argument.kind == "option",
                        isRepeating: argument.isRepeating)
                }
            }
        }

        struct Argument: Decodable {
            struct Name: Decodable {
                var kind: String
                var name: String
            }

            var kind: String
            var names: [Name]?
            var isRepeating: Bool
        }

        var command: Command
    }
}
