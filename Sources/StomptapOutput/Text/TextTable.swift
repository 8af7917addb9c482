/// Text in columns, as wide as a terminal shows it.
package enum TextTable {
    /// Where the text of a column is.
    package enum Alignment {
        /// All to the left.
        case left
        /// The first to the left, the others, which are numbers, to the right.
        case numbers
    }

    /// A line for each row, without blanks at its end, and two blanks between columns. A row may have fewer cells than
    /// others.
    ///
    /// - Parameter width: how many cells of the terminal a text takes.
    package static func lines(
        _ rows: [[String]], _ alignment: Alignment = .numbers, width: (String) -> Int
    ) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.count > column ? width($0[column]) : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - width(cell))
                let space = column == 0 || widths[column] == 0 ? "" : "  "
                line += space + (column == 0 || alignment == .left ? cell + blanks : blanks + cell)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
