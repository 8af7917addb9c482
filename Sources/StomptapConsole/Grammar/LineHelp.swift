import LineEditor

/// The text of `help`, built from the ``CommandTable``.
enum LineHelp {
    /// The maximum width, for readability.
    static let width = 80

    /// - Parameters:
    ///   - name: a command; nil for all of them.
    ///   - width: the width of the terminal.
    static func text(_ name: String?, width: Int = width) -> String {
        let width = min(width, Self.width)
        let lines = name.flatMap { CommandTable.entry($0) }.map { of($0, width) } ?? all(width)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func of(_ entry: CommandEntry, _ width: Int) -> [String] {
        var lines = Paragraphs.lines(entry.usage, width: width) + [""]
        lines += Paragraphs.lines(entry.details, width: width, indentation: 2)
        // Not wrapped, so that they can be copied.
        lines += ["", "  examples:"] + entry.examples.map { "    \($0)" }
        if !entry.aliases.isEmpty { lines += ["", "  alias: \(entry.aliases.joined(separator: ", "))"] }
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
            'help COMMAND' describes a command. Options come before a body; the body is the rest of the line as typed.
            Tab completes, Ctrl-R searches the history, Ctrl-C clears the line, Ctrl-D quits.
            """
        return lines + [""] + Paragraphs.lines(hints, width: width)
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// Text wrapped to the width of the terminal.
enum Paragraphs {
    /// The lines of the text, wrapped at words.
    ///
    /// Consecutive lines form one paragraph. A line with two consecutive blanks in it is a table row: a name, and
    /// text that is wrapped within its column, together with the following lines that start with a blank.
    ///
    /// - Parameters:
    ///   - width: the width of the terminal, including the indentation.
    ///   - indentation: the number of blanks before each line.
    static func lines(_ text: String, width: Int, indentation: Int = 0) -> [String] {
        var paragraphs: [(text: String, hanging: Int)] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let content = line.drop(while: \.isBlank)
            if let column = column(of: line) {
                paragraphs.append((String(line), column))
            } else if let last = paragraphs.last, !content.isEmpty, !last.text.isEmpty,
                last.hanging == 0 || content.count < line.count
            {
                paragraphs[paragraphs.count - 1].text += " " + content
            } else {
                paragraphs.append((String(content), 0))
            }
        }
        return paragraphs.flatMap { fold($0.text, hanging: $0.hanging, width: width, indentation: indentation) }
    }

    /// The column where the text of a table row starts; nil if the line is not a table row.
    private static func column(of line: Substring) -> Int? {
        guard let gap = line.firstRange(of: "  "), gap.lowerBound > line.startIndex else { return nil }
        let text = line[gap.lowerBound...].drop(while: \.isBlank)
        return line.count - text.count
    }

    private static func fold(_ text: String, hanging: Int, width: Int, indentation: Int) -> [String] {
        let margin = String(repeating: " ", count: indentation)
        // If there is no room for a column, the text continues below the name.
        let hang = String(repeating: " ", count: width - indentation - hanging < 20 ? min(hanging, 2) : hanging)
        return TextFill.lines(
            text.dropFirst(hanging).split(separator: " ").map(String.init), width: width,
            first: margin + text.prefix(hanging), next: margin + hang)
    }
}
