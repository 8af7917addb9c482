/// Encodes internationalised host names as DNS, TLS and HTTP require (RFC 5890).
enum Punycode {
    /// The maximum length of a label, in bytes (RFC 1035, section 2.3.4).
    private static let longestLabel = 63

    /// The name with `xn--` labels instead of non-ASCII labels; nil if a label is not valid in a host name.
    ///
    /// Letters are converted to lower case and decomposed Hangul is composed, as browsers do.
    static func host(_ name: String) -> String? {
        // Input methods for Chinese and Japanese produce other full stops (RFC 3490, section 3.1).
        let labels = name.unicodeScalars.split(omittingEmptySubsequences: false) {
            [0x2E, 0x3002, 0xFF0E, 0xFF61].contains($0.value)
        }
        var names: [String] = []
        for (index, label) in labels.enumerated() {
            // A name may end with a full stop.
            if label.isEmpty, index == labels.count - 1, index > 0 { return (names + [""]).joined(separator: ".") }
            guard let encoded = encoded(String(label)) else { return nil }
            names.append(encoded)
        }
        return names.joined(separator: ".")
    }

    private static func encoded(_ label: String) -> String? {
        let scalars = composed(label.lowercased().unicodeScalars.map(\.value))
        guard !scalars.isEmpty, scalars.count <= longestLabel, scalars.allSatisfy(mayStand) else { return nil }
        let text = scalars.contains { $0 >= 0x80 } ? "xn--\(encode(scalars))" : label.lowercased()
        return text.utf8.count <= longestLabel ? text : nil
    }

    /// Whether a host name may contain it: letters, marks, digits, symbols such as emoji, a hyphen and,
    /// in practice, `_`.
    private static func mayStand(_ value: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(value) else { return false }
        if scalar == "-" || scalar == "_" { return true }
        switch scalar.properties.generalCategory {
        case .lowercaseLetter, .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark, .decimalNumber,
            .otherNumber, .otherSymbol:
            return true
        default: return false
        }
    }

    /// Composes jamo to Hangul syllables (The Unicode Standard, section 3.12): Apple's file systems and keyboards
    /// produce decomposed ones.
    private static func composed(_ scalars: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        for scalar in scalars {
            switch (result.last, scalar) {
            case (let lead?, 0x1161...0x1175) where (0x1100...0x1112).contains(lead):
                result[result.count - 1] = 0xAC00 + ((lead - 0x1100) * 21 + scalar - 0x1161) * 28
            case (let syllable?, 0x11A8...0x11C2)
            where (0xAC00...0xD7A3).contains(syllable) && (syllable - 0xAC00) % 28 == 0:
                result[result.count - 1] = syllable + scalar - 0x11A7
            default: result.append(scalar)
            }
        }
        return result
    }

    // MARK: - RFC 3492, section 6.3

    private static func encode(_ scalars: [UInt32]) -> String {
        var output = scalars.filter { $0 < 0x80 }.map { UInt8($0) }
        let basicCount = output.count
        if basicCount > 0 { output.append(UInt8(ascii: "-")) }
        var handled = basicCount
        var (next, delta, bias) = (0x80, 0, 72)
        while handled < scalars.count {
            let least = scalars.lazy.map { Int($0) }.filter { $0 >= next }.min() ?? next
            delta += (least - next) * (handled + 1)
            next = least
            for scalar in scalars.map({ Int($0) }) {
                if scalar < next { delta += 1 }
                guard scalar == next else { continue }
                var rest = delta
                var position = 36
                while true {
                    let threshold = min(max(position - bias, 1), 26)
                    guard rest >= threshold else { break }
                    output.append(digit(threshold + (rest - threshold) % (36 - threshold)))
                    rest = (rest - threshold) / (36 - threshold)
                    position += 36
                }
                output.append(digit(rest))
                bias = adapted(delta, handled + 1, isFirst: handled == basicCount)
                delta = 0
                handled += 1
            }
            delta += 1
            next += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func digit(_ value: Int) -> UInt8 {
        UInt8(value < 26 ? Int(UInt8(ascii: "a")) + value : Int(UInt8(ascii: "0")) + value - 26)
    }

    private static func adapted(_ delta: Int, _ count: Int, isFirst: Bool) -> Int {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / count
        var position = 0
        while delta > 455 {
            delta /= 35
            position += 36
        }
        return position + 36 * delta / (delta + 38)
    }
}
