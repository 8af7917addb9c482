import LineEditor
import StomptapOutput

/// Text in columns, as wide as a terminal shows it.
enum Columns {
    /// A line for each row; each column but the last is as wide as its widest text. What could drive a terminal is shown
    /// escaped.
    ///
    /// - Parameter limit: of the terminal's columns, where the last text is cut off to fit; nil cuts nothing.
    static func text(_ rows: [[String]], limit: Int? = nil) -> String {
        let rows = rows.map { $0.map(visible) }
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { $0.count > column ? DisplayWidth.of($0[column]) : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = " "
            for (column, text) in row.enumerated() {
                line += " " + text
                if column < row.count - 1 {
                    line += String(repeating: " ", count: widths[column] - DisplayWidth.of(text) + 1)
                }
            }
            return (limit.map { cut(line, to: $0) } ?? line) + "\n"
        }.joined()
    }

    private static func cut(_ line: String, to limit: Int) -> String {
        guard DisplayWidth.of(line) > limit else { return line }
        var width = 0
        return line.prefix { character in
            width += DisplayWidth.of(String(character))
            return width < limit
        } + "…"
    }
}
