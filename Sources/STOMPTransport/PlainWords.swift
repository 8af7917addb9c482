import NIOCore

/// Returns an enum case as words, followed by its associated values with their labels:
/// `.connectionRefused(by: ["127.0.0.1:1"])` is `connection refused by 127.0.0.1:1`.
///
/// Failures use it for their descriptions, so every new case has a description automatically.
package func plainWords(of value: Any) -> String {
    switch value {
    case let text as String: return printable(text)
    case let span as Duration: return span.readable
    case let bytes as ByteBuffer: return bytes.hexDump(format: .compact(maxBytes: 32))
    case let list as [Any]: return list.map(plainWords).joined(separator: ", ")
    default: break
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: return mirror.children.first.map { plainWords(of: $0.value) } ?? ""
    case .enum:
        guard let payload = mirror.children.first else { return words("\(value)") }
        return ([words(payload.label ?? "")] + parts(of: payload.value)).filter { !$0.isEmpty }.joined(separator: " ")
    default: return printable("\(value)")
    }
}

/// Returns the associated values of a case as words: one value, or a tuple.
private func parts(of payload: Any) -> [String] {
    let mirror = Mirror(reflecting: payload)
    guard mirror.displayStyle == .tuple else { return [plainWords(of: payload)] }
    return mirror.children.compactMap { child in
        let text = plainWords(of: child.value)
        guard !text.isEmpty else { return nil }
        // Values without a label have the label `.0` and so on.
        guard let label = child.label, !label.hasPrefix(".") else { return text }
        return "\(words(label)) \(text)"
    }
}

/// Splits a name into words: `connectionRefused` becomes `connection refused`.
private func words(_ name: String) -> String {
    var result = ""
    var previous: Character?
    var rest = name[...]
    while let character = rest.popFirst() {
        if character.isUppercase, previous?.isLowercase == true { result += " " }
        // An abbreviation, as in `notHTTP`, keeps its capitals.
        let isAbbreviation = previous?.isUppercase == true || rest.first?.isUppercase == true
        result += character.isUppercase && !isAbbreviation ? character.lowercased() : String(character)
        previous = character
    }
    return result
}
