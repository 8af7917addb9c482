/// Splits a line of `-e` at each `;` that is followed by a blank or the end, unless it is inside quotes or braces.
///
/// A quote counts only if it is at the start of a word and is closed; a brace counts only if it is closed. An
/// apostrophe in a word, or a single brace, is plain text. A comment extends to the end of the line.
enum ScriptSplitter {
    /// - Parameter start: everything before it belongs to the first piece.
    static func pieces(of line: Substring, from start: Substring.Index) -> [Substring] {
        guard start < line.endIndex else { return [line] }
        var cutter = Cutter(line: line, indices: Array(line[start...].indices))
        return cutter.run()
    }

    private struct Cutter {
        let line: Substring
        /// The indices of its characters.
        let indices: [Substring.Index]
        let characters: [Character]
        var start = 0
        /// Quotes that do not occur again, and unclosed braces, remembered so that no search is repeated.
        var exhausted: Set<Character> = []
        var unclosed: Set<Int> = []

        init(line: Substring, indices: [Substring.Index]) {
            self.line = line
            self.indices = indices
            characters = indices.map { line[$0] }
        }

        mutating func run() -> [Substring] {
            var pieces: [Substring] = []
            var begin = line.startIndex
            while start < characters.count {
                let end = line[begin...].first { !$0.isBlank } == "#" ? characters.count : endOfPiece()
                let piece = line[begin..<(end < indices.count ? indices[end] : line.endIndex)]
                if pieces.isEmpty || !piece.allSatisfy(\.isBlank) { pieces.append(piece) }
                start = end + 1
                if start < indices.count { begin = indices[start] }
            }
            return pieces
        }

        /// The index of the first separator from `start` that is outside quotes and braces.
        private mutating func endOfPiece() -> Int {
            var separators: [Int] = []
            var braces: [Int] = []
            var index = start
            while index < characters.count {
                let character = characters[index]
                switch character {
                case "\"", "'":
                    if let end = endOfQuote(at: index) { index = end }
                case "{" where !unclosed.contains(index): braces.append(index)
                case "}":
                    // Everything between the two braces is inside.
                    if let open = braces.popLast() {
                        while let last = separators.last, last > open { separators.removeLast() }
                    }
                case _ where isSeparator(at: index):
                    if braces.isEmpty { return index }
                    separators.append(index)
                default: break
                }
                index += 1
            }
            unclosed.formUnion(braces)
            return separators.first ?? characters.count
        }

        private func isSeparator(at index: Int) -> Bool {
            characters[index] == ";" && (index + 1 == characters.count || characters[index + 1].isBlank)
        }

        private mutating func endOfQuote(at index: Int) -> Int? {
            let quote = characters[index]
            guard !exhausted.contains(quote), index == 0 || !isPartOfWord(characters[index - 1]) else { return nil }
            var end = index + 1
            while end < characters.count, characters[end] != quote {
                end += quote == "\"" && characters[end] == "\\" ? 2 : 1
            }
            if end < characters.count { return end }
            exhausted.insert(quote)
            return nil
        }

        private func isPartOfWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }
    }
}

/// Tracks the brackets of a body that continues in the next lines until they are closed, as in pretty-printed JSON.
///
/// `{` and `[` count the same. Brackets inside a JSON string, which ends with its line, do not count.
struct Brackets: Sendable {
    private var depth = 0
    /// The character that closes the outermost bracket.
    private(set) var closing: Character = "}"

    /// The brackets that the first line of a body leaves open; nil if the body ends with that line.
    ///
    /// The body continues if the line ends with an open bracket, or with a comma inside one. A line with another
    /// ending may be invalid on purpose.
    init?(firstLine: some StringProtocol) {
        guard let last = firstLine.last(where: { !$0.isBlank }), "{[,".contains(last) else { return nil }
        let isInString = scan(firstLine[...]) { _ in false }
        guard depth > 0, !isInString else { return nil }
    }

    /// Reads a line of the body, up to the bracket that closes the body.
    ///
    /// - Returns: the text after that bracket; nil if the body continues.
    mutating func append(_ line: Substring) -> Substring? {
        var rest: Substring?
        scan(line) { index in
            rest = line[line.index(after: index)...]
            return true
        }
        return rest
    }

    /// Scans a line, and returns whether it ends inside a string.
    ///
    /// - Parameter closed: called where the last bracket is closed; returns whether to stop there.
    @discardableResult
    private mutating func scan<Text: StringProtocol>(_ line: Text, closed: (Text.Index) -> Bool) -> Bool {
        var isInString = false
        var isEscaped = false
        for index in line.indices {
            let character = line[index]
            if isEscaped {
                isEscaped = false
            } else if isInString, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isInString.toggle()
            } else if !isInString, character == "{" || character == "[" {
                if depth == 0 { closing = character == "{" ? "}" : "]" }
                depth += 1
            } else if !isInString, character == "}" || character == "]", depth > 0 {
                depth -= 1
                if depth == 0, closed(index) { return false }
            }
        }
        return isInString
    }
}
