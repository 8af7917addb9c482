/// Text in columns, aligned by display width.
package enum TextTable {
    /// The alignment of columns.
    package enum Alignment {
        /// All columns left-aligned.
        case left
        /// The first column left-aligned, the others, which are numbers, right-aligned.
        case numbers
    }

    /// One line for each row, without trailing spaces and with two spaces between columns. Rows may have different
    /// numbers of cells.
    ///
    /// - Parameter width: returns the display width of a text, in cells.
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
