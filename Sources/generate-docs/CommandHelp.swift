import FoundationEssentials

/// The parser's description of a command, from `--experimental-dump-help`.
struct CommandHelp: Decodable {
    struct Tool: Decodable {
        var command: CommandHelp
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String

            /// The option as typed.
            var typed: String { kind == "long" ? "--\(name)" : "-\(name)" }
        }

        var kind: String
        var names: [Name]?
        var valueName: String?
        var abstract: String?
        var defaultValue: String?
        var allValues: [String]?
        var sectionTitle: String?
        var isOptional: Bool
        var isRepeating: Bool
        var shouldDisplay: Bool
    }

    var commandName: String
    var aliases: [String]?
    var abstract: String?
    var discussion: String?
    var subcommands: [CommandHelp]?
    var arguments: [Argument]?

    /// The arguments that the page documents.
    var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
    var positionals: [Argument] { shownArguments.filter { $0.kind == "positional" } }
    var options: [Argument] { shownArguments.filter { $0.kind != "positional" } }

    init(json: String) throws {
        self = try JSONDecoder().decode(Tool.self, from: Data(json.utf8)).command
    }

    /// The discussion split into sections by headings, which are lines in capitals; text before the first heading
    /// has an empty title.
    var sections: [(title: String, lines: [String])] {
        var sections: [(title: String, lines: [String])] = [("", [])]
        for line in (discussion ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if !line.isEmpty, line.allSatisfy({ $0.isUppercase || $0 == " " }), line.contains(where: \.isUppercase) {
                sections.append((line, []))
            } else {
                sections[sections.count - 1].lines.append(line)
            }
        }
        return sections
    }
}

/// A Markdown table of all options of all commands.
enum OptionTable {
    static func text(of commands: [CommandHelp]) -> String {
        let connecting = commands.filter(\.opensSession)
        let all = connecting.map { Set($0.ownOptions.map(name)) }
        let shared = all.dropFirst().reduce(all.first ?? []) { $0.intersection($1) }
        var lines = ["| command | options |", "|---|---|"]
        if let first = connecting.first {
            lines.append(row("every command that opens a session", first.ownOptions.map(name).filter(shared.contains)))
        }
        for command in commands {
            let own = command.ownOptions.map(name)
            let isConnecting = connecting.contains { $0.commandName == command.commandName }
            lines.append(row("`\(command.commandName)`", isConnecting ? own.filter { !shared.contains($0) } : own))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ title: String, _ options: [String]) -> String {
        "| \(title) | \(options.map { "`\($0)`" }.joined(separator: " ")) |"
    }

    /// All names of an option, as typed.
    private static func name(_ option: CommandHelp.Argument) -> String {
        (option.names ?? []).sorted { $0.kind == "short" && $1.kind != "short" }.map(\.typed).joined(separator: ", ")
    }
}

extension CommandHelp {
    /// Whether the command opens a STOMP session to an ENDPOINT itself.
    fileprivate var opensSession: Bool {
        positionals.contains { $0.valueName == "endpoint" }
            && options.contains { ($0.names ?? []).contains { $0.name == "stomp-version" } }
    }

    /// The options except those that every command has.
    fileprivate var ownOptions: [Argument] {
        options.filter { !($0.names ?? []).contains { ["help", "version"].contains($0.name) } }
    }
}
