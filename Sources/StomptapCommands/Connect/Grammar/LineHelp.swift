/// What `help` says, by the ``CommandTable``.
enum LineHelp {
    /// - Parameter name: a command; nil for all of them.
    static func text(_ name: String?) -> String {
        guard let name, let entry = CommandTable.entry(name) else { return all }
        var lines = [entry.usage, ""]
        lines += entry.details.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        lines += ["", "  for example"] + entry.examples.map { "    \($0)" }
        if !entry.aliases.isEmpty { lines += ["", "  also: \(entry.aliases.joined(separator: ", "))"] }
        return lines.joined(separator: "\n") + "\n"
    }

    private static var all: String {
        let width = CommandTable.names.map(\.count).max() ?? 0
        var lines: [String] = []
        for (title, entries) in CommandTable.groups {
            lines.append(title)
            for entry in entries {
                lines.append("  \(entry.name.padded(to: width + 2))\(entry.summary)")
            }
        }
        lines += [
            "", "'help COMMAND' tells more. Options come before a body, and the body is the rest of the line, word for",
            "word. Tab completes, Ctrl-R searches the history, Ctrl-C clears the line, Ctrl-D says goodbye.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
