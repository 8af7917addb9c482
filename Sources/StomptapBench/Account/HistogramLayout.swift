/// Which values each count of a HdrHistogram stands for.
///
/// A bucket has 2^(half + 1) steps of equal size, of which only the upper half is counted in all buckets but the first;
/// each bucket's steps are twice as large as those of the one before.
struct HistogramLayout: Sendable, Equatable {
    /// The power of two of the smallest step.
    let unit: Int
    /// The power of two of half a bucket's steps.
    let half: Int

    static let ofLatencies = HistogramLayout(lowest: Latencies.lowest, digits: 3)

    /// - Parameters:
    ///   - lowest: the lowest value that is told from 0, from 1 on.
    ///   - digits: how many significant decimal digits are kept, from 0 to 5.
    init(lowest: UInt64, digits: Int) {
        unit = 63 - lowest.leadingZeroBitCount
        let steps = (0..<digits).reduce(2) { product, _ in product * 10 }
        half = max(1, Int.bitWidth - (steps - 1).leadingZeroBitCount) - 1
    }

    func index(of value: UInt64) -> Int {
        let first = UInt64(1) << UInt64(unit + half + 1)
        let bucket = 63 - (value | (first - 1)).leadingZeroBitCount - unit - half
        return bucket << half + Int(value >> UInt64(bucket + unit))
    }

    /// The highest value that is counted there; nil beyond 63 bits.
    func highestValue(at index: Int) -> UInt64? {
        let bucket = max(0, index >> half - 1)
        let step = index - bucket << half
        guard bucket + unit + half + 1 < 63 else { return nil }
        return UInt64(step + 1) << UInt64(bucket + unit) - 1
    }
}
