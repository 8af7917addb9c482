/// Text for people, as wide as their terminal.
enum Paragraphs {
    /// Its lines, broken anew between words.
    ///
    /// Lines that follow each other are one paragraph. A line with two blanks in it is a row of its own: a name, and
    /// text that stays in its column, with the lines behind it that begin with a blank.
    ///
    /// - Parameters:
    ///   - width: of the terminal, with the indentation.
    ///   - indentation: blanks before each line.
    static func lines(_ text: String, width: Int, indentation: Int = 0) -> [String] {
        var paragraphs: [(text: String, hanging: Int)] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let content = line.drop(while: \.isBlank)
            if let column = column(of: line) {
                paragraphs.append((String(line), column))
            } else if let last = paragraphs.last, !content.isEmpty, !last.text.isEmpty,
                last.hanging == 0 || content.count < line.count
            {
                paragraphs[paragraphs.count - 1].text += " " + content
            } else {
                paragraphs.append((String(content), 0))
            }
        }
        return paragraphs.flatMap { fold($0.text, hanging: $0.hanging, width: width, indentation: indentation) }
    }

    /// Where the text of a row begins; nil where the line is none.
    private static func column(of line: Substring) -> Int? {
        guard let gap = line.firstRange(of: "  "), gap.lowerBound > line.startIndex else { return nil }
        let text = line[gap.lowerBound...].drop(while: \.isBlank)
        return line.count - text.count
    }

    private static func fold(_ text: String, hanging: Int, width: Int, indentation: Int) -> [String] {
        let margin = String(repeating: " ", count: indentation)
        // Where there is no room for a column, the text goes below the name.
        let hang = String(repeating: " ", count: width - indentation - hanging < 20 ? min(hanging, 2) : hanging)
        var lines: [String] = []
        var line = margin + text.prefix(hanging)
        for word in text.dropFirst(hanging).split(separator: " ") {
            let blank = line.isEmpty || line.last == " " ? "" : " "
            if line.count + blank.count + word.count > width, !line.allSatisfy(\.isBlank) {
                lines.append(line)
                line = margin + hang + word
            } else {
                line += blank + word
            }
        }
        return lines + [line]
    }
}
