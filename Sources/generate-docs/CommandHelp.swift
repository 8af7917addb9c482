import FoundationEssentials

/// What the parser says of a command, as `--experimental-dump-help` has it.
struct CommandHelp: Decodable {
    struct Tool: Decodable {
        var command: CommandHelp
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String

            /// As it is typed.
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

    /// Those that a page tells of.
    var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
    var positionals: [Argument] { shownArguments.filter { $0.kind == "positional" } }
    var options: [Argument] { shownArguments.filter { $0.kind != "positional" } }

    init(json: String) throws {
        self = try JSONDecoder().decode(Tool.self, from: Data(json.utf8)).command
    }

    /// The discussion under its headings, which are lines of capitals; what stands before the first has none.
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
