import STOMPTransport

/// Writes JSON (RFC 8259): places commas, colons, line ends and spaces, and escapes strings.
///
/// It has no buffer of its own; each call appends to the given one. After a complete object or array it can be
/// reused.
///
///     var json = JSONWriter()
///     json.beginObject(&out)
///     json.member("time", plain: time.text, &out)
///     json.member("size", 13, &out)
///     json.key("frame", &out)
///     json.beginArray(&out)
///     json.string("SEND", &out)
///     json.endArray(&out)
///     json.endObject(&out)
package struct JSONWriter {
    /// Where line ends and spaces are written.
    package struct Layout: Sendable {
        /// The number of outer levels that have one line for each member or element.
        fileprivate let lineLevels: Int
        /// Whether a space follows each comma within a line.
        fileprivate let hasBlankAfterComma: Bool

        /// No line ends or spaces: `{"a":1,"b":[2,3]}`.
        package static let compact = Layout(lineLevels: 0, hasBlankAfterComma: false)
        /// One line for each member of an object and of the objects and arrays in it; deeper values stay on one
        /// line.
        package static let indented = Layout(lineLevels: 2, hasBlankAfterComma: true)
        /// One line for each member of an object; the member's value stays on that line.
        package static let sections = Layout(lineLevels: 1, hasBlankAfterComma: false)
    }

    /// What is written next.
    private enum Next {
        /// The first member or element.
        case first
        /// Another member or element.
        case another
        /// The value of a member whose key is written, or the outermost value.
        case value
    }

    private let layout: Layout
    private var level: Int
    private var next: Next

    package init(_ layout: Layout = .compact) {
        self.layout = layout
        level = 0
        next = .value
    }

    // MARK: Objects and arrays

    package mutating func beginObject(_ out: inout OutputBuffer) { open(UInt8(ascii: "{"), &out) }
    package mutating func endObject(_ out: inout OutputBuffer) { end(UInt8(ascii: "}"), &out) }
    package mutating func beginArray(_ out: inout OutputBuffer) { open(UInt8(ascii: "["), &out) }
    package mutating func endArray(_ out: inout OutputBuffer) { end(UInt8(ascii: "]"), &out) }

    private mutating func open(_ bracket: UInt8, _ out: inout OutputBuffer) {
        separate(&out)
        out.append(bracket)
        level += 1
        next = .first
    }

    private mutating func end(_ bracket: UInt8, _ out: inout OutputBuffer) {
        let hasLines = level <= layout.lineLevels && next != .first
        level -= 1
        if hasLines { writeLineEnd(&out) }
        out.append(bracket)
        next = level == 0 ? .value : .another
    }

    /// Writes the separator between the previous value and the next.
    @inline(__always)
    private func separate(_ out: inout OutputBuffer) {
        guard next != .value else { return }
        if next == .another { out.append(UInt8(ascii: ",")) }
        if layout.lineLevels > 0 { separateOnLines(&out) }
    }

    private func separateOnLines(_ out: inout OutputBuffer) {
        if level <= layout.lineLevels {
            writeLineEnd(&out)
        } else if next == .another, layout.hasBlankAfterComma {
            out.append(UInt8(ascii: " "))
        }
    }

    private func writeLineEnd(_ out: inout OutputBuffer) {
        out.append(UInt8(ascii: "\n"))
        out.append(spaces: 2 * level)
    }

    // MARK: Keys

    /// Writes the key of the member whose value comes next.
    ///
    /// - Parameter name: must not need escaping.
    @inline(__always)
    package mutating func key(_ name: StaticString, _ out: inout OutputBuffer) {
        separate(&out)
        let count = name.utf8CodeUnitCount
        out.withRoom(for: count + 4) { room in
            room.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
            (room + 1).copyMemory(from: name.utf8Start, byteCount: count)
            room.storeBytes(of: UInt8(ascii: "\""), toByteOffset: count + 1, as: UInt8.self)
            room.storeBytes(of: UInt8(ascii: ":"), toByteOffset: count + 2, as: UInt8.self)
            room.storeBytes(of: UInt8(ascii: " "), toByteOffset: count + 3, as: UInt8.self)
            return layout.lineLevels > 0 ? count + 4 : count + 3
        }
        next = .value
    }

    /// Writes the key of the member whose value comes next.
    package mutating func key(_ name: UnsafeRawBufferPointer, _ out: inout OutputBuffer) {
        separate(&out)
        out.append(jsonString: name)
        out.append(UInt8(ascii: ":"))
        if layout.lineLevels > 0 { out.append(UInt8(ascii: " ")) }
        next = .value
    }

    package mutating func key(_ name: String, _ out: inout OutputBuffer) {
        var name = name
        name.withUTF8 { key(UnsafeRawBufferPointer($0), &out) }
    }

    // MARK: Values

    /// Writes a string.
    @inline(__always)
    package mutating func string(_ bytes: UnsafeRawBufferPointer, _ out: inout OutputBuffer) {
        separate(&out)
        out.append(jsonString: bytes)
        next = .another
    }

    package mutating func string(_ text: String, _ out: inout OutputBuffer) {
        separate(&out)
        out.append(jsonString: text)
        next = .another
    }

    /// Writes a string that needs no escaping.
    @inline(__always)
    package mutating func string(plain bytes: UnsafeRawBufferPointer, _ out: inout OutputBuffer) {
        separate(&out)
        out.withRoom(for: bytes.count + 2) { room in
            room.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
            if let base = bytes.baseAddress { (room + 1).copyMemory(from: base, byteCount: bytes.count) }
            room.storeBytes(of: UInt8(ascii: "\""), toByteOffset: bytes.count + 1, as: UInt8.self)
            return bytes.count + 2
        }
        next = .another
    }

    package mutating func string(plain bytes: [UInt8], _ out: inout OutputBuffer) {
        bytes.withUnsafeBytes { string(plain: $0, &out) }
    }

    package mutating func string(plain text: String, _ out: inout OutputBuffer) {
        var text = text
        text.withUTF8 { string(plain: UnsafeRawBufferPointer($0), &out) }
    }

    /// Writes `bytes` as a string in base64.
    package mutating func string(base64 bytes: UnsafeRawBufferPointer, _ out: inout OutputBuffer) {
        separate(&out)
        out.append(UInt8(ascii: "\""))
        out.append(base64: bytes)
        out.append(UInt8(ascii: "\""))
        next = .another
    }

    package mutating func number(_ number: some BinaryInteger, _ out: inout OutputBuffer) {
        literal(String(number), &out)
    }

    package mutating func bool(_ value: Bool, _ out: inout OutputBuffer) {
        literal(value ? "true" : "false", &out)
    }

    package mutating func null(_ out: inout OutputBuffer) { literal("null", &out) }

    /// Writes a value that is already JSON, such as the digits of a number.
    package mutating func literal(_ json: String, _ out: inout OutputBuffer) {
        separate(&out)
        out.append(json)
        next = .another
    }

    /// Writes a value that `write` appends as JSON.
    mutating func value(_ out: inout OutputBuffer, _ write: (inout OutputBuffer) -> Void) {
        separate(&out)
        write(&out)
        next = .another
    }

    // MARK: Members

    package mutating func member(_ name: StaticString, _ value: UnsafeRawBufferPointer, _ out: inout OutputBuffer) {
        key(name, &out)
        string(value, &out)
    }

    package mutating func member(_ name: StaticString, _ value: String, _ out: inout OutputBuffer) {
        key(name, &out)
        string(value, &out)
    }

    /// Writes a member whose value needs no escaping.
    package mutating func member(_ name: StaticString, plain value: [UInt8], _ out: inout OutputBuffer) {
        key(name, &out)
        string(plain: value, &out)
    }

    package mutating func member(_ name: StaticString, plain value: String, _ out: inout OutputBuffer) {
        key(name, &out)
        string(plain: value, &out)
    }

    package mutating func member(_ name: StaticString, _ value: Int, _ out: inout OutputBuffer) {
        key(name, &out)
        literal(String(value), &out)
    }

    package mutating func member(_ name: StaticString, _ value: some BinaryInteger, _ out: inout OutputBuffer) {
        key(name, &out)
        number(value, &out)
    }

    package mutating func member(_ name: StaticString, _ value: Bool, _ out: inout OutputBuffer) {
        key(name, &out)
        bool(value, &out)
    }

    /// Writes a member whose value is already JSON.
    package mutating func member(_ name: StaticString, literal value: String, _ out: inout OutputBuffer) {
        key(name, &out)
        literal(value, &out)
    }

    /// Writes arbitrary bytes as two members: a string, which is unchanged if it is UTF-8 and base64 otherwise, and
    /// its encoding, `utf-8` or `base64`.
    package mutating func member(
        _ name: StaticString, encoding: StaticString, _ bytes: UnsafeRawBufferPointer, _ out: inout OutputBuffer
    ) {
        key(name, &out)
        if bytes.isUTF8 {
            string(bytes, &out)
            member(encoding, plain: "utf-8", &out)
        } else {
            string(base64: bytes, &out)
            member(encoding, plain: "base64", &out)
        }
    }
}

extension OutputBuffer {
    /// The number of bytes that are escaped at once; it limits the reserved memory.
    private static let escapedPiece = 8192

    /// Appends `text` as a JSON string, quotes included.
    package mutating func append(jsonString text: String) {
        var text = text
        text.withUTF8 { append(jsonString: UnsafeRawBufferPointer($0)) }
    }

    /// Appends `bytes` as a JSON string, quotes included; characters that could control a terminal are escaped.
    package mutating func append(jsonString bytes: UnsafeRawBufferPointer) {
        var index = 0
        repeat {
            let end = min(bytes.count, index + Self.escapedPiece)
            withRoom(for: 6 * (end - index) + 16) { room in
                JSONString.write(bytes, from: &index, to: end, .display, into: room)
            }
        } while index < bytes.count
    }
}
