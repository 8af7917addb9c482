import NIOCore
import SystemC

/// A time of the system clock.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Nanoseconds since 1970-01-01 00:00:00 UTC.
    public var nanoseconds: Int64

    /// The time this many nanoseconds after 1970-01-01 00:00:00 UTC.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The current time.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Whether a time is before another.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// The duration for display, rounded: `5 s`, `1.5 s`, `250 ms`.
    package var readable: String { TimeAmount(self).readable }

    /// In nanoseconds; a longer duration than fits becomes the longest one, about 292 years.
    package var nanoseconds: Int64 { TimeAmount(self).nanoseconds }
}

extension TimeAmount {
    /// The duration for display, rounded: `5 s`, `1.5 s`, `250 ms`.
    package var readable: String {
        let milliseconds = max(0, nanoseconds + 500_000) / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
