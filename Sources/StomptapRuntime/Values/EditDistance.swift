/// The edit distance between words, for suggestions.
package enum EditDistance {
    /// Returns the candidate that `word` was probably meant to be: the one with the fewest letters deleted,
    /// inserted, replaced or swapped with a neighbour. Nil if all candidates differ too much.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        // Longer words are unlikely typos, and the table is quadratic.
        guard word.count <= 32 else { return nil }
        let distances = candidates.map { (name: $0, distance: between(word, $0)) }
        let allowed = min(2, max(1, word.count / 3))
        return distances.filter { $0.distance <= allowed && $0.distance < $0.name.count }
            .min { $0.distance < $1.distance }?.name
    }

    /// Returns the number of such edits between two words.
    package static func between(_ left: String, _ right: String) -> Int {
        let left = Array(left), right = Array(right)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let isSame = left[row] == right[column]
                var best = min(last[column + 1] + 1, current[column] + 1, last[column] + (isSame ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
