import StomptapCommands

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
        page.entry(["stomptap \(command.commandName)"], value: command.synopsis, command.summary)
        page.section("DESCRIPTION")
        for (title, blocks) in command.sections {
            if !title.isEmpty { page.section(title) }
            page.prose(blocks)
            if title.isEmpty { options(of: command, &page) }
        }
        page.section("SEE ALSO")
        let others = (["stomptap"] + names.filter { $0 != command.commandName }.map { "stomptap-\($0)" })
        page.words(others.map { "\($0)(1)" }.joined(separator: ", "))
        return page.text
    }

    private static func options(of command: CommandHelp, _ page: inout Roff) {
        if !command.positionals.isEmpty {
            page.section("ARGUMENTS")
            for argument in command.positionals {
                page.entry([(argument.valueName ?? "argument").uppercased()], argument.meaning)
            }
        }
        page.section("OPTIONS")
        for (title, options) in command.optionGroups {
            if let title { page.subsection(title) }
            for option in options {
                page.entry(option.typedNames, value: option.takesValue ? option.valueName : nil, option.meaning)
            }
        }
    }
}

extension String {
    var withoutFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
