/// Text in columns.
enum Columns {
    /// A line for each row; each column but the last is as wide as its widest text. What could drive a terminal is shown
    /// escaped.
    static func text(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(visible) }
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, text) in row.enumerated() {
                line += text
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - text.count + 2) }
            }
            return "  \(line)\n"
        }.joined()
    }
}

/// A line of text with what could drive a terminal shown escaped.
func visible(_ text: String) -> String {
    var out = OutputBuffer()
    out.append(text, visible: .line)
    return out.text
}
