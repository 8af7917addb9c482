/// A model of a terminal, with what this project's programs use: characters of one and two columns, wrapping at the
/// margin, scrolling, and the sequences that move the cursor and clear. When it is resized, lines are cut and not
/// wrapped again.
public struct TerminalModel: Sendable {
    /// A column of a row: a character with its combining ones, an empty string after a wide one, or nil if never
    /// written.
    private typealias Cell = String?

    public private(set) var columns: Int
    public private(set) var rows: Int
    /// The position of the next character; row and column count from 0.
    public private(set) var cursor = (row: 0, column: 0)
    /// Rows that have scrolled off the top.
    public private(set) var scrolledOff: [String] = []
    /// Unknown sequences: either the program is wrong, or this model is incomplete.
    public private(set) var unknown: [String] = []
    public private(set) var bells = 0
    /// Whether bracketed paste is on.
    public private(set) var bracketsPastes = false

    private var cells: [[Cell]]
    /// Whether the last column was written, so that the next character goes to the next row.
    private var isAtMargin = false
    /// Bytes of an incomplete character or sequence.
    private var pending: [UInt8] = []

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: Array(repeating: nil, count: columns), count: rows)
    }

    /// All rows, without trailing blanks.
    public var screen: [String] { cells.map(Self.text) }

    /// The rows down to the last one that is not empty.
    public var shown: [String] {
        var shown = screen
        while shown.last == "" { shown.removeLast() }
        return shown
    }

    /// The rows that have scrolled off, and those that are shown.
    public var everything: [String] { scrolledOff + shown }

    public mutating func resize(columns: Int, rows: Int) {
        while cursor.row >= rows { scroll() }
        cells = cells.prefix(rows).map { row in
            Array((row + Array(repeating: nil, count: max(0, columns - row.count))).prefix(columns))
        }
        while cells.count < rows { cells.append(Array(repeating: nil, count: columns)) }
        cursor.column = min(cursor.column, columns - 1)
        (self.columns, self.rows) = (columns, rows)
        isAtMargin = false
    }

    public mutating func write(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if pending.isEmpty, (0x20..<0x7f).contains(byte) {
                printASCII(byte)
                continue
            }
            pending.append(byte)
            if let first = pending.first, first == 0x1b {
                sequence()
            } else if let text = String(validating: pending, as: UTF8.self), let scalar = text.unicodeScalars.first {
                pending = []
                put(scalar)
            } else if pending.count >= 4 {
                unknown.append("octets \(pending)")
                pending = []
            }
        }
    }

    private mutating func sequence() {
        guard pending.count > 1 else { return }
        guard pending[1] == UInt8(ascii: "[") else {
            unknown.append(String(decoding: pending, as: UTF8.self).debugDescription)
            pending = []
            return
        }
        guard pending.count > 2, let final = pending.last, (0x40...0x7e).contains(final) else { return }
        let parameter = String(decoding: pending[2..<pending.count - 1], as: UTF8.self)
        let number = max(1, Int(parameter) ?? 1)
        pending = []
        isAtMargin = false
        switch (Character(Unicode.Scalar(final)), parameter) {
        case ("A", _): cursor.row = max(0, cursor.row - number)
        case ("B", _): cursor.row = min(rows - 1, cursor.row + number)
        case ("C", _): cursor.column = min(columns - 1, cursor.column + number)
        case ("D", _): cursor.column = max(0, cursor.column - number)
        case ("H", ""): cursor = (0, 0)
        case ("K", ""), ("K", "0"): clearRow()
        case ("J", ""), ("J", "0"):
            clearRow()
            for row in (cursor.row + 1)..<max(rows, cursor.row + 1) { cells[row] = emptyRow }
        case ("J", "2"): cells = Array(repeating: emptyRow, count: rows)
        case ("h", "?2004"): bracketsPastes = true
        case ("l", "?2004"): bracketsPastes = false
        case ("m", _): break
        case (let final, let parameter): unknown.append("ESC [ \(parameter) \(final)")
        }
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\r": cursor.column = 0
        case "\n": lineFeed()
        case "\u{08}": cursor.column = max(0, cursor.column - 1)
        case "\u{07}": bells += 1
        case ..<" ", "\u{7f}": unknown.append(String(scalar).debugDescription)
        default: return print(scalar)
        }
        if scalar != "\u{07}" { isAtMargin = false }
    }

    private mutating func print(_ scalar: Unicode.Scalar) {
        let width = Self.width(of: scalar)
        if width == 0 {
            var column = isAtMargin ? cursor.column : cursor.column - 1
            while column > 0, cells[cursor.row][column] == "" { column -= 1 }
            if column >= 0 { cells[cursor.row][column] = (cells[cursor.row][column] ?? " ") + String(scalar) }
            return
        }
        if isAtMargin || cursor.column + width > columns {
            cursor.column = 0
            lineFeed()
            isAtMargin = false
        }
        cells[cursor.row][cursor.column] = String(scalar)
        if width == 2, cursor.column + 1 < columns { cells[cursor.row][cursor.column + 1] = "" }
        if cursor.column + width >= columns {
            cursor.column = columns - 1
            isAtMargin = true
        } else {
            cursor.column += width
        }
    }

    /// A fast path for printable ASCII, which is most of any output.
    private mutating func printASCII(_ byte: UInt8) {
        if isAtMargin {
            print(Unicode.Scalar(byte))
        } else {
            cells[cursor.row][cursor.column] = Self.ascii[Int(byte)]
            if cursor.column == columns - 1 { isAtMargin = true } else { cursor.column += 1 }
        }
    }

    private static let ascii = (0..<128).map { String(Unicode.Scalar(UInt8($0))) }

    private mutating func lineFeed() {
        if cursor.row == rows - 1 { scroll() }
        cursor.row += 1
    }

    private mutating func scroll() {
        scrolledOff.append(Self.text(of: cells.removeFirst()))
        cells.append(emptyRow)
        cursor.row -= 1
    }

    private mutating func clearRow() {
        for column in cursor.column..<columns { cells[cursor.row][column] = nil }
    }

    private var emptyRow: [Cell] { Array(repeating: nil, count: columns) }

    private static func text(of row: [Cell]) -> String {
        var text = row.map { $0 ?? " " }.joined()
        while text.last == " " { text.removeLast() }
        return text
    }

    /// Correct for the characters that the tests use.
    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x300...0x36f, 0x1160...0x11ff, 0x200b...0x200f, 0xfe00...0xfe0f: 0
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
            2
        default: 1
        }
    }
}
