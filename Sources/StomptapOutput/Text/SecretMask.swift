import STOMPCore
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

    /// Whether the value of a header or key of this name is hidden: it is one of ``SecretNames``.
    package func hides(_ name: UnsafeRawBufferPointer) -> Bool { !showsSecrets && SecretNames.contain(name) }

    /// Whether the value of a header is hidden, by its name or by what it is.
    ///
    /// - Parameter command: that of the frame, where it is one's.
    package func hides(
        _ value: UnsafeRawBufferPointer, of name: UnsafeRawBufferPointer, in command: Command? = nil
    ) -> Bool {
        guard !showsSecrets, !value.isEmpty else { return false }
        if SecretValues.contain(value) { return true }
        guard SecretNames.contain(name) else { return false }
        return command != .connected || !SecretNames.isSessionHeader(name)
    }

    package func hides(_ value: UnsafeRawBufferPointer, of name: String, in command: Command? = nil) -> Bool {
        var name = name
        return name.withUTF8 { hides(value, of: UnsafeRawBufferPointer($0), in: command) }
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
        guard !showsSecrets, let secrets = event.secrets else {
            return bytes.withUnsafeReadableBytes { covered($0) }
        }
        var result = Array(bytes.readableBytesView)
        for index in secrets.joined() { result[index] = UInt8(ascii: "*") }
        return result
    }

    private func masked(_ bytes: UnsafeRawBufferPointer, as kind: SecretSearch.TextKind) -> String {
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

extension SecretMask {
    /// Where secrets are in `bytes`.
    func secrets(in bytes: UnsafeRawBufferPointer, as kind: SecretSearch.TextKind) -> [Range<Int>] {
        showsSecrets ? [] : SecretSearch.ranges(in: bytes, as: kind)
    }

    /// `bytes` with asterisks for what ``KnownSecrets`` has; nil where nothing of it is there.
    func coveringKnown(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard !showsSecrets, !KnownSecrets.isEmpty else { return nil }
        let ranges = KnownSecrets.ranges(in: bytes)
        guard !ranges.isEmpty else { return nil }
        var result = Array(bytes)
        for index in ranges.joined() { result[index] = UInt8(ascii: "*") }
        return result
    }
}
