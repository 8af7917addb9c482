/// Text in lines of limited width, broken between words. A word that is wider than the line stays whole.
package enum TextFill {
    /// - Parameters:
    ///   - width: of the lines with their indentation, in columns of a terminal.
    ///   - indentation: of all lines.
    ///   - hanging: the further indentation of all lines but the first.
    package static func lines(_ text: String, width: Int, indentation: Int = 0, hanging: Int = 0) -> [String] {
        let words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty else { return [] }
        let margin = String(repeating: " ", count: indentation)
        return lines(words, width: width, first: margin, next: margin + String(repeating: " ", count: hanging))
    }

    /// - Parameters:
    ///   - first: the beginning of the first line, such as its indentation and a label.
    ///   - next: the indentation of the other lines.
    ///   - ending: appended to all lines but the last; it counts as a part of the line.
    package static func lines(
        _ words: [String], width: Int, first: String, next: String, ending: String = ""
    ) -> [String] {
        var lines: [String] = []
        var line = first
        var used = DisplayWidth.of(first)
        var isBlank = first.allSatisfy { $0 == " " }
        for (index, word) in words.enumerated() {
            let length = DisplayWidth.of(word)
            var space = line.isEmpty || line.last == " " ? 0 : 1
            // The last line has no ending.
            let reserved = index == words.count - 1 ? 0 : DisplayWidth.of(ending)
            if !isBlank, used + space + length + reserved > width {
                lines.append(line + ending)
                (line, used, space) = (next, DisplayWidth.of(next), 0)
            }
            line += (space == 0 ? "" : " ") + word
            used += space + length
            isBlank = false
        }
        return lines + [line]
    }
}
