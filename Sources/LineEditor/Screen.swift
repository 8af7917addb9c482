/// The rows of the edited line on the terminal, updated with minimal output.
///
/// A value type: it appends to `output`, and the caller writes that to the terminal. It knows the cursor's position
/// relative to its own rows, and nothing about the rest of the screen.
struct Screen {
    struct Size: Equatable {
        /// Both are at least 1.
        var columns: Int
        var rows: Int
    }

    private struct Shown {
        var line: EditedLine
        var rows: [LineLayout.Row]
        var cursor: LineLayout.Position
        /// The number of rows of the layout above the window, if the layout is taller.
        var top: Int
    }

    /// Bytes for the terminal.
    var output: [UInt8] = []
    private(set) var size: Size
    private var shown: Shown?
    private var layout: (line: EditedLine, layout: LineLayout)?
    /// Whether the terminal rewraps lines when its width changes, as most do; some cut them off.
    private let reflows: Bool

    init(size: Size, reflows: Bool) {
        self.size = size
        self.reflows = reflows
    }

    /// Shows the line, or updates what changed.
    mutating func draw(_ line: EditedLine) {
        let layout = layout(of: line)
        let top = top(of: layout)
        let rows = Array(layout.rows[top..<min(top + size.rows, layout.rows.count)])
        let cursor = LineLayout.Position(row: layout.cursor.row - top, column: layout.cursor.column)
        let old = shown ?? Shown(line: line, rows: [], cursor: .init(row: 0, column: 0), top: top)
        shown = Shown(line: line, rows: rows, cursor: cursor, top: top)

        guard old.rows != rows else { return move(from: old.cursor, to: cursor) }
        var first = zip(old.rows, rows).prefix { $0 == $1 }.count
        // A new row is reached from the row above it, rows below the last one are cleared from there, and colours
        // are written from their beginning.
        first = min(first, max(0, old.rows.count - 1), rows.count - 1)
        if first + top <= layout.promptEnd { first = 0 }
        move(from: old.cursor, to: .init(row: first, column: 0))
        for row in first..<rows.count {
            write(rows[row], next: row + 1 < rows.count ? rows[row + 1] : nil)
        }
        move(from: .init(row: rows.count - 1, column: rows[rows.count - 1].width), to: cursor)
    }

    /// Removes the line from the terminal; the cursor is then where the line began.
    mutating func erase() {
        guard let shown else { return }
        // Some terminals save what ESC [ J clears from the first to the last row in their scroll-back.
        erase(by: shown.rows.count == 1 ? "\u{1b}[K" : "\u{1b}[J")
    }

    private mutating func erase(by sequence: String) {
        guard let shown else { return }
        move(from: shown.cursor, to: .init(row: 0, column: 0))
        write(sequence)
        self.shown = nil
    }

    /// Leaves the final state of the line above the cursor, which moves to a new row.
    mutating func leave(_ line: EditedLine) {
        draw(EditedLine(prompt: line.prompt, text: line.text, cursor: line.text.count))
        // An empty row after a full one is already new.
        if let row = shown?.rows.last, row.width > 0 || shown?.rows.count == 1 { write("\r\n") }
        shown = nil
        layout = nil
    }

    /// Forgets the line: other output has replaced it, and the cursor is at the beginning of a row.
    mutating func forget() {
        shown = nil
    }

    mutating func clear() {
        write("\u{1b}[H\u{1b}[2J")
        shown = nil
    }

    /// Handles a new size of the terminal: erases the line that was laid out for the old size.
    mutating func resize(to size: Size) {
        guard size != self.size else { return }
        self.size = size
        layout = nil
        guard var shown else { return }
        if shown.top > 0 {
            // The line filled the window, and only the terminal knows which part of it is visible now.
            shown.cursor.row = size.rows - 1
        } else if reflows {
            shown.cursor.row = LineLayout(shown.line, columns: size.columns).cursor.row
        }
        shown.cursor.row = min(shown.cursor.row, size.rows - 1)
        self.shown = shown
        erase(by: "\u{1b}[J")
    }

    private mutating func layout(of line: EditedLine) -> LineLayout {
        if let layout, layout.line == line { return layout.layout }
        let new = LineLayout(line, columns: size.columns)
        layout = (line, new)
        return new
    }

    /// The first row to show. If not all rows fit, it is as close as possible to the current one.
    private func top(of layout: LineLayout) -> Int {
        let highest = max(0, layout.rows.count - size.rows)
        let row = layout.cursor.row
        return min(highest, max(row - size.rows + 1, min(shown?.top ?? highest, row)))
    }

    /// Writes a row from its beginning, clears the rest of it, and moves to the next.
    private mutating func write(_ row: LineLayout.Row, next: LineLayout.Row?) {
        output += row.bytes
        // On a full row the cursor is still on the last column: clearing would erase that column.
        if row.width < size.columns { write(next == nil ? "\u{1b}[J" : "\u{1b}[K") }
        guard let next else { return }
        if !row.wraps {
            write("\r\n")
        } else if next.bytes.isEmpty {
            // The terminal only wraps when a character is written.
            write(" \r")
        }
    }

    private mutating func move(from old: LineLayout.Position, to new: LineLayout.Position) {
        if old == new { return }
        if new.row < old.row { write("\u{1b}[\(old.row - new.row)A") }
        if new.row > old.row { write("\u{1b}[\(new.row - old.row)B") }
        if new.row == old.row, old.column < size.columns, new.column == old.column { return }
        write("\r")
        if new.column > 0 { write("\u{1b}[\(new.column)C") }
    }

    private mutating func write(_ text: String) { output += text.utf8 }
}
