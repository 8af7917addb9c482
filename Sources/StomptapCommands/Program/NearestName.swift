/// What somebody may have meant who mistyped a name.
enum NearestName {
    /// The name that takes the fewest changes of a letter to be reached; nil where none is near enough to be meant.
    static func of(_ text: String, among names: some Sequence<String>) -> String? {
        let most = max(1, min(3, text.count / 3))
        let best = names.map { (name: $0, distance: distance(Array(text.lowercased()), Array($0.lowercased()))) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return best.flatMap { $0.distance <= most ? $0.name : nil }
    }

    /// How many letters must be put in, left out, replaced, or swapped with their neighbour.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        // The last three rows of the usual table.
        var before = [Int]()
        var above = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(above[column] + (letter == other ? 0 : 1), above[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, before[column - 1] + 1)
                }
                current.append(best)
            }
            (before, above) = (above, current)
        }
        return above[right.count]
    }
}
