import LineEditor

/// A line up to the cursor, for completion: the words before, and the one being typed.
struct TypedLine {
    /// The words before, without their quotes.
    private(set) var before: [String] = []
    /// The part of the line before the word being typed.
    private var head: String
    /// The word being typed, with its quotes; may be empty.
    private(set) var typed = ""
    /// The word being typed, without its quotes.
    private(set) var value = ""
    /// Its quote that is not closed yet.
    private(set) var openQuote: Character?
    /// Whether it belongs to the rest of the line, which is taken literally.
    private(set) var isRest = false

    init(_ line: String) {
        head = line
        var words = LineWords(line)
        while true {
            let start = words
            guard let word = words.takeStart() else { return }
            if Self.isRest(words: before, next: start.nextWord) {
                // Without the one blank before it.
                let rest = start.rest.first?.isBlank == true ? start.rest.dropFirst() : start.rest
                (typed, value, isRest) = (String(rest), String(rest), true)
                head = String(line[..<rest.startIndex])
                return
            }
            if words.rest.isEmpty {
                let rest = start.rest.drop(while: \.isBlank)
                typed = String(rest)
                (value, openQuote) = word
                head = String(line[..<rest.startIndex])
                return
            }
            before.append(word.word)
        }
    }

    /// Whether the text after these words is the last operand of a command that takes it literally.
    private static func isRest(words: [String], next: Substring) -> Bool {
        guard let name = words.first, let entry = CommandTable.entry(name), entry.hasRest else { return false }
        let operands = entry.operands(of: words.dropFirst())
        guard entry.operands.count > 1 else {
            let isValue = words.count > 1 && words.last.flatMap { entry.option(named: $0) } != nil
            return !isValue && (entry.options.isEmpty || next.first != "-")
        }
        return operands.count >= entry.operands.count - 1
    }

    /// The text that replaces the typed word to make it `word`, quoted as ``LineWords`` reads it; nil if `word`
    /// does not start with the typed text, or if the line could not be parsed back to exactly this word.
    func text(for word: String) -> String? {
        guard word.unicodeScalars.starts(with: value.unicodeScalars), !word.isEmpty, DisplayWidth.isPrintable(word)
        else { return nil }
        let rest = String(word.unicodeScalars.dropFirst(value.unicodeScalars.count))
        if isRest { return typed + rest }
        let text =
            switch openQuote {
            case nil: typed + Self.quoted(rest, isStart: typed.isEmpty)
            case let quote? where rest.contains(quote) || rest.contains("\\") || typed.last == "\\":
                typed + String(quote) + Self.quoted(rest, isStart: false)
            case let quote?: typed + rest + String(quote)
            }
        return reads(text, as: word) ? text : nil
    }

    /// The text, in single quotes where it could not be part of a word otherwise.
    private static func quoted(_ text: String, isStart: Bool) -> String {
        let needsQuotes = text.contains { $0.isWhitespace || $0 == "'" || $0 == "\"" }
        // At the start of a word, they mean an option or a comment.
        guard needsQuotes || isStart && (text.first == "-" || text.first == "#") else { return text }
        // A quote is put between quotes of the other kind.
        let parts = text.split(separator: "'", omittingEmptySubsequences: false)
        return parts.map { $0.isEmpty ? "" : "'\($0)'" }.joined(separator: "\"'\"")
    }

    private func reads(_ text: String, as word: String) -> Bool {
        var words = LineWords(head + text)
        for _ in before { _ = words.takeStart() }
        let read = words.takeStart()
        return read?.openQuote == nil && words.isEmpty
            && read?.word.unicodeScalars.elementsEqual(word.unicodeScalars) == true
    }
}

extension CommandEntry {
    /// The words after the name that are neither options nor their values.
    func operands(of words: ArraySlice<String>) -> [String] {
        var operands: [String] = []
        var isValue = false
        for word in words {
            if isValue {
                isValue = false
            } else if word.hasPrefix("-"), operands.isEmpty || !hasRest {
                isValue = option(named: word) != nil
            } else {
                operands.append(word)
            }
        }
        return operands
    }
}
