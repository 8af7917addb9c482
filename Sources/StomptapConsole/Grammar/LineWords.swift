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
    mutating func take() throws(LineError) -> String? {
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
