/// Finds possible secrets in text that a user typed, even if it is malformed: a URL, a list of URLs separated by
/// commas, or an argument that was meant as something else.
///
/// A rejected text may not be what its first characters suggest. So everything between the login name and the last
/// `@` counts as a passcode, even if a URL would end before that, at `/`, `?`, `#` or a quote.
package enum TypedSecrets {
    /// The text that replaces a secret.
    package static let cover = "****"

    /// Schemes that are recognized without `//`: `stomp:user:passcode@host`.
    private static let schemes: Set<String> = [
        "stomp", "stomps", "tcp", "ssl", "stomp+ssl", "ws", "wss", "http", "https", "socks5", "socks5h",
    ]

    /// `text` with its secrets masked.
    package static func masked(_ text: String) -> String {
        // A private key that was given instead of its file.
        if text.contains("PRIVATE KEY") { return cover }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var copied = 0
        for part in parts(of: bytes[...]) {
            for secret in secrets(in: bytes[part]) {
                result += bytes[copied..<secret.lowerBound]
                result += cover.utf8
                copied = secret.upperBound
            }
        }
        return String(decoding: result + bytes[copied...], as: UTF8.self)
    }

    /// Whether a `/`, `?` or `#` precedes the `@` of a URL, so that the end of its passcode is ambiguous.
    package static func breaksUserinfo(_ url: String) -> Bool {
        let bytes = Array(url.utf8)
        let start = prefixEnd(of: bytes[...]) ?? 0
        guard let at = at(in: bytes[...], from: start) else { return false }
        return bytes[start..<at].contains(where: isSeparator)
    }

    /// The URLs of a failover list: a comma ends a URL if a scheme follows.
    package static func parts<Text: RandomAccessCollection<UInt8>>(of text: Text) -> [Range<Int>]
    where Text.Index == Int {
        var parts: [Range<Int>] = []
        var start = text.startIndex
        for index in text.indices
        where text[index] == UInt8(ascii: ",") && prefixEnd(of: text[(index + 1)...]) != nil {
            parts.append(start..<index)
            start = index + 1
        }
        return parts + [start..<text.endIndex]
    }

    /// The passcode in `word`, which starts where a URL may start, with or without a scheme. It is everything
    /// before the `@` if there is no user name; nil if there is no `@`.
    package static func passcode<Text: RandomAccessCollection<UInt8>>(in word: Text) -> Range<Int>?
    where Text.Index == Int {
        let start = prefixEnd(of: word) ?? word.startIndex
        guard let at = at(in: word, from: start) else { return nil }
        let colon = word[start..<at].firstIndex(of: UInt8(ascii: ":")) ?? start
        let secret = (colon > start ? colon + 1 : start)..<at
        return secret.isEmpty ? nil : secret
    }

    /// The index at which the host or the login starts; nil if there is no scheme.
    package static func prefixEnd<Text: RandomAccessCollection<UInt8>>(of word: Text) -> Int?
    where Text.Index == Int {
        let name = word.prefix { isLetter($0) || isDigit($0) || "+.-".utf8.contains($0) }
        guard let first = name.first, isLetter(first) else { return nil }
        let marks = word[name.endIndex...].prefix { ":;/\\".utf8.contains($0) }
        // One slash or no slash is a typing error; a path does not start with a name.
        let isMarked = marks.count > 1 && marks.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") })
        let isKnown = !marks.isEmpty && schemes.contains(String(decoding: name, as: UTF8.self).lowercased())
        return isMarked || isKnown ? marks.endIndex : nil
    }

    // MARK: -

    private static func secrets(in part: ArraySlice<UInt8>) -> [Range<Int>] {
        let start = prefixEnd(of: part)
        var found: [Range<Int>] = []
        var rest = part[(start ?? part.startIndex)...]
        if let at = at(in: part, from: rest.startIndex) {
            if let passcode = passcode(in: part) { found.append(passcode) }
            rest = part[at...]
        } else if let value = valueOfName(in: rest) {
            return [value]
        }
        // A rejected query does not help the user, and may contain anything.
        if let tail = rest.firstIndex(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }),
            start != nil || rest[tail...].contains(UInt8(ascii: "=")), tail + 1 < rest.endIndex
        {
            found.append(tail + 1..<rest.endIndex)
        }
        return found
    }

    /// The text after a colon that is not a port: `user:passcode` without a host, `name: value`.
    private static func valueOfName(in rest: ArraySlice<UInt8>) -> Range<Int>? {
        guard rest.first != UInt8(ascii: "["), let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let value = rest[(colon + 1)...]
        let digits = value.prefix(while: isDigit)
        let isPort =
            (1...5).contains(digits.count) && (value.count == digits.count || isSeparator(value[digits.endIndex]))
        return isPort || value.isEmpty ? nil : value.indices
    }

    /// The `@` after the last byte that may be part of a passcode. An `@` in the query of a URL that is complete
    /// before it, as in `ws://host:80/ws?mail=a@b`, does not count.
    private static func at<Text: RandomAccessCollection<UInt8>>(in word: Text, from start: Int) -> Int?
    where Text.Index == Int {
        let sign = UInt8(ascii: "@")
        guard let last = word[start...].lastIndex(of: sign) else { return nil }
        let scheme = String(decoding: word[..<start].prefix(while: isLetter), as: UTF8.self).lowercased()
        guard ["ws", "wss", "http", "https"].contains(scheme),
            let query = word[start..<last].firstIndex(of: UInt8(ascii: "?")),
            word[query..<last].contains(UInt8(ascii: "=")), !word[query..<last].contains(UInt8(ascii: "#"))
        else { return last }
        let before = word[start..<query].lastIndex(of: sign)
        let place = word[(before.map { $0 + 1 } ?? start)..<query]
        guard let path = place.firstIndex(of: UInt8(ascii: "/")) else { return last }
        let port = place[..<path].lastIndex(of: UInt8(ascii: ":")).map { place[($0 + 1)..<path] }
        let isWhole = place[..<path].first == UInt8(ascii: "[") || port?.allSatisfy(isDigit) ?? true
        return isWhole ? before : last
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { "/?#".utf8.contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
