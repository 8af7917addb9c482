/// The quotes of JSON in a string of JSON, as a body in a message of SockJS has them: `\"` one level deep, `\\\"` two.
enum JSONEscapes {
    /// How deep a quote is that so many backslashes are before.
    static func level(_ backslashes: Int) -> Int {
        backslashes.isMultiple(of: 2) ? 0 : 1 + level((backslashes - 1) / 2)
    }

    /// Whether a quote with so many backslashes before it ends a string of that level, or one around it.
    static func endsString(_ backslashes: Int, level: Int) -> Bool {
        backslashes.isMultiple(of: 2) || level > 0 && endsString((backslashes - 1) / 2, level: level - 1)
    }
}

extension UnsafeRawBufferPointer {
    /// How many backslashes are directly before `index`.
    func backslashes(before index: Int) -> Int {
        var start = index
        while start > 0, self[start - 1] == UInt8(ascii: "\\") { start -= 1 }
        return index - start
    }
}

/// The values of JSON's keys.
extension SecretSearch {
    /// The longest key that is looked at, in bytes with the blanks before its colon.
    private static let longestKey = 256

    /// The key that ends before `colon`, without its quotes, and how deep in strings it is.
    func jsonKey(endingAt colon: Int) -> (key: Range<Int>, level: Int)? {
        let first = Swift.max(0, colon - Self.longestKey)
        var quote = colon - 1
        while quote > first, bytes[quote] == 0x20 || bytes[quote] == 0x09 { quote -= 1 }
        guard quote > first, bytes[quote] == UInt8(ascii: "\"") else { return nil }
        let backslashes = bytes.backslashes(before: quote)
        let end = quote - backslashes
        var start = end
        while start > first, bytes[start - 1] >= 0x20, bytes[start - 1] != UInt8(ascii: "\"") { start -= 1 }
        guard start > 0, bytes[start - 1] == UInt8(ascii: "\"") else { return nil }
        return (start..<end, JSONEscapes.level(backslashes))
    }

    /// Finds the end of the value from `start` on, and adds it.
    mutating func closeValue(_ level: Int, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            if " \t\r\n".utf8.contains(bytes[index]) {
                index += 1
            } else if ["\\n", "\\r", "\\t"].contains(where: { bytes.hasWord($0, at: index) }) {
                index += 2
            } else {
                break
            }
        }
        let backslashes = bytes[index...].prefix { $0 == UInt8(ascii: "\\") }.count
        guard index + backslashes < bytes.count else {
            return isCut ? leave(.jsonValue(level: level), bytes.count..<bytes.count, backslashes) : bytes.count
        }
        switch bytes[index + backslashes] {
        case UInt8(ascii: "\""):
            index += backslashes + 1
            return closeString(level, from: index, at: index)
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            return closeNested(NestedJSON(level: level), from: index + backslashes, at: index + backslashes)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return close(.scalar, from: index, at: index)
        // `true`, `false` and `null` are no secrets.
        default: return index
        }
    }

    mutating func closeString(_ level: Int, from start: Int, at first: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] != 0 {
            if bytes[index] == UInt8(ascii: "\"") {
                let backslashes = bytes.backslashes(before: index)
                // Those of the value itself stay hidden.
                if JSONEscapes.endsString(backslashes, level: level) {
                    return add(first..<Swift.max(first, index - Swift.min(backslashes, 1 << level - 1)))
                }
            }
            index += 1
        }
        guard index == bytes.count, isCut else { return add(first..<index) }
        return leave(.string(level: level), first..<index, unreadBackslashes(from: start))
    }

    mutating func closeNested(_ nested: NestedJSON, from start: Int, at first: Int) -> Int {
        var nested = nested
        var index = start
        while index < bytes.count, bytes[index] != 0 {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                let backslashes = bytes.backslashes(before: index)
                // That of a string around it.
                if nested.level > 0, backslashes.isMultiple(of: 2) { return add(first..<index) }
                if nested.isInString {
                    nested.isInString = !JSONEscapes.endsString(backslashes, level: nested.level)
                } else {
                    nested.isInString = true
                }
            case UInt8(ascii: "["), UInt8(ascii: "{"): if !nested.isInString { nested.depth += 1 }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if nested.isInString { break }
                nested.depth -= 1
                if nested.depth <= 0 { return add(first..<index + 1) }
            default: break
            }
            index += 1
        }
        guard index == bytes.count, isCut else { return add(first..<index) }
        return leave(.nested(nested), first..<index, unreadBackslashes(from: start))
    }

    /// How many backslashes at the end may be before a quote.
    private func unreadBackslashes(from start: Int) -> Int {
        Swift.min(bytes.backslashes(before: bytes.count), bytes.count - start)
    }
}

/// How far an array or object has been read.
struct NestedJSON: Sendable {
    /// How deep in strings it is.
    let level: Int
    var depth = 0
    var isInString = false
}
