import STOMPTransport

/// What is hidden from prints and records: passcodes, credentials, cookies, tokens.
package struct SecretMask: Sendable, Hashable {
    /// What stands in the place of a secret.
    package static let cover = TypedSecrets.cover

    /// Whether secrets are shown all the same.
    package let showsSecrets: Bool

    /// Hides secrets.
    package static let hiding = SecretMask(showsSecrets: false)
    package static let none = SecretMask(showsSecrets: true)

    /// Whether the value of a header, or of a field in a query, of this name is hidden.
    ///
    /// It is wherever the name, in any case, holds a word for a secret: `Authorization`, `Set-Cookie`, `x-csrf-token`; and
    /// where ``KnownSecrets`` has it.
    package func hides(_ name: UnsafeRawBufferPointer) -> Bool {
        guard !showsSecrets else { return false }
        // The shortest word has five letters.
        for start in 0..<Swift.max(0, name.count - 4) where Self.secretBegins(at: start, of: name) {
            if !Self.onlyLooksSecret(name) { return true }
            break
        }
        return !KnownSecrets.isEmpty && KnownSecrets.contains(name: name)
    }

    /// Names that have a word for a secret, and say something about secrets of that kind: whether a browser may send them,
    /// how many there may be, what kind one is.
    private static func onlyLooksSecret(_ name: UnsafeRawBufferPointer) -> Bool {
        let whole: [StaticString] = [
            "token-type", "token_type", "cookie-needed", "cookie_needed", "x-ratelimit-limit-tokens",
            "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
        ]
        return name.hasWord("access-control-", at: 0)
            || whole.contains { $0.utf8CodeUnitCount == name.count && name.hasWord($0, at: 0) }
    }

    /// The words for secrets, by their first letters: this runs for each header of each message.
    @inline(__always)
    private static func secretBegins(at start: Int, of name: UnsafeRawBufferPointer) -> Bool {
        switch lowercase(name[start]) {
        case UInt8(ascii: "a"):
            name.hasWord("authorization", at: start) || name.hasWord("api-key", at: start)
                || name.hasWord("api_key", at: start) || name.hasWord("apikey", at: start)
        case UInt8(ascii: "c"): name.hasWord("cookie", at: start) || name.hasWord("credential", at: start)
        case UInt8(ascii: "p"):
            name.hasWord("passcode", at: start) || name.hasWord("password", at: start)
                || name.hasWord("passwd", at: start) || name.hasWord("passphrase", at: start)
        case UInt8(ascii: "s"): name.hasWord("secret", at: start)
        case UInt8(ascii: "t"): name.hasWord("token", at: start)
        default: false
        }
    }

    package func hides(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { hides(UnsafeRawBufferPointer($0)) }
    }

    /// `text` with the secrets of its URLs hidden: a sentence that quotes an address. In its words all from the login's
    /// colon to the last `@` is one, whatever stands there.
    package func masked(_ text: String) -> String {
        var text = text
        return text.withUTF8 { masked(UnsafeRawBufferPointer($0), as: .sentence) }
    }

    /// A text that a user typed and that was refused, as it may be shown: a URL, or what was meant as another argument.
    package func masked(typed text: String) -> String {
        guard !showsSecrets else { return text }
        let name = text.prefix { $0 != "=" && $0 != ":" && $0 != " " }
        // `passcode=...`, `Authorization Bearer ...`
        if name.endIndex != text.endIndex, hides(String(name)) { return "\(name)\(text[name.endIndex])\(Self.cover)" }
        return TypedSecrets.masked(text)
    }

    /// The head of an HTTP message with its secrets hidden, those of its headers too.
    package func masked(head bytes: UnsafeRawBufferPointer) -> String {
        masked(bytes, as: .wire)
    }

    /// The summary of something on the wire, which may quote it, with its secrets hidden.
    package func masked(summary: String) -> String {
        var summary = summary
        return summary.withUTF8 { masked(UnsafeRawBufferPointer($0), as: .wire) }
    }

    /// `bytes` with an asterisk for each byte of a secret, so that offsets stay true.
    package func covered(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var result = Array(bytes)
        for index in secrets(in: bytes, as: .wire).joined() { result[index] = UInt8(ascii: "*") }
        return result
    }

    /// The bytes of an event, covered, also where a secret began in what went before; nil where they must not be shown.
    package func covered(_ event: WireEvent) -> [UInt8]? {
        guard let bytes = event.shownBytes, showsSecrets || !event.isPiece else { return nil }
        guard !showsSecrets, var all = event.preceding, all.readableBytes > 0 else {
            return bytes.withUnsafeReadableBytes { covered($0) }
        }
        all.writeImmutableBuffer(bytes)
        return Array(all.withUnsafeReadableBytes { covered($0) }.suffix(bytes.readableBytes))
    }

    private func masked(_ bytes: UnsafeRawBufferPointer, as kind: TextKind) -> String {
        var result: [UInt8] = []
        var copied = 0
        for secret in secrets(in: bytes, as: kind) {
            result.append(contentsOf: bytes[copied..<secret.lowerBound])
            result.append(contentsOf: Self.cover.utf8)
            copied = secret.upperBound
        }
        result.append(contentsOf: bytes[copied...])
        return String(decoding: result, as: UTF8.self)
    }
}

@inline(__always)
private func lowercase(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

extension UnsafeRawBufferPointer {
    /// Whether `word`, which is in lower case, stands at `start` in any case.
    @inline(__always)
    func hasWord(_ word: StaticString, at start: Int) -> Bool {
        guard start + word.utf8CodeUnitCount <= count else { return false }
        for offset in 0..<word.utf8CodeUnitCount
        where lowercase(self[start + offset]) != word.utf8Start[offset] {
            return false
        }
        return true
    }
}
