import STOMPTransport
import SystemC

extension Timestamp {
    /// Whole seconds, rounded down.
    package var seconds: Int64 { (nanoseconds - fraction) / 1_000_000_000 }

    /// What is left of the second, in nanoseconds.
    package var fraction: Int64 {
        let rest = nanoseconds % 1_000_000_000
        return rest < 0 ? rest + 1_000_000_000 : rest
    }

    /// Year, day and time of day, in the zone of this machine or in UTC.
    package func calendar(isLocal: Bool) -> tm {
        var time = time_t(seconds)
        var parts = tm()
        if isLocal { localtime_r(&time, &parts) } else { gmtime_r(&time, &parts) }
        return parts
    }

    /// Reads what ``ISOTime`` writes, with none to nine digits of a second's fraction; nil where it is something else.
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
        // Sixty-four bits of nanoseconds last for 292 years.
        guard abs(seconds) < 9_000_000_000 else { return nil }
        self.init(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
    }
}

extension [UInt8] {
    /// Appends `number`, which is not negative, with zeros before it up to `digits` digits.
    package mutating func append(_ number: Int64, digits: Int) {
        let text = String(number).utf8
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, digits - text.count)))
        append(contentsOf: text)
    }

    /// Appends `14:03:22`.
    package mutating func appendClock(_ parts: tm) {
        append(Int64(parts.tm_hour), digits: 2)
        append(UInt8(ascii: ":"))
        append(Int64(parts.tm_min), digits: 2)
        append(UInt8(ascii: ":"))
        append(Int64(parts.tm_sec), digits: 2)
    }
}
