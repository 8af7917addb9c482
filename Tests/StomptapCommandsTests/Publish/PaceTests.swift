import NIOCore
import STOMPTransport
import StomptapRuntime
import Testing

@testable import StomptapCommands

struct PaceTests {
    private static let second = 1_000_000_000

    /// The times at which messages are sent, in nanoseconds, if the program checks once per `step`.
    private func times(
        _ pace: Pace, messages: Int, every step: Int = 1_000_000, stalls: [Range<Int>] = []
    ) -> [Int] {
        var pace = pace
        var times: [Int] = []
        var now = 0
        while times.count < messages {
            if let stall = stalls.first(where: { $0.contains(now) }) { now = stall.upperBound }
            while times.count < messages,
                pace.wait(recordedAt: nil, now: .uptimeNanoseconds(UInt64(Self.second + now))) == nil
            {
                times.append(now)
            }
            now += step
        }
        return times
    }

    /// The highest number of messages sent within a window of this length.
    private func most(_ times: [Int], within window: Int) -> Int {
        var most = 0
        var start = 0
        for (index, time) in times.enumerated() {
            while times[start] + window <= time { start += 1 }
            most = max(most, index - start + 1)
        }
        return most
    }

    @Test(arguments: [10.0, 1000, 30_000])
    func aRateIsKeptEvenly(rate: Double) {
        let times = times(.rate(rate), messages: Int(rate) * 3)
        #expect(abs(Double(times[times.count - 1]) / 1e9 - 3) < 0.11)
        // In a tenth of a second, at most 20 % more messages than the rate allows, or 2.
        #expect(Double(most(times, within: Self.second / 10)) <= max(2, rate / 10 * 1.2))
    }

    @Test func aDelayIsMadeUpForWithoutABurst() {
        let stall = (Self.second)..<(Self.second + Self.second / 2)
        let times = times(.rate(100), messages: 500, stalls: [stall])
        #expect(abs(times[499] - 5 * Self.second) < Self.second / 20)
        #expect(most(times, within: Self.second / 10) <= 23)
    }

    @Test func aLongDelayIsForgone() {
        let stall = (Self.second)..<(11 * Self.second)
        let times = times(.rate(100), messages: 500, stalls: [stall])
        #expect(times[499] > 13 * Self.second)
        #expect(most(times, within: Self.second / 10) <= 23)
    }

    @Test func anIntervalIsNeverShorter() {
        let times = times(
            .interval(.milliseconds(100)), messages: 30, every: 7_000_000, stalls: [350_000_000..<900_000_000])
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= 90_000_000 })
        #expect(times[2] < 250_000_000)
    }

    @Test func recordedTimesAreKept() {
        var pace = Pace(.recorded(speed: 2))
        func wait(_ recorded: Int64, _ now: UInt64) -> TimeAmount? {
            pace.wait(recordedAt: Timestamp(nanoseconds: recorded), now: .uptimeNanoseconds(1000 + now))
        }
        #expect(wait(5_000_000_000, 0) == nil)
        #expect(wait(7_000_000_000, 10) == .nanoseconds(999_999_990))
        #expect(wait(7_000_000_000, 1_000_000_000) == nil)
        // The recorded clock was set back.
        #expect(wait(1_000_000_000, 1_000_000_001) == nil)
        #expect(wait(.max, 1_000_000_001) != nil)
        #expect(wait(.min, 1_000_000_001) == nil)
    }

    @Test(
        arguments: [("10", 10), ("10/s", 10), ("2k/s", 2000), ("1.5M/s", 1_500_000), ("30/m", 0.5), ("0.5/s", 0.5)]
            as [(String, Double)])
    func ratesAreRead(text: String, perSecond: Double) throws {
        #expect(try RateArgument(text).perSecond == perSecond)
    }

    @Test(arguments: ["", "/s", "-1/s", "1/h", "x", "1e3", "0", "nan", "k", "1..2"])
    func invalidRatesAreRejected(text: String) {
        #expect(throws: (any Error).self) { try RateArgument(text) }
    }
}
