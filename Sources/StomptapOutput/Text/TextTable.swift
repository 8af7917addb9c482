/// Text in columns, as wide as a terminal shows it.
package enum TextTable {
    /// A line for each row, without blanks at its end: the first column to the left, the others to the right. A row may
    /// have fewer cells than others.
    ///
    /// - Parameter width: the columns that a text takes.
    package static func lines(_ rows: [[String]], width: (String) -> Int) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.count > column ? width($0[column]) : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - width(cell))
                let space = column == 0 || widths[column] == 0 ? "" : "  "
                line += space + (column == 0 ? cell + blanks : blanks + cell)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
