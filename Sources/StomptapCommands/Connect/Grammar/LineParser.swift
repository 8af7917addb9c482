/// Reads lines of `connect`, by the ``CommandTable``.
enum LineParser {
    enum Result: Sendable {
        case command(LineCommand)
        /// The body stands in the lines that follow, up to one that is `delimiter`.
        case unfinished(delimiter: String, finish: @Sendable (_ body: String) throws(LineError) -> LineCommand)
    }

    /// Reads one line; nil where it is empty or begins with `#`.
    static func parse(_ line: some StringProtocol) throws(LineError) -> Result? {
        var words = LineWords(line)
        guard !words.isEmpty, words.nextWord.first != "#", let name = try words.take() else { return nil }
        guard let entry = CommandTable.entry(name) else {
            let nearest = EditDistance.nearest(to: name.lowercased(), among: CommandTable.names)
            throw LineError(
                "there is no command \(name.debugDescription)"
                    + (nearest.map { "; did you mean \($0)?" } ?? "; 'help' lists them"))
        }
        do throws(LineError) {
            var arguments = try LineArguments(words, of: entry)
            if entry.takesBody, let rest = arguments.rest, let delimiter = delimiter(inBody: rest) {
                // What else is wrong with the line is told before anybody types the body.
                _ = try command(of: entry, &arguments)
                return .unfinished(delimiter: delimiter) { [arguments] body throws(LineError) in
                    var arguments = arguments
                    arguments.body = .text(body)
                    return try command(of: entry, &arguments)
                }
            }
            return .command(try command(of: entry, &arguments))
        } catch {
            throw LineError("\(name): \(error)" + (error.isHelpful ? "" : "; usage: \(entry.usage)"))
        }
    }

    /// The word that ends the body of a line, where its body stands in the lines that follow.
    static func delimiter(of line: String) -> String? {
        if case .unfinished(let delimiter, _) = try? parse(line) { delimiter } else { nil }
    }

    private static func command(
        of entry: CommandEntry, _ arguments: inout LineArguments
    ) throws(LineError) -> LineCommand {
        var arguments = arguments
        let command = try entry.make(&arguments)
        try arguments.finish()
        return command
    }

    private static func delimiter(inBody body: String) -> String? {
        guard body.hasPrefix("<<") else { return nil }
        let name = body.dropFirst(2).drop(while: \.isBlank)
        let isName = !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return isName ? String(name) : nil
    }
}

extension CommandEntry {
    /// The name and what follows it.
    var usage: String { synopsis.isEmpty ? name : "\(name) \(synopsis)" }
}
