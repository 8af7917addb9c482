/// A Swift source file, split into its string literals and its code without comments, as the design tests need it.
struct SwiftSource {
    struct Literal: Equatable {
        /// The line number, from 1.
        var line: Int
        /// The text as written, without the quotes; an interpolation is replaced by `\()`.
        var text: String
    }

    private(set) var literals: [Literal] = []
    /// The source without comments, with `""` in place of each literal, or `"\()"` if the literal has an
    /// interpolation. Line numbers are unchanged.
    private(set) var code = ""
    private let characters: [Character]
    private var index = 0
    private var line = 1

    init(_ text: String) {
        characters = Array(text)
        while index < characters.count { readCode(untilParenthesis: false) }
    }

    private func has(_ text: String, at start: Int) -> Bool { characters[start...].starts(with: text) }

    private mutating func take() -> Character {
        let character = characters[index]
        index += 1
        if character == "\n" { line += 1 }
        return character
    }

    /// Reads code to the end, or to the parenthesis that ends an interpolation.
    private mutating func readCode(untilParenthesis: Bool) {
        var depth = 0
        while index < characters.count {
            if has("//", at: index) {
                while index < characters.count, characters[index] != "\n" { index += 1 }
            } else if has("/*", at: index) {
                skipComment()
            } else if let hashes = hashesOfLiteral() {
                readLiteral(hashes: hashes)
            } else {
                let character = take()
                if character == "(" { depth += 1 }
                if character == ")" {
                    depth -= 1
                    if untilParenthesis, depth < 0 { return }
                }
                code.append(character)
            }
        }
    }

    private mutating func skipComment() {
        var depth = 0
        while index < characters.count {
            if has("/*", at: index) {
                depth += 1
                index += 2
            } else if has("*/", at: index) {
                depth -= 1
                index += 2
                if depth == 0 { return }
            } else {
                let character = take()
                if character == "\n" { code.append(character) }
            }
        }
    }

    /// Returns the number of `#` of a literal that starts here; nil if none starts.
    private func hashesOfLiteral() -> Int? {
        let hashes = characters[index...].prefix { $0 == "#" }.count
        return index + hashes < characters.count && characters[index + hashes] == "\"" ? hashes : nil
    }

    private mutating func readLiteral(hashes: Int) {
        let start = line
        index += hashes
        let quotes = has("\"\"\"", at: index) ? "\"\"\"" : "\""
        index += quotes.count
        let fence = String(repeating: "#", count: hashes)
        var text = ""
        var inner = ""
        while index < characters.count, !has(quotes + fence, at: index) {
            if has("\\" + fence + "(", at: index) {
                index += 2 + hashes
                let outer = code
                code = ""
                readCode(untilParenthesis: true)
                inner += code
                code = outer
                text += "\\()"
            } else if has("\\" + fence, at: index), index + 1 + hashes < characters.count {
                text += "\\"
                index += 1 + hashes
                text.append(take())
            } else {
                text.append(take())
            }
        }
        index = min(characters.count, index + quotes.count + hashes)
        literals.append(Literal(line: start, text: text))
        code += text.contains("\\()") ? "\"\\(\(inner))\"" : "\"\""
        let written = inner.count { $0 == "\n" }
        code += String(repeating: "\n", count: max(0, line - start - written))
    }
}
