/// What is hidden from prints and records: passcodes, credentials, cookies, tokens.
struct SecretMask: Sendable, Hashable {
    /// What stands in the place of a secret.
    static let cover = "****"

    /// Whether secrets are shown all the same.
    let showsSecrets: Bool

    /// Hides secrets.
    static let hiding = SecretMask(showsSecrets: false)
    static let none = SecretMask(showsSecrets: true)

    /// Whether the value of a header, or of a field in a query, of this name is hidden.
    ///
    /// It is wherever the name, in any case, holds a word for a secret: `Authorization`, `Set-Cookie`, `x-csrf-token`.
    func hides(_ name: UnsafeRawBufferPointer) -> Bool {
        guard !showsSecrets else { return false }
        for start in name.indices where Self.secretBegins(at: start, of: name) { return true }
        return false
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

    func hides(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { hides(UnsafeRawBufferPointer($0)) }
    }

    /// Names that hold a secret in a query, but may mean anything in a header.
    private static let secretFields: [StaticString] = ["auth", "jwt", "key", "pass", "pwd", "sig", "signature"]

    /// `text` with its secrets hidden: an HTTP head, a URL, a sentence that quotes one.
    func masked(_ text: String) -> String {
        var text = text
        return text.withUTF8 { utf8 in
            let octets = UnsafeRawBufferPointer(utf8)
            var result: [UInt8] = []
            var copied = 0
            for secret in secrets(in: octets) {
                result.append(contentsOf: octets[copied..<secret.lowerBound])
                result.append(contentsOf: Self.cover.utf8)
                copied = secret.upperBound
            }
            result.append(contentsOf: octets[copied...])
            return String(decoding: result, as: UTF8.self)
        }
    }

    /// `octets` with an asterisk for each octet of a secret, so that offsets stay true.
    func covered(_ octets: UnsafeRawBufferPointer) -> [UInt8] {
        var result = Array(octets)
        for index in secrets(in: octets).joined() { result[index] = UInt8(ascii: "*") }
        return result
    }

    // MARK: Finding secrets

    /// Where secrets stand in `octets`: in lines `name: value`, in queries `?name=value&name=value`, and before the `@`
    /// of a URL.
    func secrets(in octets: UnsafeRawBufferPointer) -> [Range<Int>] {
        guard !showsSecrets else { return [] }
        var found: [Range<Int>] = []
        var index = 0
        while index < octets.count {
            var secret: Range<Int>?
            switch octets[index] {
            case UInt8(ascii: ":"):
                secret = passcode(ofURL: octets, colon: index) ?? headerValue(in: octets, colon: index)
            case UInt8(ascii: "="): secret = fieldValue(in: octets, equals: index)
            default: break
            }
            if let secret, !secret.isEmpty {
                found.append(secret)
                index = secret.upperBound
            } else {
                index += 1
            }
        }
        return found
    }

    /// The passcode of `scheme://user:passcode@host`, where `colon` is that of the scheme.
    private func passcode(ofURL octets: UnsafeRawBufferPointer, colon: Int) -> Range<Int>? {
        let start = colon + 3
        guard start <= octets.count, octets[colon + 1] == UInt8(ascii: "/"), octets[colon + 2] == UInt8(ascii: "/")
        else { return nil }
        let authority = octets[start...].prefix { octet in
            octet > 0x20 && !"/?#\"'<>".utf8.contains(octet)
        }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
            let separator = authority[..<at].firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return (separator + 1)..<at
    }

    /// The value of a header line whose name ends at `colon`. In the JSON of SockJS, lines begin and end with `\n`.
    private func headerValue(in octets: UnsafeRawBufferPointer, colon: Int) -> Range<Int>? {
        var name = self.name(in: octets, endingAt: colon)
        let before = name.lowerBound > 0 ? octets[name.lowerBound - 1] : UInt8(ascii: "\n")
        let isEscaped = before == UInt8(ascii: "\\") && name.first.map { octets[$0] } == UInt8(ascii: "n")
        if isEscaped {
            name = name.dropFirst()
        } else if before != UInt8(ascii: "\n") {
            return nil
        }
        guard hides(UnsafeRawBufferPointer(rebasing: octets[name])) else { return nil }
        let start = octets[(colon + 1)...].prefix { $0 == UInt8(ascii: " ") }.endIndex
        var value = octets[start...].prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
        if value.last == UInt8(ascii: "\r") { value = value.dropLast() }
        return start..<(isEscaped ? endOfEscapedLine(value) : value.endIndex)
    }

    /// Where `value` ends before an escaped line end.
    private func endOfEscapedLine(_ value: Slice<UnsafeRawBufferPointer>) -> Int {
        var index = value.startIndex
        while index < value.endIndex {
            guard value[index] == UInt8(ascii: "\\"), index + 1 < value.endIndex else {
                index += 1
                continue
            }
            if value[index + 1] == UInt8(ascii: "n") || value[index + 1] == UInt8(ascii: "r") { return index }
            index += 2
        }
        return value.endIndex
    }

    /// The value of a field in a query, whose name ends at `equals`.
    private func fieldValue(in octets: UnsafeRawBufferPointer, equals: Int) -> Range<Int>? {
        let range = name(in: octets, endingAt: equals)
        guard range.lowerBound > 0, "?&#".utf8.contains(octets[range.lowerBound - 1]) else { return nil }
        let name = UnsafeRawBufferPointer(rebasing: octets[range])
        guard
            hides(name)
                || Self.secretFields.contains(where: { $0.utf8CodeUnitCount == name.count && name.hasWord($0, at: 0) })
        else { return nil }
        let value = octets[(equals + 1)...].prefix { octet in
            octet > 0x20 && !"&#\"'<>;,".utf8.contains(octet)
        }
        return value.indices
    }

    private func name(in octets: UnsafeRawBufferPointer, endingAt end: Int) -> Range<Int> {
        var start = end
        while start > 0, isNameOctet(octets[start - 1]) { start -= 1 }
        return start..<end
    }

    private func isNameOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

@inline(__always)
private func lowercase(_ octet: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(octet) ? octet | 0x20 : octet
}

extension UnsafeRawBufferPointer {
    /// Whether `word`, which is in lower case, stands at `start` in any case.
    @inline(__always)
    fileprivate func hasWord(_ word: StaticString, at start: Int) -> Bool {
        guard start + word.utf8CodeUnitCount <= count else { return false }
        for offset in 0..<word.utf8CodeUnitCount
        where lowercase(self[start + offset]) != word.utf8Start[offset] {
            return false
        }
        return true
    }
}
