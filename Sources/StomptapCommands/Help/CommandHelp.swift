import FoundationEssentials

/// The parser's description of a command: its arguments, options and text. Help, man pages, completions of values and
/// checks of option names are made from it.
///
/// To make it, the parser looks at all commands, so it is made only when it is needed.
package struct CommandHelp: Decodable, Sendable {
    package struct Argument: Decodable, Sendable {
        package struct Name: Decodable, Sendable {
            var kind: String
            package var name: String

            /// The option as typed.
            package var typed: String { kind == "long" ? "--\(name)" : "-\(name)" }
            var isShort: Bool { kind == "short" }
        }

        var kind: String
        package var names: [Name]?
        package var valueName: String?
        var abstract: String?
        var defaultValue: String?
        var allValues: [String]?
        var sectionTitle: String?
        var parsingStrategy: String?
        package var isOptional: Bool
        package var isRepeating: Bool
        var shouldDisplay: Bool
    }

    private struct Tool: Decodable {
        var command: CommandHelp
    }

    package var commandName: String
    package var aliases: [String]?
    package var abstract: String?
    var discussion: String?
    package var subcommands: [CommandHelp]?
    /// All arguments and options, hidden ones too.
    var arguments: [Argument]?

    /// - Parameter dump: the parser's description of the whole program, as JSON.
    init(dump: String) {
        do {
            self = try JSONDecoder().decode(Tool.self, from: Data(dump.utf8)).command.withShortHelp
        } catch {
            preconditionFailure("the parser's description of the commands has changed: \(error)")
        }
    }

    /// The parser does not know `-h`, which ``HelpRequest`` finds: adds it to the options.
    private var withShortHelp: CommandHelp {
        var command = self
        command.subcommands = subcommands?.filter { $0.commandName != "help" }.map(\.withShortHelp)
        command.arguments = arguments?.flatMap { argument in
            guard argument.names?.map(\.typed) == ["--help"] else { return [argument] }
            var (short, whole) = (argument, argument)
            short.names = [Argument.Name(kind: "short", name: "h")]
            (short.abstract, whole.abstract) = (Self.shortHelp, Self.wholeHelp)
            return [short, whole]
        }
        return command
    }

    static let shortHelp = "Print the most important options, on one screen."
    static let wholeHelp = "Print all options."

    // MARK: Arguments

    package var positionals: [Argument] { (arguments ?? []).filter { $0.shouldDisplay && $0.isPositional } }
    /// The options in the order of their declaration.
    package var options: [Argument] { (arguments ?? []).filter { $0.shouldDisplay && !$0.isPositional } }

    /// The command's options, hidden ones too, without those that every command has.
    var allOptions: [Argument] { (arguments ?? []).filter { !$0.isPositional && !$0.isOfEveryCommand } }

    /// The options under their headings: first the command's own, those without a heading before the others; then
    /// those of the connection to a server.
    package var optionGroups: [(title: String?, options: [Argument])] {
        var groups: [(title: String?, options: [Argument])] = []
        for option in options {
            if let index = groups.firstIndex(where: { $0.title == option.sectionTitle }) {
                groups[index].options.append(option)
            } else {
                groups.append((option.sectionTitle, [option]))
            }
        }
        func place(_ title: String?) -> Int { title == nil ? 0 : OptionHeading.isOfConnection(title) ? 2 : 1 }
        return (0...2).flatMap { wanted in groups.filter { place($0.title) == wanted } }
    }

    /// The options except those of the connection to a server and those that every command has.
    package var ownOptions: [Argument] {
        optionGroups.filter { !OptionHeading.isOfConnection($0.title) }.flatMap(\.options).filter {
            !$0.isOfEveryCommand
        }
    }

    package var connectionOptions: [Argument] { options.filter { OptionHeading.isOfConnection($0.sectionTitle) } }

    /// The arguments and required options, as in a man page's synopsis.
    package var synopsis: String {
        let required = options.filter { !$0.isOptional }.map { option in
            "\(option.typedNames.last ?? "") \(option.placeholder)"
        }
        let words = (subcommands ?? []).isEmpty ? [] : ["COMMAND", "[ARGUMENTS]"]
        return (words + positionals.map(\.placeholder) + required + ["[OPTIONS]"]).joined(separator: " ")
    }

    /// What the command does, and its other names.
    package var summary: String {
        guard let aliases, !aliases.isEmpty else { return abstract ?? "" }
        return "\(abstract ?? "") Also: \(aliases.map { "stomptap \($0)" }.joined(separator: ", "))."
    }

    /// The subcommand of that name or alias.
    func subcommand(_ word: String) -> CommandHelp? {
        subcommands?.first { $0.commandName == word || ($0.aliases ?? []).contains(word) }
    }

    /// The option that is typed in this way, such as `--count` or `-n`; hidden ones too.
    func option(_ typed: String) -> Argument? {
        arguments?.first { ($0.names ?? []).contains { $0.typed == typed } }
    }
}

extension CommandHelp.Argument {
    var isPositional: Bool { kind == "positional" }
    package var takesValue: Bool { kind == "option" }
    /// Whether its value may begin with a dash.
    var takesAnyValue: Bool { takesValue && parsingStrategy == "unconditional" }

    /// All names of an option as typed, short ones first.
    package var typedNames: [String] {
        let names = names ?? []
        return (names.filter(\.isShort) + names.filter { !$0.isShort }).map(\.typed)
    }

    /// Whether it is one of `--help`, `-h` and `--version`.
    package var isOfEveryCommand: Bool { typedNames.contains { ["-h", "--help", "--version"].contains($0) } }

    /// What a synopsis has in place of the value: `ENDPOINT`, `[BODY]`, `DESTINATION...`.
    fileprivate var placeholder: String {
        let name = (valueName ?? "argument").uppercased() + (isRepeating ? "..." : "")
        return isOptional ? "[\(name)]" : name
    }

    /// The description with the values and the default.
    package var meaning: String {
        var notes: [String] = []
        if let allValues { notes.append("values: \(allValues.joined(separator: ", "))") }
        if let defaultValue { notes.append("default: \(defaultValue)") }
        return (abstract ?? "") + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
    }
}

/// The headings of options that help and man pages treat specially.
enum OptionHeading {
    static let connection = "Connection"
    /// The tap's connections; that of the apps is not meant.
    static let serverConnection = "Connection to the server"
    static let diagnostics = "Diagnostics"

    /// Whether the options under this heading are for the connection to a server. Many commands have the same ones,
    /// so they come last.
    static func isOfConnection(_ title: String?) -> Bool {
        title.map { [connection, serverConnection, diagnostics].contains($0) } ?? false
    }
}
