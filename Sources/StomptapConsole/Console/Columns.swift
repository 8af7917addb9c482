import LineEditor
import StomptapOutput

/// Text in columns, aligned by the width that a terminal displays.
enum Columns {
    /// A line for each row; each column except the last is as wide as its widest text. Control characters are
    /// escaped.
    ///
    /// - Parameter limit: the maximum width of a line, at which the last text is cut off; nil means no limit.
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
