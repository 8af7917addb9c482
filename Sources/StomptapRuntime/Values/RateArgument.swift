/// `--rate`: messages a second or a minute as they are typed: `500`, `500/s`, `2k/s`, `30/m`.
package struct RateArgument: Sendable, Equatable, CustomStringConvertible {
    package let perSecond: Double
    private let text: String

    package init(_ text: String) throws {
        guard let number = Self.number(text), (1e-3...1e9).contains(number) else {
            throw InvalidValue(
                "a rate is a number of messages a second or minute, such as 500/s, 20k/s, 0.5/s or 30/m")
        }
        perSecond = number
        self.text = text
    }

    package var description: String { text }

    /// How many a second that is; nil where it is none.
    package static func number(_ text: String) -> Double? {
        let units: [(suffix: String, seconds: Double)] = [("/s", 1), ("/m", 60)]
        let unit = units.first { text.hasSuffix($0.suffix) }
        var digits = text.dropLast(unit?.suffix.count ?? 0)
        var factor = 1.0
        switch digits.last {
        case "k": factor = 1e3
        case "M": factor = 1e6
        default: break
        }
        if factor > 1 { digits = digits.dropLast() }
        guard digits.contains(where: \.isNumber),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }),
            let number = Double(digits)
        else { return nil }
        return number * factor / (unit?.seconds ?? 1)
    }
}
