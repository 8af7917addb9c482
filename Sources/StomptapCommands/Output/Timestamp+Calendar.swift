import STOMPTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Timestamp {
    /// Whole seconds, rounded down.
    var seconds: Int64 { (nanoseconds - fraction) / 1_000_000_000 }

    /// What is left of the second, in nanoseconds.
    var fraction: Int64 {
        let rest = nanoseconds % 1_000_000_000
        return rest < 0 ? rest + 1_000_000_000 : rest
    }

    /// Year, day and time of day, in the zone of this machine or in UTC.
    func calendar(isLocal: Bool) -> tm {
        var time = time_t(seconds)
        var parts = tm()
        if isLocal { localtime_r(&time, &parts) } else { gmtime_r(&time, &parts) }
        return parts
    }
}

extension [UInt8] {
    /// Appends `number`, which is not negative, with zeros before it up to `digits` digits.
    mutating func append(_ number: Int64, digits: Int) {
        let text = String(number).utf8
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, digits - text.count)))
        append(contentsOf: text)
    }

    /// Appends `14:03:22`.
    mutating func appendClock(_ parts: tm) {
        append(Int64(parts.tm_hour), digits: 2)
        append(UInt8(ascii: ":"))
        append(Int64(parts.tm_min), digits: 2)
        append(UInt8(ascii: ":"))
        append(Int64(parts.tm_sec), digits: 2)
    }
}
