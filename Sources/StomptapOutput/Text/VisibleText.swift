import STOMPTransport

/// How untrusted text is made safe for output: the characters that ``DisplayEscaping`` hides are shown escaped.
package enum Visible: Sendable {
    /// As one line: line ends and tabs are escaped too.
    case line
    /// As lines: line ends and tabs are kept, and each new line is indented by this many cells.
    case lines(indentation: Int)
    /// Inside JSON, which stays valid JSON.
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

    /// Appends the escape for a scalar, or for a byte that is not UTF-8.
    private mutating func append(hidden scalar: UInt32?, byte: UInt8, _ visible: Visible) {
        switch (visible, scalar) {
        case (.lines(let indentation), 0x0A):
            append(UInt8(ascii: "\n"))
            append(spaces: indentation)
        case (.lines, 0x09): append(UInt8(ascii: "\t"))
        case (.json, let scalar?):
            for unit in scalar < 0x1_0000 ? [scalar] : JSONString.surrogates(of: scalar) {
                append("\\u" + hexadecimal(unit, digits: 4))
            }
        default: append(DisplayEscaping.escape(scalar, byte: byte))
        }
    }
}

/// Returns one line of text, with everything that could control a terminal escaped.
package func visible(_ text: String) -> String {
    var out = OutputBuffer()
    out.append(text, visible: .line)
    return out.text
}

/// Returns bytes as one such line; a byte that is not UTF-8 is shown as `\xNN`.
func visible(_ bytes: UnsafeRawBufferPointer) -> String {
    var out = OutputBuffer()
    out.append(bytes, visible: .line)
    return out.text
}

/// Encodes bytes as text: base64, hexadecimal.
extension OutputBuffer {
    /// The number of bytes that are encoded at once, a multiple of three; it limits the reserved memory.
    private static let piece = 3 << 12

    /// Appends base64 (RFC 4648, section 4), padded.
    package mutating func append(base64 bytes: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: bytes.count, by: Self.piece) {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.piece, bytes.count)])
            withRoom(for: Base64.encodedCount(piece.count)) { room in Base64.encode(piece, into: room) }
        }
    }

    /// Appends two hexadecimal digits for each byte.
    package mutating func append(hexadecimal bytes: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: bytes.count, by: Self.piece) {
            let piece = bytes[start..<min(start + Self.piece, bytes.count)]
            withRoom(for: piece.count * 2) { room in
                var count = 0
                for byte in piece {
                    room.storeBytes(of: hexadecimalDigit(byte >> 4), toByteOffset: count, as: UInt8.self)
                    room.storeBytes(of: hexadecimalDigit(byte), toByteOffset: count + 1, as: UInt8.self)
                    count += 2
                }
                return count
            }
        }
    }
}
