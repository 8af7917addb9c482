import LineEditor

/// Labels with texts, in two columns. On a narrow terminal each text is below its label.
enum HelpColumns {
    struct Entry: Equatable {
        var label: String
        var text: String
    }

    private static let indentation = 2
    private static let gap = 2
    /// With a smaller width for the texts, they go below the labels.
    private static let leastText = 36
    private static let below = 6

    /// Where the texts start so that all labels have room, except those wider than `limit`.
    static func textColumn(_ labels: [String], limit: Int) -> Int {
        let widths = labels.map(DisplayWidth.of).filter { $0 <= limit - indentation - gap }
        return indentation + (widths.max() ?? 0) + gap
    }

    /// The width that is left for a text in the line of its label.
    static func room(after label: String, column: Int, width: Int) -> Int {
        width - max(column, indentation + DisplayWidth.of(label) + gap)
    }

    static func lines(_ entries: [Entry], column: Int, width: Int) -> [String] {
        entries.flatMap { entry -> [String] in
            let label = String(repeating: " ", count: indentation) + entry.label
            guard width - column >= leastText else {
                return [label] + TextFill.lines(entry.text, width: width, indentation: below)
            }
            let text = TextFill.lines(entry.text, width: width, indentation: column)
            let used = DisplayWidth.of(label)
            let room = room(after: entry.label, column: column, width: width)
            if used + gap <= column || DisplayWidth.of(entry.text) <= room {
                let start = String(repeating: " ", count: max(column - used, gap))
                return [label + start + (text.first?.drop { $0 == " " } ?? "")] + text.dropFirst()
            }
            return [label] + text
        }
    }

    /// The entries of lines that are written in two columns; nil if they are not.
    static func entries(in lines: [String]) -> [Entry]? {
        guard let start = lines.first?.firstMatch(of: /^\S.*?\ {2,}(?=\S)/) else { return nil }
        let column = lines[0].distance(from: lines[0].startIndex, to: start.range.upperBound)
        var entries: [Entry] = []
        for line in lines {
            let (label, text) = (line.prefix(column), line.dropFirst(column))
            guard label.last == " ", let first = text.first, first != " " else { return nil }
            entries.append(Entry(label: label.trimmingSuffix { $0 == " " }, text: String(text)))
        }
        return entries
    }
}

/// A shell command that can be copied from the help.
enum TypedCommand {
    /// The lines as they are if they fit. Otherwise the command is broken between words, and a backslash ends each
    /// line but the last.
    static func lines(_ lines: [String], width: Int, indentation: Int) -> [String] {
        guard lines.contains(where: { DisplayWidth.of($0) + indentation > width }) else {
            return lines.map { String(repeating: " ", count: indentation) + $0 }
        }
        let command = lines.map { line in
            line.hasSuffix("\\") ? line.dropLast().trimmingSuffix { $0 == " " } : line
        }.joined(separator: " ")
        let margin = String(repeating: " ", count: indentation)
        return TextFill.lines(parts(words(command)), width: width, first: margin, next: margin + "    ", ending: " \\")
    }

    /// Keeps an option with the word after it, which may be its value, and a pipe with its command.
    private static func parts(_ words: [String]) -> [String] {
        var parts: [String] = []
        for word in words {
            if let last = parts.last, last == "|" || last.hasPrefix("-"), !last.contains(" "), !word.hasPrefix("-"),
                word != "|"
            {
                parts[parts.count - 1] += " \(word)"
            } else {
                parts.append(word)
            }
        }
        return parts
    }

    /// The words of a command; what is in quotes stays together.
    static func words(_ command: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        for character in command {
            if character == " ", quote == nil {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
            }
            word.append(character)
        }
        return word.isEmpty ? words : words + [word]
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var end = endIndex
        while end > startIndex, isTrimmed(self[index(before: end)]) { end = index(before: end) }
        return String(self[..<end])
    }
}
