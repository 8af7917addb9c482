import LineEditor

/// The help of a command for a terminal: one screen or all.
struct HelpText {
    /// The width that the texts are written for.
    static let standardWidth = 80
    /// Longer lines are hard to read, and on narrower terminals nothing can be arranged.
    static let widths = 20...100

    let command: CommandHelp
    /// The command as typed, such as `stomptap publish`.
    private let name: String
    private let width: Int

    /// - Parameters:
    ///   - path: the names of a command and its parents; what is no command is ignored.
    ///   - width: the width of the terminal.
    init(_ path: [String], of program: CommandHelp, width: Int = standardWidth) {
        var command = program
        var names = [program.commandName]
        for name in path {
            guard let subcommand = command.subcommand(name) else { break }
            command = subcommand
            names.append(subcommand.commandName)
        }
        self.command = command
        name = names.joined(separator: " ")
        self.width = min(max(width, Self.widths.lowerBound), Self.widths.upperBound)
    }

    func lines(_ extent: HelpRequest.Extent) -> [String] {
        switch extent {
        case .short: short
        case .whole: whole
        }
    }

    private var introduction: [String] {
        TextFill.lines(command.summary, width: width)
            + TextFill.lines("Usage: \(name) \(command.synopsis)", width: width, hanging: 7)
    }

    // MARK: One screen

    private static let examples = 3

    private var short: [String] {
        let groups = [command.positionals, command.ownOptions].filter { !$0.isEmpty }
        let column = HelpColumns.textColumn(groups.joined().map(\.label), limit: 32)
        let entries = groups.map { group in
            group.map { argument in
                // The phrase is the same at each width.
                let room = HelpColumns.room(after: argument.label, column: column, width: Self.standardWidth)
                return HelpColumns.Entry(label: argument.label, text: argument.brief(room: room))
            }
        }
        let examples = command.examples.prefix(Self.examples).flatMap {
            TypedCommand.lines($0, width: width, indentation: 2)
        }
        return introduction + (command.isGroup ? shortOfGroup : [])
            + entries.flatMap { [""] + HelpColumns.lines($0, column: column, width: width) }
            + (examples.isEmpty ? [] : ["", "Examples:"] + examples)
            + [""] + TextFill.lines(ending, width: width)
    }

    /// The commands, and the text that says what they have in common.
    private var shortOfGroup: [String] {
        let column = HelpColumns.textColumn(subcommands.map(\.label), limit: Self.column)
        let entries = subcommands.map { entry in
            let room = Self.standardWidth - column
            return HelpColumns.Entry(label: entry.label, text: entry.text.beginning(room: room))
        }
        return [""] + HelpColumns.lines(entries, column: column, width: width)
            + command.sections[0].blocks.flatMap { [""] + lines(of: $0, "") }
    }

    private var ending: String {
        if command.isGroup { return "Options of a command: \(name) COMMAND -h; all options: \(name) COMMAND --help" }
        let examples = [("--login", "login"), ("--ca", "TLS"), ("--proxy", "proxy"), ("-v", "-v")].filter { typed, _ in
            command.connectionOptions.contains { $0.typedNames.contains(typed) }
        }
        let more = examples.isEmpty ? "" : " (\(examples.map(\.1).joined(separator: ", ")), ...)"
        return "All options\(more): \(name) --help"
    }

    // MARK: All

    private static let column = 28

    private var whole: [String] {
        var lines = introduction
        for (title, blocks) in command.sections {
            if !title.isEmpty { lines += ["", title] }
            for (index, block) in blocks.enumerated() {
                if index > 0 || title.isEmpty { lines.append("") }
                lines += self.lines(of: block, title)
            }
        }
        lines += section("ARGUMENTS", command.positionals.map(HelpColumns.Entry.init))
        lines += section("COMMANDS", subcommands)
        for (title, options) in command.optionGroups {
            lines += section(title.map { $0.uppercased() } ?? "OPTIONS", options.map(HelpColumns.Entry.init))
        }
        return lines
    }

    private var subcommands: [HelpColumns.Entry] {
        (command.subcommands ?? []).map { subcommand in
            HelpColumns.Entry(
                label: ([subcommand.commandName] + (subcommand.aliases ?? [])).joined(separator: ", "),
                text: subcommand.abstract.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 } ?? "")
        }
    }

    private func section(_ title: String, _ entries: [HelpColumns.Entry]) -> [String] {
        guard !entries.isEmpty else { return [] }
        let column = HelpColumns.textColumn(entries.map(\.label), limit: Self.column)
        return ["", title] + HelpColumns.lines(entries, column: column, width: width)
    }

    private func lines(of block: CommandHelp.Block, _ title: String) -> [String] {
        guard let paragraph = block.paragraph else { return lines(block.lines, title) }
        var words = paragraph.split(separator: " ").map(String.init)
        if title == CommandHelp.statusTitle { words = Self.withNumbers(words) }
        let margin = title.isEmpty ? "" : "  "
        return TextFill.lines(words, width: width, first: margin, next: margin) + lines(block.lines, title)
    }

    private func lines(_ lines: [String], _ title: String) -> [String] {
        guard !CommandHelp.holdsCommands(title) else {
            return CommandHelp.commands(in: lines).flatMap { TypedCommand.lines($0, width: width, indentation: 2) }
        }
        let isTooWide = lines.contains { DisplayWidth.of($0) + 2 > width }
        if isTooWide, let entries = HelpColumns.entries(in: lines) {
            return HelpColumns.lines(entries, column: width, width: width)
        }
        return lines.map { "  \($0)" }
    }

    /// Keeps an exit status on the line of its meaning.
    private static func withNumbers(_ words: [String]) -> [String] {
        var kept: [String] = []
        for word in words {
            if let last = kept.last, last.allSatisfy(\.isNumber) {
                kept[kept.count - 1] = "\(last) \(word)"
            } else {
                kept.append(word)
            }
        }
        return kept
    }
}

extension CommandHelp {
    /// Whether it only has other commands.
    fileprivate var isGroup: Bool { !(subcommands ?? []).isEmpty }
}

extension CommandHelp.Argument {
    /// How a line of help begins: the names and the value of an option, the name of an argument.
    fileprivate var label: String {
        guard !isPositional else { return valueName?.uppercased() ?? "" }
        return typedNames.joined(separator: ", ") + (takesValue ? " <\(valueName ?? "value")>" : "")
    }
}

extension HelpColumns.Entry {
    fileprivate init(_ argument: CommandHelp.Argument) {
        self.init(label: argument.label, text: argument.meaning)
    }
}
