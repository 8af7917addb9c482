/// The only list of names whose values are secrets: of headers, query fields, cookies, JSON keys, options, and
/// input at the prompt.
///
/// A name is split into words at all characters except letters and digits, and at the word boundaries of camel
/// case: `X-Auth`, `api.key`, `accessToken`, `private key`. So `author`, `passenger` and `sideways` are not
/// secrets.
package enum SecretNames {
    /// The header for the session id in CONNECTED, which is not a secret there (STOMP 1.2, "CONNECTED").
    private static let session: StaticString = "session"

    /// Whether a word alone is a secret, ignoring case. This is called for each header of each message.
    @inline(__always)
    private static func isSecret(_ word: UnsafeRawBufferPointer) -> Bool {
        switch word.count {
        case 2: word.isWord("pw")
        case 3:
            word.isWord("jwt") || word.isWord("otp") || word.isWord("pwd") || word.isWord("sid") || word.isWord("sig")
        case 4:
            word.isWord("auth") || word.isWord("pass") || word.isWord("totp") || word.isWord("csrf")
                || word.isWord("xsrf")
        case 5: word.isWord("oauth") || word.isWord("creds") || endsAsSecret(word)
        case 6: word.isWord("bearer") || word.isWord("ticket") || endsAsSecret(word)
        case 7: word.isWord("session") || word.isWord("cookies") || word.isWord("secrets") || endsAsSecret(word)
        case 9:
            word.isWord("signature") || word.isWord("accesskey") || word.isWord("passwords") || endsAsSecret(word)
        case 10: word.isWord("credential") || word.isWord("privatekey") || endsAsSecret(word)
        case 11: word.isWord("credentials") || endsAsSecret(word)
        case 13: word.isWord("authorization") || endsAsSecret(word)
        default: word.count > 7 && endsAsSecret(word)
        }
    }

    /// Whether a word equals or ends with one that is often written without a separator: `csrfmiddlewaretoken`,
    /// `PHPSESSID`.
    @inline(__always)
    private static func endsAsSecret(_ word: UnsafeRawBufferPointer) -> Bool {
        switch word[word.count - 1] | 0x20 {
        case UInt8(ascii: "n"): word.ends(with: "token")
        case UInt8(ascii: "s"): word.ends(with: "tokens")
        case UInt8(ascii: "e"):
            word.ends(with: "cookie") || word.ends(with: "passcode") || word.ends(with: "passphrase")
        case UInt8(ascii: "t"): word.ends(with: "secret")
        case UInt8(ascii: "y"): word.ends(with: "apikey") || word.ends(with: "secretkey")
        case UInt8(ascii: "d"):
            word.ends(with: "password") || word.ends(with: "passwd") || word.ends(with: "sessid")
                || word.ends(with: "sessionid")
        default: false
        }
    }

    /// Words that make a `key` after them a secret. After other words, as in `routing-key` and
    /// `Sec-WebSocket-Key`, it is not.
    private static let kindsOfKeys: [StaticString] = [
        "api", "access", "private", "secret", "signing", "encryption", "shared", "account", "subscription", "function",
        "functions", "master", "session", "ssh", "hmac", "auth", "client", "license",
    ]

    /// Names that contain such a word, but only describe secrets: whether a browser may send them, how many are
    /// allowed, which kind one is.
    private static let exceptions: [StaticString] = [
        "token-type", "token_type", "cookie-needed", "cookie_needed", "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
    ]

    /// Names that are secrets in a query, but may mean anything elsewhere.
    private static let fieldsOnly: [StaticString] = ["key"]

    /// Whether the value of a header or key of this name is a secret.
    package static func contain(_ name: UnsafeRawBufferPointer) -> Bool {
        hasSecretWord(name) && !isException(name) || !KnownSecrets.isEmpty && KnownSecrets.contains(name: name)
    }

    /// Whether the value of a query field of this name is a secret.
    package static func contain(field name: UnsafeRawBufferPointer) -> Bool {
        if contain(name) || fieldsOnly.contains(where: { name.isWord($0) }) { return true }
        guard name.contains(UInt8(ascii: "%")), let decoded = PercentEncoding.decode(name, malformed: .stays) else {
            return false
        }
        return decoded.withUnsafeBytes { contain($0) }
    }

    /// Whether a header of this name is the session id, if the frame is CONNECTED.
    package static func isSessionHeader(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count == session.utf8CodeUnitCount
            && name.elementsEqual(UnsafeBufferPointer(start: session.utf8Start, count: session.utf8CodeUnitCount))
    }

    // MARK: -

    private static func isException(_ name: UnsafeRawBufferPointer) -> Bool {
        name.hasWord("access-control-", at: 0) || exceptions.contains { name.isWord($0) }
    }

    private static func hasSecretWord(_ name: UnsafeRawBufferPointer) -> Bool {
        // Words are checked both whole and split at camel case: `accessToken`, `JSESSIONID`, `PassCode`.
        var start = 0
        var part = 0
        var previous = 0..<0, previousPart = 0..<0
        for index in 0...name.count {
            let isEnd = index == name.count || !isWordByte(name[index])
            if index > part, isEnd || beginsWord(at: index, of: name) {
                if isSecret(part..<index, after: previousPart, of: name) { return true }
                previousPart = part..<index
                part = index
            }
            guard isEnd else { continue }
            if index > start {
                if previousPart != start..<index,
                    isSecret(start..<index, after: previous, of: name)
                {
                    return true
                }
                previous = start..<index
            }
            start = index + 1
            part = start
        }
        return false
    }

    /// Whether a word indicates a secret, by itself or together with the previous word.
    private static func isSecret(_ range: Range<Int>, after previous: Range<Int>, of name: UnsafeRawBufferPointer)
        -> Bool
    {
        var end = range.upperBound
        // `token2`, `oauth2`
        while end > range.lowerBound, isDigit(name[end - 1]) { end -= 1 }
        guard end > range.lowerBound + 1 else { return false }
        let word = UnsafeRawBufferPointer(rebasing: name[range.lowerBound..<end])
        if isSecret(word) { return true }
        guard !previous.isEmpty, word.isWord("key") || word.isWord("keys") else { return false }
        let kind = UnsafeRawBufferPointer(rebasing: name[previous])
        return kindsOfKeys.contains { kind.isWord($0) }
    }

    /// Whether a camel-case word starts at `index`: at `T` of `accessToken`, at `K` of `APIKey`.
    @inline(__always)
    private static func beginsWord(at index: Int, of name: UnsafeRawBufferPointer) -> Bool {
        guard isUppercase(name[index]) else { return false }
        if !isUppercase(name[index - 1]) { return true }
        return index + 1 < name.count && isLowercase(name[index + 1])
    }

    @inline(__always)
    private static func isWordByte(_ byte: UInt8) -> Bool {
        isLowercase(byte) || isUppercase(byte) || isDigit(byte) || byte >= 0x80
    }

    @inline(__always)
    private static func isLowercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    @inline(__always)
    private static func isUppercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// Values that are secrets under any name.
package enum SecretValues {
    /// Whether the value of a header or key is a secret: credentials of `Bearer` or `Basic`, or a JSON web token.
    package static func contain(_ value: UnsafeRawBufferPointer) -> Bool {
        let start = value.firstIndex { $0 != 0x20 && $0 != 0x09 } ?? value.count
        guard start < value.count else { return false }
        switch value[start] | 0x20 {
        case UInt8(ascii: "b"): return areCredentials(at: start, of: value)
        case UInt8(ascii: "e"): return token(at: start, of: value).isWhole
        default: return false
        }
    }

    /// Whether `Bearer TOKEN` or `Basic TOKEN` starts at `start` (RFC 9110, section 11.4). A challenge, such as
    /// `Basic realm="x"`, does not count.
    ///
    /// - Parameter isCut: whether more bytes may follow; possible credentials then count as credentials.
    static func areCredentials(at start: Int, of bytes: UnsafeRawBufferPointer, isCut: Bool = false) -> Bool {
        var index: Int
        if bytes.hasWord("bearer", at: start) {
            index = start + 6
        } else if bytes.hasWord("basic", at: start) {
            index = start + 5
        } else {
            return false
        }
        let gap = index
        while index < bytes.count {
            if " +\t".utf8.contains(bytes[index]) {
                index += 1
            } else if bytes.hasWord("%20", at: index) {
                index += 3
            } else {
                break
            }
        }
        guard index > gap else { return false }
        let name = bytes[index...].prefix { isTokenByte($0) || $0 == UInt8(ascii: "=") || "+/~".utf8.contains($0) }
        guard let equals = name.firstIndex(of: UInt8(ascii: "=")) else {
            return !name.isEmpty || isCut && index == bytes.count
        }
        // Padding ends the credentials; a parameter has a value.
        let after = equals + 1
        guard after < bytes.count else { return true }
        let value = bytes[after]
        let isQuoted = value == UInt8(ascii: "\"") || value == UInt8(ascii: "\\") && bytes.hasWord("\"", at: after + 1)
        return !isQuoted && !isTokenByte(value)
    }

    /// The JSON web token that starts at `start`: three base64url parts separated by dots, the first of which
    /// starts with `eyJ` (RFC 7515, section 7.1).
    static func token(at start: Int, of bytes: UnsafeRawBufferPointer) -> (range: Range<Int>, isWhole: Bool) {
        guard bytes.count >= start + 3, bytes[start] == UInt8(ascii: "e"), bytes[start + 1] == UInt8(ascii: "y"),
            bytes[start + 2] == UInt8(ascii: "J")
        else { return (start..<start, false) }
        let (end, dots) = endOfToken(from: start, of: bytes, dots: 0)
        return (start..<end, dots >= 2)
    }

    /// The end of a token that continues at `start`, and its number of dots, including the earlier `dots`.
    static func endOfToken(
        from start: Int, of bytes: UnsafeRawBufferPointer, dots: Int
    ) -> (end: Int, dots: Int) {
        var dots = dots
        var index = start
        while index < bytes.count, isTokenByte(bytes[index]) {
            if bytes[index] == UInt8(ascii: ".") { dots += 1 }
            index += 1
        }
        return (index, dots)
    }

    @inline(__always)
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

@inline(__always)
private func lowercase(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes at `start` equal `word`, which is in lower case, ignoring case.
    @inline(__always)
    func hasWord(_ word: StaticString, at start: Int) -> Bool {
        guard start >= 0, start + word.utf8CodeUnitCount <= count else { return false }
        for offset in 0..<word.utf8CodeUnitCount
        where lowercase(self[start + offset]) != word.utf8Start[offset] {
            return false
        }
        return true
    }

    /// Whether the bytes end with `word`, which is in lower case, ignoring case.
    @inline(__always)
    func ends(with word: StaticString) -> Bool { hasWord(word, at: count - word.utf8CodeUnitCount) }

    /// Whether the bytes equal `word`, which is in lower case, ignoring case.
    @inline(__always)
    func isWord(_ word: StaticString) -> Bool { count == word.utf8CodeUnitCount && hasWord(word, at: 0) }
}
