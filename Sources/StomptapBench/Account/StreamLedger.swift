/// Which messages of one stream have come: exact, and in memory that grows only with the gaps between them.
struct StreamLedger: Sendable {
    /// How many gaps are kept; of more, the oldest is given up, and a message that comes into it counts as duplicated.
    static let mostGaps = 16384

    /// One above the highest sequence that came.
    private(set) var end: UInt64 = 0
    /// How many came, each counted once.
    private(set) var received: UInt64 = 0
    private(set) var duplicated: UInt64 = 0
    /// Whether a gap had to be given up, so that what is counted is no longer certain.
    private(set) var isExact = true
    /// What is missing below ``end``, in order.
    private var gaps: [Range<UInt64>] = []

    /// Counts a message; false where it had come before.
    ///
    /// - Parameter mostGaps: how many gaps may be kept now.
    mutating func take(_ sequence: UInt64, mostGaps: Int = Self.mostGaps) -> Bool {
        if sequence >= end {
            if sequence > end { gaps.append(end..<sequence) }
            giveUpOldest(beyond: mostGaps)
            end = sequence + 1
            received += 1
            return true
        }
        guard let index = gap(of: sequence) else {
            duplicated += 1
            return false
        }
        fill(sequence, in: index, mostGaps: mostGaps)
        received += 1
        return true
    }

    /// How many of the first `sent` have not come.
    func lost(of sent: UInt64) -> UInt64 {
        let missing = gaps.reduce(UInt64(0)) { sum, gap in
            let end = min(gap.upperBound, sent)
            return end > gap.lowerBound ? sum + (end - gap.lowerBound) : sum
        }
        return missing + givenUp + (sent > end ? sent - end : 0)
    }

    private var givenUp: UInt64 = 0

    private mutating func giveUpOldest(beyond mostGaps: Int) {
        guard gaps.count > mostGaps else { return }
        isExact = false
        let oldest = gaps.prefix(gaps.count - mostGaps)
        givenUp += oldest.reduce(0) { $0 + UInt64($1.count) }
        gaps.removeFirst(oldest.count)
    }

    private func gap(of sequence: UInt64) -> Int? {
        var low = 0
        var high = gaps.count
        while low < high {
            let middle = (low + high) / 2
            if gaps[middle].upperBound <= sequence { low = middle + 1 } else { high = middle }
        }
        return low < gaps.count && gaps[low].contains(sequence) ? low : nil
    }

    private mutating func fill(_ sequence: UInt64, in index: Int, mostGaps: Int) {
        let gap = gaps[index]
        let parts = [gap.lowerBound..<sequence, (sequence + 1)..<gap.upperBound].filter { !$0.isEmpty }
        gaps.replaceSubrange(index...index, with: parts)
        giveUpOldest(beyond: mostGaps)
    }
}
