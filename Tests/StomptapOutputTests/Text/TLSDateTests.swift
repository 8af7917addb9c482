import Testing

@testable import StomptapOutput

@Suite struct TLSDateTests {
    @Test(arguments: [
        (0, "1970-01-01 00:00:00 UTC"), (951_782_400, "2000-02-29 00:00:00 UTC"),
        (1_709_251_199, "2024-02-29 23:59:59 UTC"), (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        (-1, "1969-12-31 23:59:59 UTC"), (-62_135_596_800, "0001-01-01 00:00:00 UTC"),
        (253_402_300_799, "9999-12-31 23:59:59 UTC"),
    ]) func datesAreThoseOfTheCalendar(_ seconds: Int, _ text: String) {
        #expect(TLSDate.text(seconds) == text)
    }

    @Test func everyMonthOfFourCenturiesHasItsLength() {
        var (year, month, day) = (1970, 1, 1)
        for days in 0..<146_097 {
            if day == 1 || day > 27 {
                let expected = [year, month, day].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "-")
                #expect(TLSDate.text(days * 86400) == "\(expected) 00:00:00 UTC")
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    @Test(arguments: [
        (-1, "1 second ago"), (0, "in 0 seconds"), (119, "in 119 seconds"), (-120, "2 minutes ago"),
        (7200, "in 2 hours"), (-172_800, "2 days ago"), (-86400 * 729, "729 days ago"), (86400 * 800, "in 2 years"),
    ]) func distancesAreRounded(_ seconds: Int, _ text: String) {
        #expect(TLSDate.distance(seconds) == text)
    }
}
