/// Text that came from elsewhere, made harmless: what could drive a terminal or turn its text around is shown escaped.
package enum Visible: Sendable {
    /// In a line: line ends and tabs are escaped as well.
    case line
    /// As lines: line ends and tabs are kept, and what follows a line end is indented by so many cells.
    case lines(indentation: Int)
    /// Inside JSON, which stays JSON.
    case json

    /// Whether a scalar must not reach a terminal: the controls of ASCII and Unicode, and those that override or isolate
    /// the direction of text.
    @inline(__always)
    static func hides(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

extension OutputBuffer {
    /// Appends `octets` as visible text. An octet that is no UTF-8 is shown as `\xNN`.
    package mutating func append(_ octets: UnsafeRawBufferPointer, visible: Visible) {
        var copied = 0
        var index = 0
        while index < octets.count {
            let scalar = octets.scalar(at: index)
            if let scalar, !Visible.hides(scalar.value) {
                index += scalar.length
                continue
            }
            append(UnsafeRawBufferPointer(rebasing: octets[copied..<index]))
            append(hidden: scalar?.value, octet: octets[index], visible)
            index += scalar?.length ?? 1
            copied = index
        }
        append(UnsafeRawBufferPointer(rebasing: octets[copied...]))
    }

    package mutating func append(_ text: String, visible: Visible) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0), visible: visible) }
    }

    /// Appends what stands for a scalar that is not shown, or for an octet that is part of none.
    private mutating func append(hidden scalar: UInt32?, octet: UInt8, _ visible: Visible) {
        switch (visible, scalar) {
        case (.lines(let indentation), 0x0A):
            append(UInt8(ascii: "\n"))
            append(spaces: indentation)
        case (.lines, 0x09): append(UInt8(ascii: "\t"))
        case (.json, let scalar?): append("\\u" + hexadecimal(scalar, digits: 4))
        case (_, 0x09): append("\\t")
        case (_, 0x0A): append("\\n")
        case (_, 0x0D): append("\\r")
        case (_, let scalar?) where scalar >= 0x80: append("\\u{\(String(scalar, radix: 16))}")
        default: append("\\x" + hexadecimal(UInt32(octet), digits: 2))
        }
    }
}

/// A line of text with what could drive a terminal shown escaped.
package func visible(_ text: String) -> String {
    var out = OutputBuffer()
    out.append(text, visible: .line)
    return out.text
}

/// `number` in lower-case hexadecimal digits, with zeros before it.
package func hexadecimal(_ number: UInt32, digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
