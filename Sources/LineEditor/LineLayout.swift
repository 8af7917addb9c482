/// A prompt and the line after it, which the terminal shows below the output.
struct EditedLine: Equatable {
    /// It may contain escape sequences for colours, which have no width; all others are shown, not executed.
    var prompt: String
    var text: [Unicode.Scalar]
    /// The cursor's index in `text`, from 0 to its count.
    var cursor: Int
}

/// An edited line, split into rows of the terminal.
struct LineLayout: Equatable {
    struct Row: Equatable {
        var bytes: [UInt8] = []
        var width = 0
        /// Whether the next row continues this one through the terminal's own wrapping, so that the terminal can
        /// rewrap them when its width changes.
        var wraps = false
    }

    struct Position: Equatable {
        var row: Int
        var column: Int
    }

    private(set) var rows: [Row] = [Row()]
    /// The row where the prompt ends; its colours may begin on the first row.
    private(set) var promptEnd = 0
    private(set) var cursor = Position(row: 0, column: 0)

    private let columns: Int

    /// - Parameter columns: the terminal's width, at least 1.
    init(_ line: EditedLine, columns: Int) {
        self.columns = max(1, columns)
        UTF8Locale.with { lay(line) }
    }

    private mutating func lay(_ line: EditedLine) {
        layPrompt(line.prompt)
        promptEnd = rows.count - 1
        for (index, scalar) in line.text.enumerated() {
            if index == line.cursor { placeCursor(before: scalar) }
            place(scalar)
        }
        // The cursor cannot be after the last column: it moves to a new row, with the next character.
        if rows[rows.count - 1].width == columns { wrap() }
        if line.cursor >= line.text.count {
            cursor = Position(row: rows.count - 1, column: rows[rows.count - 1].width)
        }
    }

    private mutating func layPrompt(_ prompt: String) {
        var scalars = prompt.unicodeScalars[...]
        while let scalar = scalars.first {
            if let end = Self.colourEnd(scalars) {
                append(String(scalars[..<end]).utf8, width: 0)
                scalars = scalars[end...]
            } else {
                place(scalar)
                scalars.removeFirst()
            }
        }
    }

    /// The end of an escape sequence for colours that begins here, such as `ESC [ 1;32 m`; nil for anything else.
    private static func colourEnd(_ text: Substring.UnicodeScalarView) -> String.Index? {
        guard text.starts(with: "\u{1b}[".unicodeScalars) else { return nil }
        let rest = text.dropFirst(2).drop { ("0"..."9").contains($0) || $0 == ";" || $0 == ":" }
        return rest.first == "m" ? rest.index(after: rest.startIndex) : nil
    }

    private mutating func placeCursor(before scalar: Unicode.Scalar) {
        let last = rows.count - 1
        let width = min(max(1, DisplayWidth.of(scalar) ?? 1), columns)
        if rows[last].width + width > columns, scalar != "\n" {
            cursor = Position(row: last + 1, column: 0)
        } else {
            // Before a newline at the end of a full row, the last column is the closest possible position.
            cursor = Position(row: last, column: min(rows[last].width, columns - 1))
        }
    }

    private mutating func place(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\n": rows.append(Row())
        case "\t":
            if rows[rows.count - 1].width == columns { wrap() }
            let width = rows[rows.count - 1].width
            let blanks = min(8 - width % 8, columns - width)
            append(repeatElement(0x20, count: blanks), width: blanks)
        case ..<"\u{20}", "\u{7f}":
            append(CollectionOfOne(UInt8(ascii: "^")), width: 1)
            append(CollectionOfOne(UInt8(scalar.value) ^ 0x40), width: 1)
        case "\u{200d}", "\u{fe00}"..."\u{fe0f}":
            // Terminals disagree on the width of characters that these join or vary, so each part is shown
            // separately.
            break
        default:
            guard let width = DisplayWidth.of(scalar) else {
                for byte in "<U+\(String(scalar.value, radix: 16, uppercase: true))>".utf8 {
                    append(CollectionOfOne(byte), width: 1)
                }
                return
            }
            if width <= columns, let bytes = UTF8.encode(scalar) {
                append(bytes, width: width)
            } else {
                append(CollectionOfOne(UInt8(ascii: "?")), width: 1)
            }
        }
    }

    private mutating func append(_ bytes: some Collection<UInt8>, width: Int) {
        if rows[rows.count - 1].width + width > columns { wrap() }
        rows[rows.count - 1].bytes += bytes
        rows[rows.count - 1].width += width
    }

    private mutating func wrap() {
        rows[rows.count - 1].wraps = true
        rows.append(Row())
    }
}
