/// A secret, or a possible secret, that is incomplete at the end of the bytes and continues in the next ones.
struct OpenSecret: Sendable {
    enum Kind: Sendable {
        /// The value of a header, until its line ends.
        case line(isEscaped: Bool)
        /// The value of a query field.
        case field
        /// The value of a JSON key, before its first byte is received.
        case jsonValue(level: Int)
        case string(level: Int)
        /// A JSON number.
        case scalar
        case nested(NestedJSON)
        /// The part of a URL before its path.
        case userinfo(hasColon: Bool)
        /// A JSON web token.
        case token(dots: Int)
    }

    var kind: Kind
    /// The number of bytes at the end that are part of an escape; they are read again with the next ones.
    var unread: Int
}

/// Finds secrets in a stream of bytes, whatever pieces it arrives in. A secret is hidden until it ends, which may
/// be many pieces later, in bounded memory.
///
/// If a piece ends inside a possible secret, such as the port of a URL, that is hidden too.
package struct SecretScanner: Sendable {
    /// The maximum number of earlier bytes kept: for a name, and for the command of its frame.
    private static let context = 2048

    private var tail: [UInt8] = []
    private var isTrimmed = false
    private var open: OpenSecret?

    package init() {}

    /// The ranges of secrets in the next bytes of the stream.
    package mutating func secrets(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        let base = tail.count
        tail.append(contentsOf: bytes)
        var (found, next) = tail.withUnsafeBytes { all in
            var search = SecretSearch(all, as: .wire, isCut: true, startsLine: !isTrimmed)
            if let open {
                search.resume(open.kind, from: max(0, base - open.unread))
            } else {
                search.run(from: 0)
            }
            var found = search.found
            if !KnownSecrets.isEmpty {
                // A value that is cut here is found again when more of it is there: all of it is kept until then.
                // It must not count as open: only the bytes that follow show whether it is that value at all.
                let cut = KnownSecrets.beginning(at: all)
                found = found.merged(with: KnownSecrets.ranges(in: all))
                if cut > 0 { found = found.merged(with: [all.count - cut..<all.count]) }
            }
            return (found, search.open)
        }
        swap(&open, &next)
        found = found.compactMap { range in
            range.upperBound > base ? max(0, range.lowerBound - base)..<range.upperBound - base : nil
        }
        let kept = max(Self.context, KnownSecrets.longest)
        if tail.count > kept {
            tail.removeFirst(tail.count - kept)
            isTrimmed = true
        }
        return found
    }
}
