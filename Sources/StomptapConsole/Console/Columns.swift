import LineEditor
import StomptapOutput

/// Text in columns, as wide as a terminal shows it.
enum Columns {
    /// A line for each row; each column but the last is as wide as its widest text. What could drive a terminal is shown
    /// escaped.
    ///
    /// - Parameter limit: of the terminal's columns, where the last text is cut off to fit; nil cuts nothing.
    static func text(_ rows: [[String]], limit: Int? = nil) -> String {
        TextTable.lines(rows.map { $0.map(visible) }, .left, width: DisplayWidth.of).map { line in
            let line = "  " + line
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
