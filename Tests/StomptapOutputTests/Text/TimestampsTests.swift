import Foundation
import OutputFixtures
import STOMPTransport
import Testing

@testable import StomptapOutput

@Suite struct TimestampsTests {
    private func texts(_ style: TimestampStyle, _ offsets: [Int64]) -> [String] {
        var timestamps = Timestamps(style, start: sampleTime)
        return offsets.map { offset in
            timestamps.advance(to: Timestamp(nanoseconds: sampleTime.nanoseconds + offset * 1_000_000))
            return String(decoding: timestamps.text, as: UTF8.self)
        }
    }

    @Test func utcShowsMilliseconds() {
        #expect(
            texts(.utc, [0, 881, 882, 0, 3_600_000]) == [
                "05:03:22.118", "05:03:22.999", "05:03:23.000", "05:03:22.118", "06:03:22.118",
            ])
    }

    @Test func localIsTheZoneOfThisMachine() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "HH:mm:ss"
        let date = Date(timeIntervalSince1970: TimeInterval(sampleTime.seconds))
        #expect(texts(.local, [0]) == [formatter.string(from: date) + ".118"])
    }

    @Test func relativeCountsFromTheStart() {
        #expect(texts(.relative, [0, 7, 12_345, -500]) == ["+0.000", "+0.007", "+12.345", "-0.500"])
    }

    @Test func deltaCountsFromTheMessageBefore() {
        #expect(texts(.delta, [100, 100, 350, 349, 61_349]) == ["+0.000", "+0.000", "+0.250", "-0.001", "+61.000"])
    }

    @Test func noneIsEmpty() {
        #expect(texts(.none, [0, 5]) == ["", ""])
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (1_709_164_800_000_000_999, "2024-02-29T00:00:00.000000Z"),
    ])
    func isoTimes(nanoseconds: Int64, expected: String) {
        var time = ISOTime()
        time.advance(to: Timestamp(nanoseconds: nanoseconds))
        #expect(String(decoding: time.text, as: UTF8.self) == expected)
    }

    @Test func theClockOfThisMachineIsRead() {
        #expect(abs(Double(Timestamp.now().nanoseconds) / 1e9 - Date().timeIntervalSince1970) < 5)
    }
}
