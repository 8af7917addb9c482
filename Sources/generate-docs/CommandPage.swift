/// The man page of one command.
enum CommandPage {
    static func text(of command: CommandHelp, among names: [String], version: String, date: String) -> String {
        let name = "stomptap-\(command.commandName)"
        var page = Roff(name: name, date: date, source: "stomptap \(version)")
        page.section("NAME")
        let abstract = command.abstract ?? ""
        page.words(
            "\(name) - \(abstract.prefix(1).lowercased())\(abstract.dropFirst().drop { $0 == "." })".withoutFullStop)
        page.section("SYNOPSIS")
        page.entry(["stomptap \(command.commandName)"], value: synopsis(of: command), aliases(of: command))
        page.section("DESCRIPTION")
        for (title, lines) in command.sections {
            if !title.isEmpty { page.section(title) }
            if title == "EXIT STATUS" {
                page.paragraph(lines.map { $0.drop { $0 == " " } }.joined(separator: " "))
            } else {
                page.prose(lines)
            }
            if title.isEmpty { options(of: command, &page) }
        }
        page.section("SEE ALSO")
        let others = (["stomptap"] + names.filter { $0 != command.commandName }.map { "stomptap-\($0)" })
        page.words(others.map { "\($0)(1)" }.joined(separator: ", "))
        return page.text
    }

    private static func synopsis(of command: CommandHelp) -> String {
        let places = command.positionals.map { argument in
            let name = (argument.valueName ?? "argument").uppercased() + (argument.isRepeating ? "..." : "")
            return argument.isOptional ? "[\(name)]" : name
        }
        return (places + ["[OPTIONS]"]).joined(separator: " ")
    }

    private static func aliases(of command: CommandHelp) -> String {
        guard let aliases = command.aliases, !aliases.isEmpty else { return command.abstract ?? "" }
        return "\(command.abstract ?? "") Also: \(aliases.map { "stomptap \($0)" }.joined(separator: ", "))."
    }

    private static func options(of command: CommandHelp, _ page: inout Roff) {
        if !command.positionals.isEmpty {
            page.section("ARGUMENTS")
            for argument in command.positionals {
                page.entry([(argument.valueName ?? "argument").uppercased()], argument.meaning)
            }
        }
        page.section("OPTIONS")
        var section: String?
        for option in command.options {
            if let title = option.sectionTitle, title != section { page.subsection(title) }
            section = option.sectionTitle ?? section
            page.entry(
                (option.names ?? []).sorted { $0.kind == "short" && $1.kind != "short" }.map(\.typed),
                value: option.kind == "option" ? option.valueName : nil, option.meaning)
        }
    }
}

extension CommandHelp.Argument {
    /// The description of the option, with its values and its default.
    fileprivate var meaning: String {
        var notes: [String] = []
        if let allValues { notes.append("values: \(allValues.joined(separator: ", "))") }
        if let defaultValue { notes.append("default: \(defaultValue)") }
        return (abstract ?? "") + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
    }
}

extension String {
    var withoutFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
