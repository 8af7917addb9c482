/// Escaped quotes of JSON inside JSON strings, such as a body in a SockJS message: `\"` one level deep, `\\\"` two
/// levels.
enum JSONEscapes {
    /// The nesting level of a quote after this number of backslashes.
    static func level(_ backslashes: Int) -> Int {
        backslashes.isMultiple(of: 2) ? 0 : 1 + level((backslashes - 1) / 2)
    }

    /// Whether a quote after this number of backslashes ends a string of that level, or an enclosing one.
    static func endsString(_ backslashes: Int, level: Int) -> Bool {
        backslashes.isMultiple(of: 2) || level > 0 && endsString((backslashes - 1) / 2, level: level - 1)
    }
}

extension UnsafeRawBufferPointer {
    /// The number of backslashes directly before `index`.
    func backslashes(before index: Int) -> Int {
        var start = index
        while start > 0, self[start - 1] == UInt8(ascii: "\\") { start -= 1 }
        return index - start
    }
}

/// The search for the values of JSON keys.
extension SecretSearch {
    /// The longest key that is recognized, in bytes, including the blanks before its colon.
    private static let longestKey = 256

    /// The key that ends before `colon`, without its quotes, and its nesting level in strings.
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

    /// Finds the end of the value after `start`, and adds the value.
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
        // `true`, `false` and `null` are not secrets.
        default: return index
        }
    }

    mutating func closeString(_ level: Int, from start: Int, at first: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] != 0 {
            if bytes[index] == UInt8(ascii: "\"") {
                let backslashes = bytes.backslashes(before: index)
                // Backslashes that belong to the value stay hidden.
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
                // The quote ends an enclosing string.
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

    /// The number of backslashes at the end that may precede a quote.
    private func unreadBackslashes(from start: Int) -> Int {
        Swift.min(bytes.backslashes(before: bytes.count), bytes.count - start)
    }
}

/// The state of reading an array or object.
struct NestedJSON: Sendable {
    /// The nesting level in strings.
    let level: Int
    var depth = 0
    var isInString = false
}
