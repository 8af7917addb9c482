import StomptapOutput
import StomptapRuntime
import SystemC

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
        guard !typed.isEmpty, typed.first != "#", let name = try words.nextArgument() else { return nil }
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

/// The words of a line, taken one by one from its front.
///
/// Blanks stand between words; `'...'` and `"..."` keep them together, and inside double quotes a backslash takes `"`
/// and `\` for themselves.
struct LineWords {
    private(set) var rest: Substring

    init(_ line: some StringProtocol) {
        rest = Substring(line)
    }

    /// Whether nothing but blanks is left.
    var isEmpty: Bool { rest.allSatisfy(\.isBlank) }

    /// The next word as it stands there, which is not taken.
    var nextWord: Substring { rest.drop(while: \.isBlank).prefix { !$0.isBlank } }

    /// Takes the next word; nil at the end.
    mutating func nextArgument() throws(LineError) -> String? {
        guard let (word, openQuote) = takeStart() else { return nil }
        // What stands in it is not told: it may be a passcode.
        if let openQuote { throw LineError("a \(openQuote) is not closed") }
        return word
    }

    /// Takes the next word, or as much as there is of it: with the quote that nothing has closed yet.
    mutating func takeStart() -> (word: String, openQuote: Character?)? {
        rest = rest.drop(while: \.isBlank)
        guard !rest.isEmpty else { return nil }
        var word = ""
        var quote: Character?
        while let character = rest.first {
            if quote == nil, character.isBlank { break }
            rest.removeFirst()
            switch (quote, character) {
            case (nil, "'"), (nil, "\""): quote = character
            case (let open?, character) where open == character: quote = nil
            case ("\"", "\\") where rest.first == "\"" || rest.first == "\\":
                word.append(rest.removeFirst())
            default: word.append(character)
            }
        }
        return (word, quote)
    }

    /// Takes all that is left, word for word, without the one blank that stands before it.
    mutating func takeRest() -> String {
        defer { rest = "" }
        return String(rest.first?.isBlank == true ? rest.dropFirst() : rest)
    }
}

extension Character {
    /// What stands between words. A line that was pasted may hold line ends.
    var isBlank: Bool { self == " " || self == "\t" || isLineEnd }

    /// No other character ends a line: a body may hold them.
    var isLineEnd: Bool { self == "\n" || self == "\r\n" }
}

/// Paths as they are typed.
enum FilePath {
    /// `~/` is the home directory, as in a shell.
    static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst()
    }
}
