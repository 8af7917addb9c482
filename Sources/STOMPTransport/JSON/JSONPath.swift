import NIOCore

/// A path to a value inside a JSON text, such as `.a.b[0]`; `.` is the whole.
package struct JSONPath: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case member(String)
        case element(Int)
    }

    let steps: [Step]

    /// Nil where `text` is not a path.
    package init?(_ text: String) {
        guard text.hasPrefix(".") else { return nil }
        var steps: [Step] = []
        var rest = text[...]
        if rest == "." || rest.hasPrefix(".[") { rest = rest.dropFirst() }
        while let first = rest.first {
            rest = rest.dropFirst()
            if first == "[" {
                let digits = rest.prefix { $0 != "]" }
                guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let index = Int(digits),
                    digits.endIndex < rest.endIndex
                else { return nil }
                steps.append(.element(index))
                rest = rest[digits.endIndex...].dropFirst()
            } else {
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard first == ".", !name.isEmpty else { return nil }
                steps.append(.member(String(name)))
                rest = rest[name.endIndex...]
            }
        }
        self.steps = steps
    }

    /// The bytes of the value as they stand in `json`, quotes included; nil where there is none.
    ///
    /// - Throws: ``JSONFault`` where `json` is not JSON as far as it was read.
    package func value(in json: UnsafeRawBufferPointer) throws(JSONFault) -> Range<Int>? {
        var reader = JSONReader(json)
        guard var first = try reader.next() else { return nil }
        for step in steps {
            guard first.kind == .open else { return nil }
            let isObject = json[first.range.lowerBound] == UInt8(ascii: "{")
            let found: JSONReader.Token?
            switch step {
            case .member(let name): found = isObject ? try Self.member(name, &reader, json) : nil
            case .element(let index): found = isObject ? nil : try Self.element(index, &reader)
            }
            guard let found else { return nil }
            first = found
        }
        return first.range.lowerBound..<(try Self.end(of: first, &reader))
    }

    /// The first token of a member's value.
    private static func member(
        _ name: String, _ reader: inout JSONReader, _ json: UnsafeRawBufferPointer
    ) throws(JSONFault) -> JSONReader.Token? {
        while let token = try reader.next(), token.kind != .close {
            guard token.kind == .name else { continue }
            var other = JSONReader(UnsafeRawBufferPointer(rebasing: json[token.range]))
            let isIt = try other.text() == name
            guard try reader.next() != nil, let value = try reader.next() else { return nil }
            if isIt { return value }
            _ = try end(of: value, &reader)
        }
        return nil
    }

    /// The first token of an element.
    private static func element(_ index: Int, _ reader: inout JSONReader) throws(JSONFault) -> JSONReader.Token? {
        var left = index
        while let token = try reader.next(), token.kind != .close {
            guard token.kind != .comma else { continue }
            if left == 0 { return token }
            left -= 1
            _ = try end(of: token, &reader)
        }
        return nil
    }

    /// Where the value ends that begins with a token.
    private static func end(of first: JSONReader.Token, _ reader: inout JSONReader) throws(JSONFault) -> Int {
        var depth = first.kind == .open ? 1 : 0
        var end = first.range.upperBound
        while depth > 0, let token = try reader.next() {
            if token.kind == .open { depth += 1 } else if token.kind == .close { depth -= 1 }
            end = token.range.upperBound
        }
        return end
    }
}
