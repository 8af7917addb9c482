import STOMPTransport

/// A dump in the format of `hexdump -C`: offset, bytes, and printable ASCII, with as many bytes a row as fit in the
/// line.
struct HexDump {
    /// The default limit for the dump of a body, in bytes.
    static let standardLimit = 4 << 10

    /// The format of a row.
    private enum Layout {
        /// 78 cells: sixteen bytes in two groups.
        case wide
        /// 45 cells: eight bytes.
        case narrow
        /// 39 cells, for lines too narrow for 45: eight bytes, with a short offset and single spaces.
        case tight

        var bytes: Int { self == .wide ? 16 : 8 }
        var cells: Int {
            switch self {
            case .wide: 78
            case .narrow: 45
            case .tight: 39
            }
        }
    }

    private let layout: Layout
    /// The number of spaces before each row.
    private let indentation: Int

    /// - Parameters:
    ///   - indentation: the number of spaces before each row; reduced if eight bytes do not fit otherwise.
    ///   - width: the width of a line, in cells.
    init(indentation: Int, width: Int) {
        layout =
            indentation + Layout.wide.cells <= width
            ? .wide : Layout.narrow.cells <= width ? .narrow : .tight
        self.indentation = max(0, min(indentation, width - layout.cells))
    }

    /// Appends the rows for `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
        let isTight = layout == .tight
        for start in stride(from: 0, to: bytes.count, by: layout.bytes) {
            out.append(spaces: indentation)
            out.append(hexadecimal(UInt32(truncatingIfNeeded: start), digits: isTight ? 4 : 8))
            let row = bytes[start..<min(start + layout.bytes, bytes.count)]
            for index in start..<(start + layout.bytes) {
                out.append(index % 8 == 0 && !isTight ? "  " : " ")
                if index < row.endIndex {
                    out.append(hexadecimalDigit(row[index] >> 4))
                    out.append(hexadecimalDigit(row[index]))
                } else {
                    out.append("  ")
                }
            }
            out.append(isTight ? " |" : "  |")
            for byte in row { out.append((0x20..<0x7F).contains(byte) ? byte : UInt8(ascii: ".")) }
            out.append("|\n")
        }
    }
}

extension OutputBuffer {
    /// Appends a dump of the first `limit` bytes, and a line about the rest.
    mutating func append(
        dump bytes: UnsafeRawBufferPointer, indentation: Int, width: LineWidth, limit: Int = .max,
        _ palette: Palette = .plain
    ) {
        HexDump(indentation: indentation, width: width.cells).write(
            UnsafeRawBufferPointer(rebasing: bytes.prefix(limit)), to: &self)
        if bytes.count > limit { append(shown: limit, of: bytes.count, indentation: indentation, palette) }
    }

    /// Appends a line that says how much of a body is shown.
    mutating func append(shown count: Int, of total: Int, indentation: Int, _ palette: Palette = .plain) {
        append(spaces: indentation)
        paint(.aside, palette) { $0.append("[\(total - count) of \(total) B left out; use --max-shown]") }
        append("\n")
    }
}

/// The width of an output's lines, in cells.
package enum LineWidth: Sendable {
    case fixed(Int)
    /// The current width of the terminal at this descriptor; ``standard`` if the terminal does not report one.
    case terminal(Int32)

    /// The width without a terminal.
    package static let standard = 80

    var cells: Int {
        switch self {
        case .fixed(let cells): cells
        case .terminal(let descriptor): Terminal.width(descriptor) ?? Self.standard
        }
    }
}
