import ArgumentParser
import FoundationEssentials

/// Which long options each command has, as the parser itself tells.
struct OptionIndex: Sendable {
    struct Option: Sendable {
        /// The names without dashes, the preferred one first.
        var names: [String]
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
                    guard !names.isEmpty, names != ["help"], names != ["version"] else { return nil }
                    return Option(
                        names: names, takesValue: argument.kind == "option", isRepeating: argument.isRepeating)
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
