import StomptapCommands

/// A Markdown table of all options of all commands.
enum OptionTable {
    static func text(of commands: [CommandHelp]) -> String {
        let connecting = commands.filter(\.opensSession)
        let all = connecting.map { Set($0.tableOptions.map(name)) }
        let shared = all.dropFirst().reduce(all.first ?? []) { $0.intersection($1) }
        var lines = ["| command | options |", "|---|---|"]
        if let first = connecting.first {
            lines.append(
                row("every command that opens a session", first.tableOptions.map(name).filter(shared.contains)))
        }
        for command in commands {
            let own = command.tableOptions.map(name)
            let isConnecting = connecting.contains { $0.commandName == command.commandName }
            lines.append(row("`\(command.commandName)`", isConnecting ? own.filter { !shared.contains($0) } : own))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ title: String, _ options: [String]) -> String {
        "| \(title) | \(options.map { "`\($0)`" }.joined(separator: " ")) |"
    }

    /// All names of an option, as typed.
    private static func name(_ option: CommandHelp.Argument) -> String { option.typedNames.joined(separator: ", ") }
}

extension CommandHelp {
    /// Whether the command opens a STOMP session to an ENDPOINT itself.
    fileprivate var opensSession: Bool {
        positionals.contains { $0.valueName == "endpoint" }
            && options.contains { $0.typedNames.contains("--stomp-version") }
    }

    /// The options except those that every command has, in the order of the man pages.
    fileprivate var tableOptions: [Argument] { optionGroups.flatMap(\.options).filter { !$0.isOfEveryCommand } }
}
