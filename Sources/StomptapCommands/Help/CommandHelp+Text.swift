import LineEditor

extension CommandHelp {
    /// A part of a command's text: a paragraph, or lines, or a paragraph that introduces lines.
    package struct Block: Equatable {
        package var paragraph: String?
        /// Lines that keep their line ends, without their indentation.
        package var lines: [String] = []
    }

    /// The text in sections by headings, which are lines in capitals. The first section has no heading.
    package var sections: [(title: String, blocks: [Block])] {
        var sections: [(title: String, lines: [Substring])] = [("", [])]
        for line in (discussion ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.contains(where: \.isUppercase), line.allSatisfy({ $0.isUppercase || $0 == " " }) {
                sections.append((String(line), []))
            } else {
                sections[sections.count - 1].lines.append(line)
            }
        }
        return sections.map { title, lines in
            (title, lines.split(separator: "").map { Self.block($0, isProse: title == Self.statusTitle) })
        }
    }

    static let statusTitle = "EXIT STATUS"

    /// - Parameter isProse: whether indented lines are a paragraph too.
    private static func block(_ lines: ArraySlice<Substring>, isProse: Bool) -> Block {
        let prose = isProse ? lines : lines.prefix { !$0.hasPrefix("  ") }
        return Block(
            paragraph: prose.isEmpty ? nil : prose.map { $0.drop { $0 == " " } }.joined(separator: " "),
            lines: lines[prose.endIndex...].map { String($0.dropFirst(2)) })
    }

    /// Whether the lines of this section are commands to type.
    static func holdsCommands(_ title: String) -> Bool { ["EXAMPLES", "START HERE"].contains(title) }

    /// The commands to type, each with its lines.
    package var examples: [[String]] {
        sections.filter { Self.holdsCommands($0.title) }.flatMap(\.blocks).flatMap { Self.commands(in: $0.lines) }
    }

    /// Divides lines into commands: a backslash at the end of a line continues the command.
    static func commands(in lines: [String]) -> [[String]] {
        var commands: [[String]] = []
        for line in lines {
            if let last = commands.last?.last, last.hasSuffix("\\") {
                commands[commands.count - 1].append(line)
            } else {
                commands.append([line])
            }
        }
        return commands
    }
}

extension CommandHelp.Argument {
    /// The beginning of the meaning that fits into `room` columns, followed by the values and the default where there
    /// is room for them.
    func brief(room: Int) -> String {
        var brief = (abstract ?? "").beginning(room: room)
        func append(_ note: String) {
            if DisplayWidth.of(brief + note) <= room { brief += note }
        }
        if let allValues, !allValues.allSatisfy(brief.contains) {
            append("\(brief.contains(":") ? "; " : ": ")\(allValues.joined(separator: ", "))")
        }
        let inText = (abstract ?? "").firstMatch(of: /\(default: ([^();]+)[);]/).map { String($0.output.1) }
        if !brief.contains("(default: "), let value = defaultValue ?? inText { append(" (default: \(value))") }
        return brief
    }
}

extension String {
    /// The longest beginning of at most `room` columns that is whole sentences or clauses, without a full stop;
    /// otherwise the longest that ends before a comma. If all are longer, the first clause.
    func beginning(room: Int) -> String {
        let text = hasSuffix(".") ? dropLast() : self[...]
        func beginnings(_ ends: [String]) -> [String] {
            let ends = ends.flatMap { text.ranges(of: $0) }.map(\.lowerBound).filter { !text[..<$0].isOpen }
            return (ends.sorted() + [text.endIndex]).map { String(text[..<$0]) }
        }
        func fits(_ beginning: String) -> Bool { DisplayWidth.of(beginning) <= room }
        let clauses = beginnings([". ", "; ", ": ", " ("])
        return clauses.last(where: fits) ?? beginnings([", "]).last(where: fits) ?? clauses[0]
    }
}

extension Substring {
    /// Whether a text would end between parentheses, or right after a quote begins.
    fileprivate var isOpen: Bool {
        hasSuffix(" '") || reduce(0) { $0 + ($1 == "(" ? 1 : $1 == ")" ? -1 : 0) } > 0
    }
}
