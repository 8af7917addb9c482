/// A destination with wildcards, as in Spring's simple broker: `?` matches one character and `*` any number of
/// characters within a part between slashes; `**` matches any number of parts.
struct PathPattern: Equatable {
    /// The maximum length of a pattern, and of a destination to match, in bytes: the cost of a match grows with both.
    static let longest = 255

    typealias Parts = [[Unicode.Scalar]]

    private let parts: Parts

    /// Nil if `destination` has no wildcard, or is too long for a pattern.
    init?(_ destination: String) {
        let bytes = destination.utf8
        guard bytes.count <= Self.longest, bytes.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") })
        else { return nil }
        parts = Self.split(destination)
    }

    /// - Parameter destination: the result of ``parts(of:)``.
    func matches(_ destination: Parts) -> Bool {
        Self.matches(parts[...], destination[...], isWild: { $0 == ["*", "*"] }) {
            Self.matches($0[...], $1[...], isWild: { $0 == "*" }) { $0 == "?" || $0 == $1 }
        }
    }

    /// The parts to match with patterns; nil if the destination is too long.
    static func parts(of destination: String) -> Parts? {
        destination.utf8.count <= longest ? split(destination) : nil
    }

    private static func split(_ destination: String) -> Parts {
        destination.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map(Array.init)
    }

    /// Greedy matching that backtracks to the last wildcard only: the time is at most the product of both lengths.
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
