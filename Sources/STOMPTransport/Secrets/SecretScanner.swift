/// A secret, or what may become one, that bytes end in, so that what follows them goes on with it.
struct OpenSecret: Sendable {
    enum Kind: Sendable {
        /// The value of a header, until its line ends.
        case line(isEscaped: Bool)
        /// The value of a field of a query.
        case field
        /// The value of a key of JSON, of which nothing has come.
        case jsonValue(level: Int)
        case string(level: Int)
        /// A number of JSON.
        case scalar
        case nested(NestedJSON)
        /// What is before the path of a URL.
        case userinfo(hasColon: Bool)
        /// A JSON web token.
        case token(dots: Int)
        /// One of ``KnownSecrets``, of which so many bytes have come.
        case known([UInt8], Int)
    }

    var kind: Kind
    /// How many bytes at the end are a piece of an escape, and are read again with those that follow.
    var unread: Int
}

/// Finds secrets in the bytes of one stream as they pass, however they are cut: a secret is hidden until it ends, which may
/// be many pieces later, in bounded memory.
///
/// Where a piece ends in what may become a secret, such as the port of a URL, that is hidden too.
package struct SecretScanner: Sendable {
    /// The most bytes that are kept of what went before: for a name, and the command of its frame.
    private static let context = 2048

    private var tail: [UInt8] = []
    private var isTrimmed = false
    private var open: OpenSecret?

    package init() {}

    /// Where secrets are in the next bytes of the stream.
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
            var (found, open) = (search.found, search.open)
            if !KnownSecrets.isEmpty {
                found = found.merged(with: KnownSecrets.ranges(in: all))
                if let (value, count) = KnownSecrets.beginning(at: all) {
                    found = found.merged(with: [all.count - count..<all.count])
                    if open == nil { open = OpenSecret(kind: .known(value, count), unread: 0) }
                }
            }
            return (found, open)
        }
        swap(&open, &next)
        found = found.compactMap { range in
            range.upperBound > base ? max(0, range.lowerBound - base)..<range.upperBound - base : nil
        }
        if tail.count > Self.context {
            tail.removeFirst(tail.count - Self.context)
            isTrimmed = true
        }
        return found
    }
}
