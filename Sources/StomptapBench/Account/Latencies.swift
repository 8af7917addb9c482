import Histogram

/// Latencies in nanoseconds, to three significant digits, from a microsecond to an hour.
struct Latencies: Sendable {
    /// Lower values count as less than a microsecond.
    static let lowest: UInt64 = 1000
    static let highest: UInt64 = 3600 * 1_000_000_000

    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: lowest, highestTrackableValue: highest, numberOfSignificantValueDigits: .three)

    var count: UInt64 { histogram.totalCount }
    /// In nanoseconds; 0 if there are no latencies.
    var max: UInt64 { histogram.maxRecorded }

    /// Counts a latency. A negative value, as caused by clocks that differ, counts as zero; more than an hour
    /// counts as an hour.
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

    /// The value that `percentile` percent of the latencies did not exceed, in nanoseconds; nil if there are none.
    func value(at percentile: Double) -> UInt64? {
        count > 0 ? histogram.valueAtPercentile(percentile) : nil
    }

    /// In nanoseconds; nil if there are no latencies.
    var min: UInt64? { count > 0 ? histogram.min : nil }

    /// In nanoseconds; nil if there are no latencies.
    var mean: Double? {
        guard count > 0 else { return nil }
        var sum = 0.0
        forEachCount { _, values, count in
            sum += Double(count) * (Double(values.lowerBound) + Double(values.upperBound)) / 2
        }
        return sum / Double(count)
    }

    /// Calls `body` for each count that is not 0, with its index, the range of its values, and the count.
    ///
    /// The histogram's own iterators sum up all values in 64 bits, which a long run with high latencies would
    /// overflow.
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

    /// The number of latencies in a range of nanoseconds, at the resolution of the histogram.
    func count(in range: Range<UInt64>) -> UInt64 {
        var sum: UInt64 = 0
        forEachCount { _, values, count in
            if range.contains(values.lowerBound) { sum += count }
        }
        return sum
    }
}

/// Maps the counts of an HdrHistogram to the values that they represent.
///
/// A bucket has 2^(half + 1) steps of equal size. In all buckets except the first only the upper half is used. The
/// steps of each bucket are twice as large as those of the previous one.
struct HistogramLayout: Sendable, Equatable {
    /// The size of the smallest step, as a power of two.
    let unit: Int
    /// Half the number of steps in a bucket, as a power of two.
    let half: Int

    static let ofLatencies = HistogramLayout(lowest: Latencies.lowest, digits: 3)

    /// - Parameters:
    ///   - lowest: the lowest value that can be distinguished from 0; at least 1.
    ///   - digits: the number of significant decimal digits, from 0 to 5.
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

    /// The highest value of the count at this index; nil above 63 bits.
    func highestValue(at index: Int) -> UInt64? {
        let bucket = max(0, index >> half - 1)
        let step = index - bucket << half
        guard bucket + unit + half + 1 < 63 else { return nil }
        return UInt64(step + 1) << UInt64(bucket + unit) - 1
    }
}
