import STOMPTransport
import StomptapOutput
import Testing

@testable import StomptapBench

struct HistogramLogTests {
    private func latencies(_ values: [(UInt64, UInt64)]) -> Latencies {
        var latencies = Latencies()
        for (value, count) in values { latencies.record(value, count: count) }
        return latencies
    }

    private func counts(_ latencies: Latencies) -> [ClosedRange<UInt64>: UInt64] {
        var counts: [ClosedRange<UInt64>: UInt64] = [:]
        latencies.forEachCount { _, values, count in counts[values] = count }
        return counts
    }

    @Test func percentilesHaveThreeDigits() throws {
        var latencies = Latencies()
        for value in 1...10_000 { latencies.record(Int64(value) * 1000) }
        for (percentile, expected) in [(50.0, 5e6), (90, 9e6), (99, 9.9e6), (99.9, 9.99e6), (100, 10e6)] {
            let value = try #require(latencies.value(at: percentile))
            #expect(abs(Double(value) - expected) <= expected / 1000)
        }
        let mean = try #require(latencies.mean)
        #expect(abs(mean - 5.0005e6) < 5e3)
        #expect(latencies.max == 10_000_000)
    }

    @Test func whatIsBeyondTheEndsCountsAsTheEnds() {
        var latencies = Latencies()
        latencies.record(Int64(-5))
        latencies.record(Int64.max)
        #expect(latencies.count == 2)
        #expect(latencies.min == 0)
        #expect(latencies.max == Latencies.highest)
    }

    @Test func nothingMeasuredHasNoFigures() {
        let latencies = Latencies()
        #expect(latencies.value(at: 50) == nil)
        #expect(latencies.mean == nil)
        #expect(counts(latencies).isEmpty)
    }

    @Test func indicesAndValuesAgree() throws {
        let layout = HistogramLayout.ofLatencies
        #expect(layout.unit == 9)
        #expect(layout.half == 10)
        for index in 0..<30_000 {
            let highest = try #require(layout.highestValue(at: index))
            #expect(layout.index(of: highest) == index)
            #expect(layout.index(of: highest + 1) == index + 1)
        }
    }

    @Test(
        arguments: [
            [], [(0, 1)], [(1, 1), (2000, 3)], [(512, 63), (1024, 64), (1536, 8191), (2048, 8192)],
            [(5_000_000, 1 << 20), (Latencies.highest, 1)], [(700, 1 << 62)],
        ] as [[(UInt64, UInt64)]])
    func whatIsEncodedIsReadAgain(values: [(UInt64, UInt64)]) {
        let latencies = latencies(values)
        var read = Latencies()
        #expect(HistogramEncoding.add(HistogramEncoding.encode(latencies), to: &read))
        #expect(counts(read) == counts(latencies))
    }

    /// Two latencies of 1 us and one of 5 us, byte by byte: counts of 2 at index 1 and of 1 at index 9.
    @Test func theEncodingIsThatOfTheSpecification() {
        let payload: [UInt8] =
            [0x1C, 0x84, 0x93, 0x13] + [0, 0, 0, 4] + [0, 0, 0, 0] + [0, 0, 0, 3]
            + [0, 0, 0, 0, 0, 0, 3, 0xE8] + [0, 0, 3, 0x46, 0x30, 0xB8, 0xA0, 0]
            + [0x3F, 0xF0, 0, 0, 0, 0, 0, 0] + [0, 4, 13, 2]
        let encoded = HistogramEncoding.encode(latencies([(1000, 2), (5000, 1)]))
        #expect(Array(encoded[0..<4]) == [0x1C, 0x84, 0x93, 0x14])
        #expect(encoded.bigEndian(at: 4, UInt32.self) == UInt32(encoded.count - 8))
        #expect(Zlib.inflated(Array(encoded[8...]), limit: 1000) == payload)
    }

    /// Made by another library: 100 latencies from 1 to 100 ms in steps of 1 ms, compressed with zlib.
    @Test func aLogOfAnotherToolIsRead() throws {
        var content = HistogramLog.Content()
        try content.add(
            """
            #[Histogram log format version 1.3]\r
            "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\r
            Tag=a,0.000,1.000,100.000,\(Self.foreign)\r
            """, name: "foreign")
        #expect(content.latencies.count == 100)
        let median = try #require(content.latencies.value(at: 50))
        #expect(abs(Double(median) - 50e6) < 50e3)
        #expect(!content.hasCounts)
    }

    private static let foreign =
        "HISTFAAAAF54nJNpmSzMwMBwkwECmKHUCyB2M9ixgMH+A0TkoBzTX36m1RxM59mZDrMwPWUGoefMTOeZmD4yoqDP"
        + "YPIqI1M5VlgJZ0UzWTNZkoCxicozSTPJArE0QRqXLABbuyjp"

    @Test func logsAddUp() throws {
        let start = Timestamp(nanoseconds: 1_795_273_200_123_000_000)
        let one = HistogramLog.Counts(
            sent: 10, received: 9, lost: 1, duplicated: 2, outOfOrder: 3, milliseconds: 2000)
        var content = HistogramLog.Content()
        for (latency, name) in [(1_000_000, "a"), (3_000_000, "b")] as [(UInt64, String)] {
            let log =
                HistogramLog.head(start: start)
                + HistogramLog.line(latencies([(latency, 5)]), start: 0, length: 1_000_000_000)
                + HistogramLog.line(latencies([(latency, 4)]), start: 1_000_000_000, length: 1_000_000_000)
                + HistogramLog.line(one)
            try content.add(log, name: name)
        }
        #expect(content.latencies.count == 18)
        #expect(content.hasCounts)
        #expect(content.counts.sent == 20)
        #expect(content.counts.lost == 2)
        #expect(content.counts.milliseconds == 2000)
        #expect(abs((content.latencies.mean ?? 0) - 2e6) < 2e3)
    }

    @Test func theLongestRunThatCanBeIsRead() throws {
        var content = HistogramLog.Content()
        try content.add("#[stomptap counts: sent=18446744073709551615 later=x = milliseconds=9223372036854]", name: "a")
        try content.add("#[stomptap counts: sent=1]", name: "b")
        #expect(content.counts == HistogramLog.Counts(sent: .max, milliseconds: 9_223_372_036_854))
    }

    @Test func theHeadIsWhatReadersLookFor() {
        let head = HistogramLog.head(start: Timestamp(nanoseconds: 1_795_273_200_123_000_000))
        #expect(head.contains("#[StartTime: 1795273200.123 (seconds since epoch), Sat Nov 21 15:00:00 2026 UTC]\n"))
        #expect(head.contains("#[BaseTime: 1795273200.123 (seconds since epoch)]\n"))
        let line = HistogramLog.line(latencies([(2_500_000, 1)]), start: 1_500_000_000, length: 1_001_000_000)
        #expect(line.hasPrefix("1.500,1.001,2.500,HISTFAAA"))
    }

    @Test(arguments: [
        "1,2,3", "1,2,3,HISTFAAA", "nonsense", "1,2,3,HISTFAAAAA!", "0,1,2,HISTIgAAAE",
        "#[stomptap counts: milliseconds=9223372036855]", "#[stomptap counts: sent=18446744073709551616]",
        "#[stomptap counts: sent=1 lost]",
    ])
    func anInvalidLineIsReported(line: String) {
        var content = HistogramLog.Content()
        let failure = #expect(throws: Failure.self) { try content.add("# a comment\n\(line)\n", name: "x.hdr") }
        #expect(failure?.status == .badInput)
        #expect(failure?.line == "x.hdr: not an HdrHistogram log (line 2)")
    }

    /// An invalid byte may only make a log unreadable.
    @Test func brokenEncodingsAreRefusedOrRead() {
        let good = HistogramEncoding.encode(latencies([(1000, 2), (5_000_000, 1), (80_000_000, 300)]))
        for index in good.indices {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var bad = good
                bad[index] = value
                var read = Latencies()
                _ = HistogramEncoding.add(bad, to: &read)
            }
            var read = Latencies()
            #expect(!HistogramEncoding.add(Array(good[..<index]), to: &read))
        }
    }
}
