import STOMPCore
import STOMPTransport

/// Which values are hidden in output and recordings: passcodes, credentials, cookies, tokens.
package struct SecretMask: Sendable, Hashable {
    /// The text that replaces a secret.
    package static let cover = TypedSecrets.cover

    /// Whether secrets are shown instead of hidden.
    package let showsSecrets: Bool

    /// Hides secrets.
    package static let hiding = SecretMask(showsSecrets: false)
    package static let none = SecretMask(showsSecrets: true)

    /// Whether the value of a header or key of this name is hidden: it is one of ``SecretNames``.
    package func hides(_ name: UnsafeRawBufferPointer) -> Bool { !showsSecrets && SecretNames.contain(name) }

    /// Whether the value of a header is hidden, by the header's name or by the value itself.
    ///
    /// - Parameter command: the frame's command, if the header is a frame's.
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

    /// Hides the secrets of URLs in `text`, a sentence that quotes an address. In each word, everything from the
    /// login's colon to the last `@` is hidden, whatever characters it contains.
    package func masked(_ text: String) -> String {
        var text = text
        return text.withUTF8 { masked(UnsafeRawBufferPointer($0), as: .sentence) }
    }

    /// Hides secrets in an argument that was rejected: a URL, or a value that was meant for another argument.
    package func masked(typed text: String) -> String {
        guard !showsSecrets else { return text }
        let name = text.prefix { $0 != "=" && $0 != ":" && $0 != " " }
        // `passcode=...`, `Authorization Bearer ...`
        if name.endIndex != text.endIndex, hides(String(name)) { return "\(name)\(text[name.endIndex])\(Self.cover)" }
        return TypedSecrets.masked(text)
    }

    /// Hides secrets in the head of an HTTP message, including those in its headers.
    package func masked(head bytes: UnsafeRawBufferPointer) -> String {
        masked(bytes, as: .wire)
    }

    /// Hides secrets in the summary of a wire event, which may quote the event.
    package func masked(summary: String) -> String {
        var summary = summary
        return summary.withUTF8 { masked(UnsafeRawBufferPointer($0), as: .wire) }
    }

    /// Returns `bytes` with each byte of a secret replaced by an asterisk, so that offsets stay correct.
    package func covered(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var result = Array(bytes)
        for index in secrets(in: bytes, as: .wire).joined() { result[index] = UInt8(ascii: "*") }
        return result
    }

    /// The bytes of an event with secrets covered, including a secret that began in an earlier event; nil if they
    /// must not be shown.
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
    /// The positions of secrets in `bytes`.
    func secrets(in bytes: UnsafeRawBufferPointer, as kind: SecretSearch.TextKind) -> [Range<Int>] {
        showsSecrets ? [] : SecretSearch.ranges(in: bytes, as: kind)
    }

    /// Returns `bytes` with all ``KnownSecrets`` replaced by asterisks; nil if there are none.
    func coveringKnown(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard !showsSecrets, !KnownSecrets.isEmpty else { return nil }
        let ranges = KnownSecrets.ranges(in: bytes)
        guard !ranges.isEmpty else { return nil }
        var result = Array(bytes)
        for index in ranges.joined() { result[index] = UInt8(ascii: "*") }
        return result
    }
}
