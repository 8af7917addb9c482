import STOMPTransport

/// How the time of a message is shown.
package enum TimestampStyle: String, Sendable, CaseIterable {
    /// `14:03:22.118`, in the zone of this machine.
    case local
    /// `14:03:22.118`, in UTC.
    case utc
    /// `+12.345`: seconds since the program began to print.
    case relative
    /// `+0.250`: seconds since the message before.
    case delta
    case none
}

/// Makes the text of timestamps; what does not change from one message to the next is kept.
package struct Timestamps: Sendable {
    package let style: TimestampStyle
    private let start: Timestamp
    /// The timestamp of the message that ``advance(to:)`` told of last.
    package private(set) var text: [UInt8] = []
    private var latest: Timestamp?
    private var second = Int64.min
    private var clock: [UInt8] = []

    package init(_ style: TimestampStyle, start: Timestamp = .now()) {
        self.style = style
        self.start = start
    }

    /// Goes on to a message of this time.
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
        // A clock that was set back gives a negative time, which is worth seeing.
        text.append(UInt8(ascii: nanoseconds < 0 ? "-" : "+"))
        let milliseconds = Int64(nanoseconds.magnitude / 1_000_000)
        text.append(milliseconds / 1000, digits: 1)
        text.append(UInt8(ascii: "."))
        text.append(milliseconds % 1000, digits: 3)
    }
}

/// Makes times such as `2026-11-21T05:03:22.118453Z` (ISO 8601, UTC, microseconds).
package struct ISOTime: Sendable {
    /// The text of the time that ``advance(to:)`` told of last.
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
