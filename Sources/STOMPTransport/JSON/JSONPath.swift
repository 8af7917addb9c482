import NIOCore

/// The path to a value in a JSON text, in jq syntax: `.a.b[0]`, `.[2]`, `."a b"`, `["a.b"]`; `.` is the whole text.
package struct JSONPath: Sendable, Equatable, CustomStringConvertible {
    enum Step: Sendable, Equatable {
        /// A member of an object. If several have this name, the last one counts, as in `JSON.parse`.
        case member(String)
        /// An element of an array; the first is 0.
        case element(Int)
    }

    /// A value that was found.
    package enum Value: Equatable {
        /// The content of a string, in UTF-8.
        case string(ByteBuffer)
        /// The byte range of any other value.
        case json(Range<Int>)
    }

    /// The maximum number of steps.
    private static let longest = 100

    let steps: [Step]
    package let description: String

    /// Returns nil if the text is not a path.
    package init?(_ text: String) {
        guard text.first == "." else { return nil }
        var steps: [Step] = []
        var rest = text[...]
        while let first = rest.popFirst() {
            switch first {
            case "." where rest.first == "\"":
                rest.removeFirst()
                guard let name = Self.takeQuoted(&rest) else { return nil }
                steps.append(.member(name))
            case ".":
                let name = rest.prefix { !".[]\"".contains($0) }
                rest = rest[name.endIndex...]
                guard name.isEmpty else {
                    steps.append(.member(String(name)))
                    continue
                }
                // Only the first dot may be alone, or directly before a bracket.
                guard steps.isEmpty, rest.isEmpty || rest.first == "[" else { return nil }
            case "[" where rest.first == "\"":
                rest.removeFirst()
                guard let name = Self.takeQuoted(&rest), rest.popFirst() == "]" else { return nil }
                steps.append(.member(name))
            case "[":
                let digits = rest.prefix { $0 != "]" }
                guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let index = Int(digits)
                else { return nil }
                rest = rest[digits.endIndex...]
                guard rest.popFirst() == "]" else { return nil }
                steps.append(.element(index))
            default: return nil
            }
        }
        guard steps.count <= Self.longest else { return nil }
        self.steps = steps
        description = text
    }

    private static func takeQuoted(_ rest: inout Substring) -> String? {
        let name = rest.prefix { $0 != "\"" }
        rest = rest[name.endIndex...]
        return rest.popFirst() == nil ? nil : String(name)
    }

    /// Returns the value in `bytes`; nil if there is none, or if the bytes are not JSON. A byte order mark at the
    /// start is ignored.
    package func value(in bytes: UnsafeRawBufferPointer) -> Value? {
        guard bytes.isUTF8 else { return nil }
        do throws(JSONFault) {
            var reader = JSONReader(bytes, at: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
            var found: Range<Int>?
            try Self.find(steps[...], &reader, &found)
            try reader.expectEnd()
            guard let found else { return nil }
            guard bytes[found.lowerBound] == UInt8(ascii: "\"") else { return .json(found) }
            var text = ByteBuffer()
            var string = JSONReader(bytes, at: found.lowerBound)
            try string.string(into: &text)
            return .string(text)
        } catch {
            return nil
        }
    }

    /// Reads the next value, and sets `found` to the range that the steps lead to.
    private static func find(
        _ steps: ArraySlice<Step>, _ reader: inout JSONReader, _ found: inout Range<Int>?
    ) throws(JSONFault) {
        // An earlier member with the same name does not count.
        found = nil
        let next = reader.peek()
        switch steps.first {
        case .member(let wanted)? where next == UInt8(ascii: "{"):
            try reader.object { (reader: inout JSONReader, name) throws(JSONFault) in
                // Names are compared byte by byte: canonically equivalent names are different.
                if name.utf8.elementsEqual(wanted.utf8) {
                    try find(steps.dropFirst(), &reader, &found)
                } else {
                    try reader.skipValue()
                }
            }
        case .element(let wanted)? where next == UInt8(ascii: "["):
            var index = 0
            try reader.array { (reader: inout JSONReader) throws(JSONFault) in
                if index == wanted {
                    try find(steps.dropFirst(), &reader, &found)
                } else {
                    try reader.skipValue()
                }
                index += 1
            }
        case nil:
            let start = reader.position
            try reader.skipValue()
            found = start..<reader.position
        default: try reader.skipValue()
        }
    }
}
