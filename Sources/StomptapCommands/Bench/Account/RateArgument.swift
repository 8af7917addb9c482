import ArgumentParser

/// `--rate`: messages a second as they are typed: `500`, `500/s`, `2k/s`, `1.5M/s`.
struct RateArgument: Sendable, Equatable, CustomStringConvertible {
    let perSecond: Double
    private let text: String

    init(_ text: String) throws {
        guard let number = Self.number(text), (1e-3...1e9).contains(number) else {
            throw ValidationError("a rate is a number of messages a second, such as 500/s, 20k/s or 0.5/s")
        }
        perSecond = number
        self.text = text
    }

    var description: String { text }

    static func number(_ text: String) -> Double? {
        var digits = text.hasSuffix("/s") ? text.dropLast(2) : text[...]
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
        return number * factor
    }
}
