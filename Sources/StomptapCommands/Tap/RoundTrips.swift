import Histogram

/// How long RECEIPTs took, to two significant digits, from a microsecond to an hour.
struct RoundTrips: Sendable {
    private static let longest: UInt64 = 3600 * 1_000_000_000

    // Hundreds of these are kept: counts of 32 bits and two digits take a sixteenth of what `Latencies` does.
    private var histogram = Histogram<UInt32>(
        lowestDiscernibleValue: 1000, highestTrackableValue: longest, numberOfSignificantValueDigits: .two)
    private(set) var count = 0
    /// In nanoseconds, exact.
    private(set) var min = UInt64.max
    private(set) var max: UInt64 = 0

    mutating func record(_ nanoseconds: Int64) {
        let value = UInt64(clamping: nanoseconds)
        count += 1
        min = Swift.min(min, value)
        max = Swift.max(max, value)
        histogram.record(Swift.min(value, Self.longest))
    }

    /// What `percentile` percent of them did not exceed, in nanoseconds.
    func value(at percentile: Double) -> UInt64 {
        // A step of the histogram may end beyond what was measured.
        Swift.max(min, Swift.min(max, histogram.valueAtPercentile(percentile)))
    }
}
