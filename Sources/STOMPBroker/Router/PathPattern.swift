/// A destination with wildcards, as Spring's simple broker matches them: `?` is one character and `*` any number of them
/// within a part between slashes, `**` any number of such parts.
struct PathPattern: Equatable {
    /// The longest pattern, and the longest destination that is matched, in bytes: what a match costs grows with both.
    static let longest = 255

    typealias Parts = [[Unicode.Scalar]]

    private let parts: Parts

    /// Nil where `destination` has no wildcard, or is too long to be a pattern.
    init?(_ destination: String) {
        let bytes = destination.utf8
        guard bytes.count <= Self.longest, bytes.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") })
        else { return nil }
        parts = Self.split(destination)
    }

    /// - Parameter destination: as ``parts(of:)`` gives it.
    func matches(_ destination: Parts) -> Bool {
        Self.matches(parts[...], destination[...], isWild: { $0 == ["*", "*"] }) {
            Self.matches($0[...], $1[...], isWild: { $0 == "*" }) { $0 == "?" || $0 == $1 }
        }
    }

    /// What patterns are compared with; nil where the destination is too long to be matched.
    static func parts(of destination: String) -> Parts? {
        destination.utf8.count <= longest ? split(destination) : nil
    }

    private static func split(_ destination: String) -> Parts {
        destination.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map(Array.init)
    }

    /// Greedily, going back to the last wildcard alone: the time is at most that of each element by each other.
    private static func matches<Element>(
        _ pattern: ArraySlice<Element>, _ name: ArraySlice<Element>, isWild: (Element) -> Bool,
        same: (Element, Element) -> Bool
    ) -> Bool {
        var (place, other) = (pattern.startIndex, name.startIndex)
        var retry: (place: Int, other: Int)?
        while other < name.endIndex {
            if place < pattern.endIndex, isWild(pattern[place]) {
                place += 1
                retry = (place, other)
            } else if place < pattern.endIndex, same(pattern[place], name[other]) {
                place += 1
                other += 1
            } else if let last = retry {
                (place, other) = (last.place, last.other + 1)
                retry = (place, other)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy(isWild)
    }
}
