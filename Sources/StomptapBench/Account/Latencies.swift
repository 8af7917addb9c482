import Histogram

/// Latencies in nanoseconds, to three significant digits, from a microsecond to an hour.
struct Latencies: Sendable {
    /// What is below it counts as less than a microsecond.
    static let lowest: UInt64 = 1000
    static let highest: UInt64 = 3600 * 1_000_000_000

    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: lowest, highestTrackableValue: highest, numberOfSignificantValueDigits: .three)

    var count: UInt64 { histogram.totalCount }
    /// In nanoseconds; 0 where there are none.
    var max: UInt64 { histogram.maxRecorded }

    /// Counts a latency. What is negative, as clocks that differ make it, counts as none; what is longer than an hour,
    /// as an hour.
    mutating func record(_ nanoseconds: Int64) {
        histogram.record(UInt64(Swift.min(Swift.max(nanoseconds, 0), Int64(Self.highest))))
    }

    mutating func record(_ nanoseconds: UInt64, count: UInt64) {
        histogram.record(Swift.min(nanoseconds, Self.highest), count: count)
    }

    mutating func add(_ other: Latencies) {
        histogram.add(other.histogram)
    }

    mutating func reset() {
        histogram.reset()
    }

    /// What `percentile` percent of the latencies did not exceed, in nanoseconds; nil where there are none.
    func value(at percentile: Double) -> UInt64? {
        count > 0 ? histogram.valueAtPercentile(percentile) : nil
    }

    /// In nanoseconds; nil where there are none.
    var min: UInt64? { count > 0 ? histogram.min : nil }

    /// In nanoseconds; nil where there are none.
    var mean: Double? {
        guard count > 0 else { return nil }
        var sum = 0.0
        forEachCount { _, values, count in
            sum += Double(count) * (Double(values.lowerBound) + Double(values.upperBound)) / 2
        }
        return sum / Double(count)
    }

    /// Tells each count that is not 0: where it stands, for which values, and how many.
    ///
    /// The histogram's own iterators add up all values in 64 bits, which a long run with long latencies would overflow.
    func forEachCount(_ body: (_ index: Int, _ values: ClosedRange<UInt64>, _ count: UInt64) -> Void) {
        guard count > 0 else { return }
        let layout = HistogramLayout.ofLatencies
        var lowest: UInt64 = 0
        for index in 0...layout.index(of: max) {
            guard let highest = layout.highestValue(at: index) else { return }
            let count = histogram.countForValue(lowest)
            if count > 0 { body(index, lowest...highest, count) }
            lowest = highest + 1
        }
    }

    /// How many latencies lie in a range of nanoseconds, as far as steps can tell.
    func count(in range: Range<UInt64>) -> UInt64 {
        var sum: UInt64 = 0
        forEachCount { _, values, count in
            if range.contains(values.lowerBound) { sum += count }
        }
        return sum
    }
}

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
