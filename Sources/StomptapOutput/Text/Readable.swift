/// Formats numbers for users.
package enum Readable {
    /// A number with this many digits after the point.
    package static func decimal(_ value: Double, digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "-" }
        let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let whole = String(scaled / Int64(scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + whole }
        let fraction = String(scaled % Int64(scale))
        return sign + whole + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// A time with three significant digits and a unit: `84.2 us`, `1.20 ms`, `3.05 s`.
    package static func time(_ nanoseconds: Double) -> String {
        let (value, unit) =
            switch abs(nanoseconds) {
            case ..<999_500: (nanoseconds / 1e3, "us")
            case ..<999_500_000: (nanoseconds / 1e6, "ms")
            default: (nanoseconds / 1e9, "s")
            }
        return decimal(value, digits: abs(value) < 9.995 ? 2 : abs(value) < 99.95 ? 1 : 0) + " " + unit
    }

    /// A count, with commas between thousands.
    package static func count(_ value: Double) -> String {
        let text = decimal(value, digits: 0)
        var result = ""
        for (index, digit) in text.enumerated() {
            if index > 0, (text.count - index) % 3 == 0, result != "-" { result += "," }
            result.append(digit)
        }
        return result
    }

    package static func count(_ value: some BinaryInteger) -> String { count(Double(value)) }
}

/// Formats byte counts for users.
package enum ByteCount {
    /// The size with a unit: `512 B`, `1.5 KiB`, `12.0 MiB`.
    package static func readable(_ bytes: Int) -> String {
        var value = Double(bytes)
        var unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
            value /= 1024
            unit = next
        }
        guard unit != "B" else { return "\(bytes) B" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
}
