import STOMPTransport

/// Finding secrets in bytes of which no more is known than that they may be HTTP, STOMP or a sentence.
extension SecretMask {
    /// Names that hold a secret in a query, but may mean anything in a header.
    private static let secretFields: [StaticString] = ["auth", "jwt", "key", "pass", "pwd", "sig", "signature"]

    /// What bytes are.
    enum TextKind {
        /// A line for a person, which may quote what was typed wrongly.
        case sentence
        /// What passes, or tells of it: URLs are as they should be, and lines `name: value` are headers.
        case wire
    }

    /// Where secrets stand in `bytes`: in queries `?name=value&name=value`, before the `@` of a URL, and on the wire in
    /// headers; and what ``KnownSecrets`` has, wherever it stands.
    func secrets(in bytes: UnsafeRawBufferPointer, as kind: TextKind) -> [Range<Int>] {
        guard !showsSecrets else { return [] }
        var found: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            var secret: Range<Int>?
            switch bytes[index] {
            case UInt8(ascii: ":"):
                secret =
                    kind == .wire
                    ? headerValue(in: bytes, colon: index) ?? passcode(ofURL: bytes, colon: index)
                    : passcode(ofWord: bytes, colon: index, after: found.last?.upperBound ?? 0)
            case UInt8(ascii: "="): secret = fieldValue(in: bytes, equals: index)
            default: break
            }
            if let secret, !secret.isEmpty {
                found.append(secret)
                index = secret.upperBound
            } else {
                index += 1
            }
        }
        return KnownSecrets.isEmpty ? found : found.merged(with: KnownSecrets.ranges(in: bytes))
    }

    /// `bytes` with asterisks for what ``KnownSecrets`` has; nil where nothing of it stands there.
    func coveringKnown(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard !showsSecrets, !KnownSecrets.isEmpty else { return nil }
        let ranges = KnownSecrets.ranges(in: bytes)
        guard !ranges.isEmpty else { return nil }
        var result = Array(bytes)
        for index in ranges.joined() { result[index] = UInt8(ascii: "*") }
        return result
    }

    /// The passcode of `scheme://user:passcode@host`, where `colon` is that of the scheme.
    private func passcode(ofURL bytes: UnsafeRawBufferPointer, colon: Int) -> Range<Int>? {
        let start = colon + 3
        guard start <= bytes.count, bytes[colon + 1] == UInt8(ascii: "/"), bytes[colon + 2] == UInt8(ascii: "/")
        else { return nil }
        let authority = bytes[start...].prefix { byte in
            byte > 0x20 && !"/?#\"<>".utf8.contains(byte)
        }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
            let separator = authority[..<at].firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return (separator + 1)..<at
    }

    /// The passcode in the word around `colon`, the first in it, or that of a scheme.
    private func passcode(ofWord bytes: UnsafeRawBufferPointer, colon: Int, after end: Int) -> Range<Int>? {
        var start = colon
        while start > end, isNameByte(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: "+") { start -= 1 }
        let isURL = bytes[colon...].dropFirst().prefix(2).elementsEqual("//".utf8)
        // A name and a colon may be anything, in the midst of what may be anything.
        guard
            isURL
                || start < colon
                    && (start == 0 || bytes[start - 1] <= 0x20 || "\"'(,".utf8.contains(bytes[start - 1]))
        else { return nil }
        let word = bytes[start...].prefix { $0 > 0x20 }
        guard let url = TypedSecrets.parts(of: word).first else { return nil }
        return TypedSecrets.passcode(in: bytes[url])
    }

    /// The value of a header line whose name ends at `colon`. In the JSON of SockJS, lines begin and end with `\n`.
    private func headerValue(in bytes: UnsafeRawBufferPointer, colon: Int) -> Range<Int>? {
        var name = self.name(in: bytes, endingAt: colon)
        let before = name.lowerBound > 0 ? bytes[name.lowerBound - 1] : UInt8(ascii: "\n")
        let isEscaped = before == UInt8(ascii: "\\") && name.first.map { bytes[$0] } == UInt8(ascii: "n")
        if isEscaped {
            name = name.dropFirst()
        } else if before != UInt8(ascii: "\n") {
            return nil
        }
        guard hides(UnsafeRawBufferPointer(rebasing: bytes[name])) else { return nil }
        let start = bytes[(colon + 1)...].prefix { $0 == UInt8(ascii: " ") }.endIndex
        return start..<endOfLine(in: bytes, from: start, isEscaped: isEscaped)
    }

    /// Where the line that holds `start` ends; an escaped one may end in `\n` or `\r` spelt out.
    private func endOfLine(in bytes: UnsafeRawBufferPointer, from start: Int, isEscaped: Bool) -> Int {
        var index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n"), bytes[index] != 0 {
            if isEscaped, bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count {
                if bytes[index + 1] == UInt8(ascii: "n") || bytes[index + 1] == UInt8(ascii: "r") { return index }
                index += 1
            }
            index += 1
        }
        index = min(index, bytes.count)
        return index > start && bytes[index - 1] == UInt8(ascii: "\r") ? index - 1 : index
    }

    /// The value of a field in a query, whose name ends at `equals`.
    private func fieldValue(in bytes: UnsafeRawBufferPointer, equals: Int) -> Range<Int>? {
        let range = name(in: bytes, endingAt: equals)
        guard range.lowerBound > 0, "?&#".utf8.contains(bytes[range.lowerBound - 1]) else { return nil }
        let name = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard
            hides(name)
                || Self.secretFields.contains(where: { $0.utf8CodeUnitCount == name.count && name.hasWord($0, at: 0) })
        else { return nil }
        var value = bytes[(equals + 1)...].prefix { byte in byte > 0x20 && !"&#\"<>".utf8.contains(byte) }
        if let url = TypedSecrets.parts(of: value).first { value = value[url] }
        // What ends a clause of a sentence stays.
        while let last = value.last, "';:,.)\\".utf8.contains(last) { value = value.dropLast() }
        return value.indices
    }

    private func name(in bytes: UnsafeRawBufferPointer, endingAt end: Int) -> Range<Int> {
        var start = end
        while start > 0, isNameByte(bytes[start - 1]) { start -= 1 }
        return start..<end
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
