import STOMPTransport
import SystemC

/// How the time of a message is printed.
package enum TimestampStyle: String, Sendable, CaseIterable {
    /// `14:03:22.118`, in the local time zone.
    case local
    /// `14:03:22.118`, in UTC.
    case utc
    /// `+12.345`: seconds since the start of the output.
    case relative
    /// `+0.250`: seconds since the previous message.
    case delta
    case none
}

/// Formats timestamps; text that does not change from one message to the next is cached.
package struct Timestamps: Sendable {
    package let style: TimestampStyle
    private let start: Timestamp
    /// The timestamp of the time last given to ``advance(to:)``.
    package private(set) var text: [UInt8] = []
    private var latest: Timestamp?
    private var second = Int64.min
    private var clock: [UInt8] = []

    package init(_ style: TimestampStyle, start: Timestamp = .now()) {
        self.style = style
        self.start = start
    }

    /// Updates ``text`` to this time.
    package mutating func advance(to time: Timestamp) {
        defer { latest = time }
        if time == latest, style != .delta { return }
        text.removeAll(keepingCapacity: true)
        switch style {
        case .local, .utc:
            if time.seconds != second {
                second = time.seconds
                clock.removeAll(keepingCapacity: true)
                clock.appendClock(time.calendar(isLocal: style == .local))
            }
            text.append(contentsOf: clock)
            text.append(UInt8(ascii: "."))
            text.append(time.fraction / 1_000_000, digits: 3)
        case .relative: append(time.nanoseconds - start.nanoseconds)
        case .delta: append(time.nanoseconds - (latest ?? time).nanoseconds)
        case .none: break
        }
    }

    private mutating func append(_ nanoseconds: Int64) {
        // A clock that was set back gives a negative time, which the user should see.
        text.append(UInt8(ascii: nanoseconds < 0 ? "-" : "+"))
        let milliseconds = Int64(nanoseconds.magnitude / 1_000_000)
        text.append(milliseconds / 1000, digits: 1)
        text.append(UInt8(ascii: "."))
        text.append(milliseconds % 1000, digits: 3)
    }
}

/// Formats times such as `2026-11-21T05:03:22.118453Z` (ISO 8601, UTC, microseconds).
package struct ISOTime: Sendable {
    /// The text of the time last given to ``advance(to:)``.
    package private(set) var text: [UInt8] = []
    private var latest: Timestamp?
    private var second = Int64.min
    private var date: [UInt8] = []

    package init() {}

    package mutating func advance(to time: Timestamp) {
        guard time != latest else { return }
        latest = time
        if time.seconds != second {
            second = time.seconds
            let parts = time.calendar(isLocal: false)
            date.removeAll(keepingCapacity: true)
            date.append(Int64(parts.tm_year) + 1900, digits: 4)
            date.append(UInt8(ascii: "-"))
            date.append(Int64(parts.tm_mon) + 1, digits: 2)
            date.append(UInt8(ascii: "-"))
            date.append(Int64(parts.tm_mday), digits: 2)
            date.append(UInt8(ascii: "T"))
            date.appendClock(parts)
        }
        text.removeAll(keepingCapacity: true)
        text.append(contentsOf: date)
        text.append(UInt8(ascii: "."))
        text.append(time.fraction / 1000, digits: 6)
        text.append(UInt8(ascii: "Z"))
    }
}

extension Timestamp {
    /// Whole seconds, rounded down.
    package var seconds: Int64 { (nanoseconds - fraction) / 1_000_000_000 }

    /// The fraction of the second, in nanoseconds.
    package var fraction: Int64 {
        let rest = nanoseconds % 1_000_000_000
        return rest < 0 ? rest + 1_000_000_000 : rest
    }

    /// Year, day and time of day, in the local time zone or in UTC.
    package func calendar(isLocal: Bool) -> tm {
        var time = time_t(seconds)
        var parts = tm()
        if isLocal { localtime_r(&time, &parts) } else { gmtime_r(&time, &parts) }
        return parts
    }

    /// Parses the format of ``ISOTime``, with zero to nine digits of a second's fraction; nil if it is invalid.
    package init?(iso text: String) {
        let bytes = Array(text.utf8)
        let form = Array("0000-00-00T00:00:00".utf8)
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        guard bytes.count > form.count, bytes.last == UInt8(ascii: "Z"),
            zip(bytes, form).allSatisfy({ isDigit($1) ? isDigit($0) : $0 == $1 })
        else { return nil }
        func number(_ range: Range<Int>) -> Int32 { bytes[range].reduce(0) { $0 * 10 + Int32($1 - 0x30) } }
        var parts = tm()
        parts.tm_year = number(0..<4) - 1900
        parts.tm_mon = number(5..<7) - 1
        parts.tm_mday = number(8..<10)
        parts.tm_hour = number(11..<13)
        parts.tm_min = number(14..<16)
        parts.tm_sec = number(17..<19)
        var fraction = bytes[form.count...].dropLast()
        if !fraction.isEmpty, fraction.removeFirst() != UInt8(ascii: ".") { return nil }
        guard fraction.count <= 9, fraction.allSatisfy(isDigit) else { return nil }
        let digits = String(decoding: fraction, as: UTF8.self)
        let nanoseconds = Int64(digits + String(repeating: "0", count: 9 - digits.count)) ?? 0
        let seconds = Int64(timegm(&parts))
        // A 64-bit number of nanoseconds covers 292 years.
        guard abs(seconds) < 9_000_000_000 else { return nil }
        self.init(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
    }
}

extension [UInt8] {
    /// Appends `number`, which must not be negative, padded with zeros to `digits` digits.
    package mutating func append(_ number: Int64, digits: Int) {
        let text = String(number).utf8
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, digits - text.count)))
        append(contentsOf: text)
    }

    /// Appends a time of day: `14:03:22`.
    package mutating func appendClock(_ parts: tm) {
        append(Int64(parts.tm_hour), digits: 2)
        append(UInt8(ascii: ":"))
        append(Int64(parts.tm_min), digits: 2)
        append(UInt8(ascii: ":"))
        append(Int64(parts.tm_sec), digits: 2)
    }
}

/// Formats the dates of certificates, without a time zone database.
enum TLSDate {
    /// The UTC date and time, `2026-11-21 05:03:22 UTC`, for seconds since 1970.
    static func text(_ seconds: Int?) -> String {
        guard let seconds else { return "an unreadable date" }
        let days = seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400)
        let rest = seconds - days * 86400
        let (year, month, day) = civil(days)
        return "\(pad(year, 4))-\(pad(month))-\(pad(day)) "
            + "\(pad(rest / 3600)):\(pad(rest / 60 % 60)):\(pad(rest % 60)) UTC"
    }

    /// The distance of a time from now, in seconds, as text: `3 days ago`, `in 5 hours`.
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

    /// Year, month and day of the Gregorian calendar, `days` after 1970-01-01. The calculation starts years in
    /// March, so that the leap day is the last day of a year.
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
