import StomptapOutput
import StomptapRuntime
import SystemC

/// Parses lines of `connect`, using the ``CommandTable``.
enum LineParser {
    enum Result: Sendable {
        case command(LineCommand)
        /// The body continues in the following lines, or starts there if this line has no part of it.
        case unfinished(BodyEnd, body: Substring?, finish: @Sendable (_ body: String) throws(LineError) -> LineCommand)
    }

    /// What ends a body of several lines.
    enum BodyEnd: Sendable {
        /// A line that equals this word; it is not part of the body.
        case word(String)
        case brackets(Brackets)

        var delimiter: String {
            switch self {
            case .word(let word): word
            case .brackets(let brackets): String(brackets.closing)
            }
        }

        /// The error if the end is missing.
        var fault: String {
            switch self {
            case .word(let word): "unfinished body: missing line \(word)"
            case .brackets(let brackets):
                "unfinished body: missing \(brackets.closing); if the body has unclosed brackets, use <<EOF"
            }
        }
    }

    /// Parses one line; nil if it is empty or a comment.
    static func parse(_ line: some StringProtocol) throws(LineError) -> Result? {
        var words = LineWords(line)
        let typed = words.nextWord
        guard !typed.isEmpty, typed.first != "#", let name = try words.nextArgument() else { return nil }
        guard let entry = CommandTable.entry(name) else {
            let nearest = EditDistance.nearest(to: name.lowercased(), among: CommandTable.names)
            throw LineError(
                "unknown command \(quoted(typed))"
                    + (nearest.map { "; did you mean \($0)?" } ?? "; 'help' lists the commands"))
        }
        do throws(LineError) {
            var arguments = try LineArguments(words, of: entry)
            if entry.hasBody, let rest = arguments.rest, let (end, body) = unfinished(body: rest) {
                // Other errors in the line are reported before the user types the body.
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

    /// Whether the body of this line continues in the following lines.
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
        // A body that was pasted in several lines is already complete.
        guard !body.hasPrefix("@"), !body.contains(where: \.isLineEnd) else { return nil }
        return Brackets(firstLine: body).map { (.brackets($0), body[...]) }
    }

    /// The typed text with its quotes, shortened if it is long.
    private static func quoted(_ word: Substring) -> String {
        let word = SecretMask.hiding.masked(typed: String(word))
        let quote = word.contains("\"") ? "'" : "\""
        return quote + (word.count > 40 ? "\(word.prefix(40))…" : word) + quote
    }
}

extension CommandEntry {
    /// The name and the syntax after it.
    var usage: String { synopsis.isEmpty ? name : "\(name) \(synopsis)" }
}

/// The words of a line, read one by one.
///
/// Words are separated by blanks. `'...'` and `"..."` group them; inside double quotes a backslash escapes `"` and
/// `\`.
struct LineWords {
    private(set) var rest: Substring

    init(_ line: some StringProtocol) {
        rest = Substring(line)
    }

    /// Whether only blanks are left.
    var isEmpty: Bool { rest.allSatisfy(\.isBlank) }

    /// The next word as typed; it is not removed.
    var nextWord: Substring { rest.drop(while: \.isBlank).prefix { !$0.isBlank } }

    /// Removes and returns the next word; nil at the end.
    mutating func nextArgument() throws(LineError) -> String? {
        guard let (word, openQuote) = takeStart() else { return nil }
        // The content is not printed: it may be a passcode.
        if let openQuote { throw LineError("missing closing \(openQuote)") }
        return word
    }

    /// Removes and returns the next word, even if it is incomplete; then with the quote that is still open.
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

    /// Removes and returns the rest of the line unchanged, without the one blank before it.
    mutating func takeRest() -> String {
        defer { rest = "" }
        return String(rest.first?.isBlank == true ? rest.dropFirst() : rest)
    }
}

extension Character {
    /// A separator between words. A pasted line may contain line ends.
    var isBlank: Bool { self == " " || self == "\t" || isLineEnd }

    /// Only these end a line; others may be part of a body.
    var isLineEnd: Bool { self == "\n" || self == "\r\n" }
}

/// File paths as typed by the user.
enum FilePath {
    /// `~/` is the home directory, as in a shell.
    static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst()
    }
}
