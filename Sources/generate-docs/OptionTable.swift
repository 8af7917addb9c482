/// All options of all commands, as a table in Markdown.
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

    /// All names of an option, as they are typed.
    private static func name(_ option: CommandHelp.Argument) -> String {
        (option.names ?? []).sorted { $0.kind == "short" && $1.kind != "short" }.map(\.typed).joined(separator: ", ")
    }
}

extension CommandHelp {
    /// Whether it speaks STOMP with an ENDPOINT itself.
    fileprivate var opensSession: Bool {
        positionals.contains { $0.valueName == "endpoint" }
            && options.contains { ($0.names ?? []).contains { $0.name == "stomp-version" } }
    }

    /// Without those that every command has by itself.
    fileprivate var ownOptions: [Argument] {
        options.filter { !($0.names ?? []).contains { ["help", "version"].contains($0.name) } }
    }
}
