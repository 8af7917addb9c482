/// What `help` says, by the ``CommandTable``.
enum LineHelp {
    /// The widest that is easy to read.
    static let width = 80

    /// - Parameters:
    ///   - name: a command; nil for all of them.
    ///   - width: of the terminal.
    static func text(_ name: String?, width: Int = width) -> String {
        let width = min(width, Self.width)
        let lines = name.flatMap { CommandTable.entry($0) }.map { of($0, width) } ?? all(width)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func of(_ entry: CommandEntry, _ width: Int) -> [String] {
        var lines = Paragraphs.lines(entry.usage, width: width) + [""]
        lines += Paragraphs.lines(entry.details, width: width, indentation: 2)
        // As they are: they are there to be copied.
        lines += ["", "  for example"] + entry.examples.map { "    \($0)" }
        if !entry.aliases.isEmpty { lines += ["", "  also: \(entry.aliases.joined(separator: ", "))"] }
        return lines
    }

    private static func all(_ width: Int) -> [String] {
        let column = (CommandTable.names.map(\.count).max() ?? 0) + 2
        var lines: [String] = []
        for (title, entries) in CommandTable.groups {
            lines.append(title)
            let rows = entries.map { "\($0.name.padded(to: column))\($0.summary)" }.joined(separator: "\n")
            lines += Paragraphs.lines(rows, width: width, indentation: 2)
        }
        let hints = """
            'help COMMAND' tells more. Options come before a body, and the body is the rest of the line, word for word.
            Tab completes, Ctrl-R searches the history, Ctrl-C clears the line, Ctrl-D says goodbye.
            """
        return lines + [""] + Paragraphs.lines(hints, width: width)
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
