/// Cuts the text of `-e` into lines: at line ends, and at a `;` that a blank or the end follows, unless they stand
/// inside quotes or braces.
///
/// A quote counts where a word may begin with it and another one closes it, a brace where another one closes it: an
/// apostrophe in a word, or a brace that stands alone, is text. What follows `<<WORD` is not looked into until the line
/// WORD.
enum ScriptSplitter {
    static func lines(of text: String) -> [String] {
        var cutter = Cutter(characters: Array(text))
        return cutter.run()
    }

    private struct Cutter {
        let characters: [Character]
        var cut: [String] = []
        var start = 0
        /// Quotes of which no more come, and braces that nothing closes: nobody looks twice.
        var exhausted: Set<Character> = []
        var unclosed: Set<Int> = []

        mutating func run() -> [String] {
            while start < characters.count {
                let end = endOfLine()
                finish(end)
            }
            return cut
        }

        private mutating func finish(_ end: Int) {
            var line = String(characters[start..<end])
            start = end + 1
            if end < characters.count, characters[end].isLineEnd, let delimiter = LineParser.delimiter(of: line) {
                while start < characters.count {
                    let end = characters[start...].firstIndex(where: \.isLineEnd) ?? characters.count
                    let next = String(characters[start..<end])
                    line += "\n" + next
                    start = end + 1
                    if next == delimiter { break }
                }
            }
            if !line.allSatisfy(\.isBlank) {
                cut.append(String(line.drop(while: \.isBlank)))
            }
        }

        /// The index of the first separator from `start` on that stands outside of everything.
        private mutating func endOfLine() -> Int {
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
                    // What stands between the two is inside.
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
            if characters[index].isLineEnd { return true }
            guard characters[index] == ";" else { return false }
            return index + 1 == characters.count || characters[index + 1].isBlank
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
