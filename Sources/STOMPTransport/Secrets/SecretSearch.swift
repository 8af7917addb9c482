/// Finds secrets in bytes of unknown format: they may be HTTP, STOMP, JSON or a sentence.
///
/// Secrets are: the value after a name of ``SecretNames`` in a header, a query or JSON; ``SecretValues`` under any
/// name; the part before the `@` of a URL; and all ``KnownSecrets``, wherever they are.
package struct SecretSearch {
    /// The kind of text.
    package enum TextKind {
        /// A line for the user, which may quote malformed input.
        case sentence
        /// Traffic, or a record of it: URLs are well-formed, and lines `name: value` are headers.
        case wire
    }

    let bytes: UnsafeRawBufferPointer
    private let kind: TextKind
    /// Whether more bytes may follow. A possible secret at the end then counts as one.
    let isCut: Bool
    /// Whether `bytes` start at the beginning of a line.
    private let startsLine: Bool
    private(set) var found: [Range<Int>] = []
    /// The end of the last word that was searched and contains no login.
    private var endOfWordWithoutLogin = 0
    /// The secret, or possible secret, that is incomplete at the end of the bytes.
    private(set) var open: OpenSecret?

    init(_ bytes: UnsafeRawBufferPointer, as kind: TextKind, isCut: Bool = false, startsLine: Bool = true) {
        self.bytes = bytes
        self.kind = kind
        self.isCut = isCut
        self.startsLine = startsLine
    }

    /// The ranges of secrets in `bytes`, which are complete.
    package static func ranges(in bytes: UnsafeRawBufferPointer, as kind: TextKind) -> [Range<Int>] {
        var search = SecretSearch(bytes, as: kind)
        search.run(from: 0)
        return KnownSecrets.isEmpty ? search.found : search.found.merged(with: KnownSecrets.ranges(in: bytes))
    }

    mutating func run(from start: Int) {
        var index = start
        while index < bytes.count, open == nil {
            switch bytes[index] {
            case UInt8(ascii: ":"):
                index = kind == .wire ? afterColon(index) : afterColonOfSentence(index)
            case UInt8(ascii: "="): index = afterEquals(index, width: 1)
            case UInt8(ascii: "\\") where bytes.hasWord("\\u003d", at: index): index = afterEquals(index, width: 6)
            case UInt8(ascii: "e"): index = afterToken(index)
            case UInt8(ascii: "\""): index = afterQuote(index)
            default: index += 1
            }
        }
    }

    /// Continues with the secret that was incomplete before `start`.
    mutating func resume(_ secret: OpenSecret.Kind, from start: Int) {
        let end = close(secret, from: start, at: start)
        if open == nil { run(from: end) }
    }

    // MARK: Where a secret starts

    private mutating func afterColon(_ colon: Int) -> Int {
        if let (key, level) = jsonKey(endingAt: colon) {
            guard SecretNames.contain(UnsafeRawBufferPointer(rebasing: bytes[key])) else { return colon + 1 }
            return closeValue(level, from: colon + 1)
        }
        if let (name, isEscaped) = headerName(endingAt: colon) {
            let bytes = self.bytes
            let start = bytes[(colon + 1)...].prefix { $0 == UInt8(ascii: " ") }.endIndex
            if hides(name) || SecretValues.areCredentials(at: start, of: bytes, isCut: isCut) {
                return close(.line(isEscaped: isEscaped), from: start, at: start)
            }
        }
        guard bytes.hasWord("://", at: colon) else { return colon + 1 }
        return close(.userinfo(hasColon: false), from: colon + 3, at: colon + 3)
    }

    /// In a sentence, everything from the colon of the login to the last `@` is a passcode.
    private mutating func afterColonOfSentence(_ colon: Int) -> Int {
        let start = bytes[(colon + 1)...].prefix { $0 == UInt8(ascii: " ") }.endIndex
        if SecretValues.areCredentials(at: start, of: bytes) { return addCredentials(ofSentence: start) }
        return passcode(ofWord: colon).map { add($0) } ?? colon + 1
    }

    private mutating func afterQuote(_ quote: Int) -> Int {
        let start = quote + 1
        guard SecretValues.areCredentials(at: start, of: bytes, isCut: isCut) else { return start }
        guard kind == .wire else { return addCredentials(ofSentence: start) }
        return close(.string(level: JSONEscapes.level(bytes.backslashes(before: quote))), from: start, at: start)
    }

    /// Adds the credentials after a scheme that a sentence quotes, unless they are too short to be real, as in the
    /// hint `Bearer TOKEN`.
    private mutating func addCredentials(ofSentence start: Int) -> Int {
        let gap = bytes[start...].prefix { SecretValues.isTokenByte($0) }.endIndex
        let value = bytes[gap...].drop { $0 == 0x20 }.prefix {
            SecretValues.isTokenByte($0) || "+/=~%".utf8.contains($0)
        }
        return value.count < 8 ? value.endIndex : add(value.indices)
    }

    private mutating func afterEquals(_ equals: Int, width: Int) -> Int {
        let start = equals + width
        var name = self.name(endingAt: equals)
        // `\u0026`: encoders that escape for HTML write `&` like this.
        let isSpeltOut =
            name.lowerBound > 0 && bytes[name.lowerBound - 1] == UInt8(ascii: "\\")
            && ["u0026", "u003f"].contains { bytes.hasWord($0, at: name.lowerBound) } && name.count >= 5
        if isSpeltOut { name = name.dropFirst(5) }
        guard isSpeltOut || name.lowerBound > 0 && "?&#;".utf8.contains(bytes[name.lowerBound - 1]) else {
            return start
        }
        if SecretNames.contain(field: UnsafeRawBufferPointer(rebasing: bytes[name]))
            || SecretValues.areCredentials(at: start, of: bytes, isCut: isCut)
        {
            return close(.field, from: start, at: start)
        }
        return bytes.count > start && bytes[start] == UInt8(ascii: "e") ? afterToken(start, isStart: true) : start
    }

    private mutating func afterToken(_ start: Int, isStart: Bool = false) -> Int {
        guard start + 2 < bytes.count, bytes[start + 1] == UInt8(ascii: "y"), bytes[start + 2] == UInt8(ascii: "J"),
            isStart || beginsToken(start)
        else { return start + 1 }
        return close(.token(dots: 0), from: start, at: start)
    }

    private func beginsToken(_ start: Int) -> Bool {
        guard start > 0, SecretValues.isTokenByte(bytes[start - 1]), bytes[start - 1] != UInt8(ascii: ".") else {
            return true
        }
        // `\neyJ`, `\u003deyJ`
        return start > 1 && bytes[start - 2] == UInt8(ascii: "\\")
            || start > 5 && bytes[start - 6] == UInt8(ascii: "\\") && bytes[start - 5] == UInt8(ascii: "u")
    }

    // MARK: Where a secret ends

    /// Finds the end of a secret that continues at `start`, and adds the part that is secret.
    ///
    /// - Parameter first: the start of the secret, or of the rest of it.
    /// - Returns: the index at which to continue.
    mutating func close(_ secret: OpenSecret.Kind, from start: Int, at first: Int) -> Int {
        switch secret {
        case .line(let isEscaped):
            switch endOfLine(from: start, isEscaped: isEscaped) {
            case .found(let end): return add(first..<end)
            case .cut(let unread): return leave(secret, first..<bytes.count, unread)
            }
        case .field:
            var end = start
            while end < bytes.count, bytes[end] > 0x20, !"&#\"<>".utf8.contains(bytes[end]),
                !bytes.hasWord("\\u0026", at: end), !bytes.hasWord("\\\"", at: end)
            {
                // The next URL of a failover list has fields of its own.
                if bytes[end] == UInt8(ascii: ","), TypedSecrets.prefixEnd(of: bytes[(end + 1)...]) != nil { break }
                end += 1
            }
            if end == bytes.count, isCut { return leave(secret, first..<end, unreadEscape) }
            var value = bytes[first..<end]
            if let url = TypedSecrets.parts(of: value).first { value = value[url] }
            // Punctuation after the value is not part of it.
            while let last = value.last, "';:,.)\\".utf8.contains(last) { value = value.dropLast() }
            return value.isEmpty ? max(start, first) : add(value.indices)
        case .jsonValue(let level): return closeValue(level, from: start)
        case .string(let level): return closeString(level, from: start, at: first)
        case .scalar:
            let end = bytes[start...].prefix { $0 > 0x20 && !",]}\"\\".utf8.contains($0) }.endIndex
            return end == bytes.count && isCut ? leave(secret, first..<end, 0) : add(first..<end)
        case .nested(let state): return closeNested(state, from: start, at: first)
        case .userinfo(let hasColon): return closeUserinfo(hasColon, from: start, at: first)
        case .token(let dots):
            let (end, all) = SecretValues.endOfToken(from: start, of: bytes, dots: dots)
            if end == bytes.count, isCut { return leave(.token(dots: all), first..<end, 0) }
            return all >= 2 ? add(first..<end) : end
        }
    }

    mutating func add(_ range: Range<Int>) -> Int {
        if !range.isEmpty { found.append(range) }
        return range.upperBound
    }

    /// - Parameter unread: the number of bytes at the end that are part of an escape.
    mutating func leave(_ secret: OpenSecret.Kind, _ range: Range<Int>, _ unread: Int) -> Int {
        open = OpenSecret(kind: secret, unread: unread)
        return add(range)
    }

    private enum End {
        case found(Int)
        /// There is no end, and `unread` bytes at the end are part of an escape.
        case cut(unread: Int)
    }

    /// The end of the line that contains `start`. An escaped line may end with the escape `\n`, `\r` or `\u000a`,
    /// or with its string.
    private func endOfLine(from start: Int, isEscaped: Bool) -> End {
        var index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n"), bytes[index] != 0 {
            if isEscaped, bytes[index] == UInt8(ascii: "\"") { return .found(index) }
            if isEscaped, bytes[index] == UInt8(ascii: "\\") {
                if ["\\n", "\\r", "\\u000a", "\\u000d", "\\u0000"].contains(where: { bytes.hasWord($0, at: index) }) {
                    return .found(index)
                }
                index += 1
            }
            index += 1
        }
        if index >= bytes.count, isCut { return .cut(unread: isEscaped ? unreadEscape : 0) }
        index = min(index, bytes.count)
        return .found(index > start && bytes[index - 1] == UInt8(ascii: "\r") ? index - 1 : index)
    }

    /// The number of bytes at the end that may be the start of an escape.
    private var unreadEscape: Int {
        for count in 1..<6 where count <= bytes.count && bytes[bytes.count - count] == UInt8(ascii: "\\") {
            // The second of two backslashes is itself escaped.
            var marks = 1
            while count + marks <= bytes.count, bytes[bytes.count - count - marks] == UInt8(ascii: "\\") { marks += 1 }
            if marks.isMultiple(of: 2) { return 0 }
            return count == 1 || bytes[bytes.count - count + 1] == UInt8(ascii: "u") ? count : 0
        }
        return 0
    }

    private mutating func closeUserinfo(_ hadColon: Bool, from start: Int, at first: Int) -> Int {
        let authority = bytes[start...].prefix { byte in byte > 0x20 && !"/?#\"<>".utf8.contains(byte) }
        let colon = hadColon ? first - 1 : authority.firstIndex(of: UInt8(ascii: ":"))
        if authority.endIndex == bytes.count, isCut {
            guard let colon else { return leave(.userinfo(hasColon: false), bytes.count..<bytes.count, 0) }
            return leave(.userinfo(hasColon: true), (colon + 1)..<bytes.count, 0)
        }
        guard let colon, let at = authority.lastIndex(of: UInt8(ascii: "@")), colon < at else {
            return hadColon ? max(start, first) : start
        }
        return add((colon + 1)..<at)
    }

    // MARK: Sentences

    /// The passcode in the word around `colon`, which is the first colon in the word or that of a scheme.
    private mutating func passcode(ofWord colon: Int) -> Range<Int>? {
        // Do not search the same word again for each of its colons.
        guard colon >= endOfWordWithoutLogin else { return nil }
        let end = found.last?.upperBound ?? 0
        var start = colon
        while start > end, SecretValues.isTokenByte(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: "+") {
            start -= 1
        }
        let isURL = bytes[colon...].dropFirst().prefix(2).elementsEqual("//".utf8)
        // In the middle of other text, a name and a colon may mean anything.
        guard
            isURL
                || start < colon
                    && (start == 0 || bytes[start - 1] <= 0x20 || "\"'(,".utf8.contains(bytes[start - 1]))
        else { return nil }
        let word = bytes[start...].prefix { $0 > 0x20 }
        guard word.contains(UInt8(ascii: "@")) else {
            endOfWordWithoutLogin = word.endIndex
            return nil
        }
        guard let url = TypedSecrets.parts(of: word).first else { return nil }
        return TypedSecrets.passcode(in: bytes[url])
    }

    // MARK: Names

    /// The name of a header that ends at `colon`, and whether it is in a string, where lines start and end with
    /// the escape `\n` or `\u000a`.
    private func headerName(endingAt colon: Int) -> (name: Range<Int>, isEscaped: Bool)? {
        let name = self.name(endingAt: colon)
        guard name.lowerBound > 0 else { return startsLine ? (name, false) : nil }
        switch bytes[name.lowerBound - 1] {
        case UInt8(ascii: "\n"), 0: return (name, false)
        case UInt8(ascii: "\""): return (name, true)
        case UInt8(ascii: "\\"):
            if bytes.hasWord("n", at: name.lowerBound) { return (name.dropFirst(), true) }
            guard name.count >= 5, ["u000a", "u0000"].contains(where: { bytes.hasWord($0, at: name.lowerBound) }) else {
                return nil
            }
            return (name.dropFirst(5), true)
        default: return nil
        }
    }

    /// How far back to search for CONNECTED, in bytes.
    static let lookBack = 1024

    private func hides(_ name: Range<Int>) -> Bool {
        let text = UnsafeRawBufferPointer(rebasing: bytes[name])
        guard SecretNames.contain(text) else { return false }
        return !SecretNames.isSessionHeader(text) || !isOfCONNECTED(name.lowerBound)
    }

    /// Whether the line at `start` is a header of a CONNECTED frame.
    private func isOfCONNECTED(_ start: Int) -> Bool {
        var index = start - 1
        while index >= 0, index > start - Self.lookBack, bytes[index] != 0 {
            if bytes[index] == UInt8(ascii: "C"), index + 9 < start, bytes.hasWord("connected", at: index) {
                return "\n\r\\".utf8.contains(bytes[index + 9])
            }
            // An empty line ends a head.
            if bytes.hasWord("\n\n", at: index) || bytes.hasWord("\\n\\n", at: index) { return false }
            index -= 1
        }
        return false
    }

    private func name(endingAt end: Int) -> Range<Int> {
        var start = end
        while start > 0, SecretValues.isTokenByte(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: "%") {
            start -= 1
        }
        return start..<end
    }
}
