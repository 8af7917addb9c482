import STOMPTransport

/// Text that came from elsewhere, made harmless: what ``DisplayEscaping`` hides is shown escaped.
package enum Visible: Sendable {
    /// In a line: line ends and tabs are escaped as well.
    case line
    /// As lines: line ends and tabs are kept, and what follows a line end is indented by so many cells.
    case lines(indentation: Int)
    /// Inside JSON, which stays JSON.
    case json
}

extension OutputBuffer {
    /// Appends `bytes` as visible text. A byte that is not UTF-8 is shown as `\xNN`.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, visible: Visible) {
        var copied = 0
        while let hidden = DisplayEscaping.firstHidden(in: bytes, from: copied) {
            append(UnsafeRawBufferPointer(rebasing: bytes[copied..<hidden.index]))
            append(hidden: hidden.scalar, byte: bytes[hidden.index], visible)
            copied = hidden.index + hidden.length
        }
        append(UnsafeRawBufferPointer(rebasing: bytes[copied...]))
    }

    package mutating func append(_ text: String, visible: Visible) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0), visible: visible) }
    }

    /// Appends what is shown in place of a scalar, or of a byte that is not UTF-8.
    private mutating func append(hidden scalar: UInt32?, byte: UInt8, _ visible: Visible) {
        switch (visible, scalar) {
        case (.lines(let indentation), 0x0A):
            append(UInt8(ascii: "\n"))
            append(spaces: indentation)
        case (.lines, 0x09): append(UInt8(ascii: "\t"))
        case (.json, let scalar?): append("\\u" + hexadecimal(scalar, digits: 4))
        default: append(DisplayEscaping.escape(scalar, byte: byte))
        }
    }
}

/// A line of text with what could drive a terminal shown escaped.
package func visible(_ text: String) -> String {
    var out = OutputBuffer()
    out.append(text, visible: .line)
    return out.text
}
