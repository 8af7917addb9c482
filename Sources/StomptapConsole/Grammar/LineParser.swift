import StomptapOutput
import StomptapRuntime

/// Reads lines of `connect`, by the ``CommandTable``.
enum LineParser {
    enum Result: Sendable {
        case command(LineCommand)
        /// The body goes on in the lines that follow, or begins with them where this one has nothing of it.
        case unfinished(BodyEnd, body: Substring?, finish: @Sendable (_ body: String) throws(LineError) -> LineCommand)
    }

    /// What ends a body of several lines.
    enum BodyEnd: Sendable {
        /// A line that is this word, and is no part of it.
        case word(String)
        case brackets(Brackets)

        var delimiter: String {
            switch self {
            case .word(let word): word
            case .brackets(let brackets): String(brackets.closing)
            }
        }

        /// What is told where it has not come.
        var fault: String {
            switch self {
            case .word(let word): "no line \(word) has ended the body"
            case .brackets(let brackets):
                "no \(brackets.closing) has ended the body; what is not to be closed goes between <<EOF and a line EOF"
            }
        }
    }

    /// Reads one line; nil where it is empty or begins with `#`.
    static func parse(_ line: some StringProtocol) throws(LineError) -> Result? {
        var words = LineWords(line)
        let typed = words.nextWord
        guard !typed.isEmpty, typed.first != "#", let name = try words.take() else { return nil }
        guard let entry = CommandTable.entry(name) else {
            let nearest = EditDistance.nearest(to: name.lowercased(), among: CommandTable.names)
            throw LineError(
                "there is no command \(quoted(typed))"
                    + (nearest.map { "; did you mean \($0)?" } ?? "; 'help' lists them"))
        }
        do throws(LineError) {
            var arguments = try LineArguments(words, of: entry)
            if entry.takesBody, let rest = arguments.rest, let (end, body) = unfinished(body: rest) {
                // What else is wrong with the line is told before anybody types the body.
                _ = try command(of: entry, &arguments)
                return .unfinished(end, body: body) { [arguments] body throws(LineError) in
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

    /// Whether the body of this line goes on in those that follow.
    static func goesOn(_ line: some StringProtocol) -> Bool {
        if case .unfinished = try? parse(line) { true } else { false }
    }

    private static func command(
        of entry: CommandEntry, _ arguments: inout LineArguments
    ) throws(LineError) -> LineCommand {
        var arguments = arguments
        let command = try entry.make(&arguments)
        try arguments.finish(of: entry)
        return command
    }

    private static func unfinished(body: String) -> (BodyEnd, body: Substring?)? {
        if body.hasPrefix("<<") {
            let name = body.dropFirst(2).drop(while: \.isBlank)
            let isName = !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            return isName ? (.word(String(name)), nil) : nil
        }
        // What was pasted in several lines is all there.
        guard !body.hasPrefix("@"), !body.contains(where: \.isLineEnd) else { return nil }
        return Brackets(firstLine: body).map { (.brackets($0), body[...]) }
    }

    /// What was typed, quotes and all, as far as one needs to see it.
    private static func quoted(_ word: Substring) -> String {
        let word = SecretMask.hiding.masked(typed: String(word))
        let quote = word.contains("\"") ? "'" : "\""
        return quote + (word.count > 40 ? "\(word.prefix(40))…" : word) + quote
    }
}

extension CommandEntry {
    /// The name and what follows it.
    var usage: String { synopsis.isEmpty ? name : "\(name) \(synopsis)" }
}
