import NIOCore

/// A length of time as it is typed: `250ms`, `5s`, `1.5s`, `2m`, `1h`.
package struct DurationArgument: Sendable, Equatable, CustomStringConvertible {
    package let amount: TimeAmount
    private let text: String

    package init(_ text: String) throws {
        let units: [(suffix: String, nanoseconds: Double)] = [
            ("ms", 1e6), ("us", 1e3), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else {
            throw InvalidValue("a duration has a unit, such as 250ms, 5s, 1.5s or 2m")
        }
        let digits = text.dropLast(unit.suffix.count)
        // A year is more than any of them means, and keeps the arithmetic far from its edges.
        guard isPlainNumber(digits), let number = Double(digits), number * unit.nanoseconds <= 365 * 24 * 3600e9 else {
            throw InvalidValue("a duration is a number and a unit, such as 250ms, 5s, 1.5s or 2m")
        }
        self.init(text: text, amount: .nanoseconds(Int64(number * unit.nanoseconds)))
    }

    package init(text: String, amount: TimeAmount) {
        self.text = text
        self.amount = amount
    }

    package var description: String { text }
}

/// A number of octets as it is typed: `512`, `64KiB`, `1MB`.
package struct SizeArgument: Sendable, Equatable, CustomStringConvertible {
    package let octets: Int
    private let text: String

    package init(_ text: String) throws {
        let units: [(suffix: String, octets: Double)] = [
            ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6),
            ("GB", 1e9),
            ("B", 1), ("", 1),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else {
            throw InvalidValue("a size is a number of octets, such as 512, 64KiB or 1MB")
        }
        let digits = text.dropLast(unit.suffix.count)
        guard isPlainNumber(digits), let number = Double(digits), (1...Double(Int32.max)).contains(number * unit.octets)
        else {
            throw InvalidValue("a size is a number of octets from 1 to 2147483647, such as 512, 64KiB or 1MB")
        }
        self.init(text: text, octets: Int(number * unit.octets))
    }

    package init(text: String, octets: Int) {
        self.text = text
        self.octets = octets
    }

    package var description: String { text }
}

/// Digits with at most one point: none of the signs, exponents and names that `Double` takes besides.
private func isPlainNumber(_ text: Substring) -> Bool {
    text.contains(where: \.isNumber) && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
}
