/// A page in the man(7) language.
struct Roff {
    private(set) var text = ""
    /// Whether the last line was a heading, which begins a paragraph by itself.
    private var isBehindHeading = false

    init(name: String, date: String, source: String) {
        text = """
            .\\" Made by 'make docs' from the program itself: change it there.
            .TH \(name.uppercased()) 1 \(date) "\(source)" "User Commands"

            """
    }

    mutating func section(_ title: String) { line(".SH \(title)") }
    mutating func subsection(_ title: String) { line(".SS \(title)") }
    mutating func paragraph(_ words: String) {
        line(".PP")
        self.words(words)
    }

    /// Appends text after a request that begins a paragraph, wrapped into short lines.
    mutating func words(_ words: String) {
        var text = ""
        for word in words.split(separator: " ") {
            // Escapes make a line longer, and mandoc warns about lines of more than 80 bytes.
            let length = max(text.count + word.count, Self.escaped("\(text) \(word)").count - 8)
            if !text.isEmpty, length > 70 {
                line(Self.escaped(text))
                text = ""
            }
            text += (text.isEmpty ? "" : " ") + word
        }
        line(Self.escaped(text))
    }

    /// Appends a list entry: the names in bold, then `value` in italics, then the meaning.
    mutating func entry(_ names: [String], value: String? = nil, _ meaning: String) {
        line(".TP")
        let name = names.map { "\\fB\(Self.escaped($0, hyphen: "\\-"))\\fR" }.joined(separator: ", ")
        line(name + (value.map { " \\fI\(Self.escaped($0))\\fR" } ?? ""))
        words(meaning)
    }

    /// Appends indented lines without wrapping.
    mutating func example(_ lines: [String]) {
        line(".PP")
        line(".RS 4")
        line(".nf")
        for text in lines { line(Self.escaped(text, hyphen: "\\-")) }
        line(".fi")
        line(".RE")
    }

    /// Appends text with empty lines between paragraphs; indented lines are not wrapped.
    mutating func prose(_ lines: [String]) {
        for block in lines.split(separator: "") {
            if block.allSatisfy({ $0.hasPrefix("  ") }) {
                example(block.map { String($0.dropFirst(2)) })
            } else if let table = block.firstIndex(where: { $0.hasPrefix("  ") }) {
                paragraph(block[..<table].joined(separator: " "))
                example(block[table...].map { String($0.dropFirst(2)) })
            } else {
                paragraph(block.joined(separator: " "))
            }
        }
    }

    private mutating func line(_ line: String) {
        defer { isBehindHeading = line.hasPrefix(".SH") || line.hasPrefix(".SS") }
        if line == ".PP", isBehindHeading { return }
        text += line + "\n"
    }

    /// Escapes text so that roff does not interpret it.
    static func escaped(_ text: String, hyphen: String = "-") -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\e"
            case "-": out += hyphen
            case "'": out += "\\(aq"
            case "`": out += "\\(ga"
            case "^": out += "\\(ha"
            case "~": out += "\\(ti"
            case "\"": out += "\\(dq"
            case _ where scalar.isASCII: out.unicodeScalars.append(scalar)
            default: out += "\\[u\(String(scalar.value, radix: 16, uppercase: true).leftPadded(to: 4))]"
            }
        }
        // A line that begins with a period would be a request.
        return out.hasPrefix(".") ? "\\&" + out : out
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}
