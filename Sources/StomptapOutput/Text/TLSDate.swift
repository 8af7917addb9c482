/// Moments as people write them, without a time zone's help.
enum TLSDate {
    /// `2026-11-21 05:03:22 UTC`, for seconds since 1970.
    static func text(_ seconds: Int?) -> String {
        guard let seconds else { return "an unreadable date" }
        let days = seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400)
        let rest = seconds - days * 86400
        let (year, month, day) = civil(days)
        return "\(pad(year, 4))-\(pad(month))-\(pad(day)) "
            + "\(pad(rest / 3600)):\(pad(rest / 60 % 60)):\(pad(rest % 60)) UTC"
    }

    /// `3 days ago`, `in 5 hours`, for a moment that is so many seconds after now.
    static func distance(_ seconds: Int) -> String {
        let size = abs(seconds)
        let (count, unit) =
            switch size {
            case ..<120: (size, "second")
            case ..<7200: (size / 60, "minute")
            case ..<172_800: (size / 3600, "hour")
            case ..<63_072_000: (size / 86400, "day")
            default: (size / 31_557_600, "year")
            }
        let span = "\(count) \(unit)\(count == 1 ? "" : "s")"
        return seconds < 0 ? "\(span) ago" : "in \(span)"
    }

    private static func pad(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Year, month and day of the Gregorian calendar, `days` after 1970-01-01. The year is taken to begin in March, so
    /// that the leap day is its last.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let sinceMarch0000 = days + 719_468
        let era = (sinceMarch0000 >= 0 ? sinceMarch0000 : sinceMarch0000 - 146_096) / 146_097
        let dayOfEra = sinceMarch0000 - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}
