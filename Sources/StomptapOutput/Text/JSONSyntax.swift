/// Tells JSON from what only looks like it (RFC 8259), in one pass and without recursion.
package struct JSONSyntax {
    /// The most arrays and objects inside each other. What is nested deeper is shown as text.
    static let deepestNesting = 512

    private let octets: UnsafeRawBufferPointer
    private var index = 0
    /// The opening octets of the arrays and objects that are open.
    private var open: [UInt8] = []

    /// What may stand next.
    private enum Place {
        case value, valueOrEnd, name, nameOrEnd, colon, commaOrEnd, end
    }

    /// Whether `octets` are one JSON value and nothing else.
    static func accepts(_ octets: UnsafeRawBufferPointer) -> Bool {
        guard octets.isUTF8 else { return false }
        var syntax = JSONSyntax(octets)
        return syntax.acceptsAll()
    }

    /// Whether `octets` are a JSON object or array.
    package static func acceptsObjectOrArray(_ octets: UnsafeRawBufferPointer) -> Bool {
        let first = octets.first { !$0.isJSONBlank }
        return (first == UInt8(ascii: "{") || first == UInt8(ascii: "[")) && accepts(octets)
    }

    private init(_ octets: UnsafeRawBufferPointer) {
        self.octets = octets
    }

    private mutating func acceptsAll() -> Bool {
        var place = Place.value
        while true {
            while index < octets.count, octets[index].isJSONBlank { index += 1 }
            guard index < octets.count else { return place == .end }
            guard let next = next(after: place) else { return false }
            place = next
        }
    }

    /// Reads one token; returns what may follow it, or nil where it may not stand here.
    private mutating func next(after place: Place) -> Place? {
        let octet = octets[index]
        switch (place, octet) {
        case (.valueOrEnd, UInt8(ascii: "]")), (.nameOrEnd, UInt8(ascii: "}")): return close()
        case (.value, _), (.valueOrEnd, _): return value(octet)
        case (.name, UInt8(ascii: "\"")), (.nameOrEnd, UInt8(ascii: "\"")): return string() ? .colon : nil
        case (.colon, UInt8(ascii: ":")):
            index += 1
            return .value
        case (.commaOrEnd, UInt8(ascii: ",")):
            index += 1
            return open.last == UInt8(ascii: "{") ? .name : .value
        case (.commaOrEnd, UInt8(ascii: "]")): return open.last == UInt8(ascii: "[") ? close() : nil
        case (.commaOrEnd, UInt8(ascii: "}")): return open.last == UInt8(ascii: "{") ? close() : nil
        default: return nil
        }
    }

    private var placeAfterValue: Place { open.isEmpty ? .end : .commaOrEnd }

    private mutating func close() -> Place {
        index += 1
        open.removeLast()
        return placeAfterValue
    }

    private mutating func value(_ octet: UInt8) -> Place? {
        switch octet {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard open.count < Self.deepestNesting else { return nil }
            index += 1
            open.append(octet)
            return octet == UInt8(ascii: "{") ? .nameOrEnd : .valueOrEnd
        case UInt8(ascii: "\""): return string() ? placeAfterValue : nil
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number() ? placeAfterValue : nil
        default: return word("true") || word("false") || word("null") ? placeAfterValue : nil
        }
    }

    private mutating func word(_ word: String) -> Bool {
        guard octets[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }

    private mutating func number() -> Bool {
        skip(UInt8(ascii: "-"))
        let start = index
        guard digits() else { return false }
        if octets[start] == UInt8(ascii: "0"), index > start + 1 { return false }
        if skip(UInt8(ascii: ".")), !digits() { return false }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { skip(UInt8(ascii: "-")) }
            return digits()
        }
        return true
    }

    @discardableResult
    private mutating func skip(_ octet: UInt8) -> Bool {
        guard index < octets.count, octets[index] == octet else { return false }
        index += 1
        return true
    }

    private mutating func digits() -> Bool {
        let start = index
        while index < octets.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octets[index]) { index += 1 }
        return index > start
    }

    private mutating func string() -> Bool {
        index += 1
        while index < octets.count {
            switch octets[index] {
            case UInt8(ascii: "\""):
                index += 1
                return true
            case UInt8(ascii: "\\"):
                guard escape() else { return false }
            case 0..<0x20: return false
            default: index += 1
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard index + 1 < octets.count else { return false }
        let letter = octets[index + 1]
        index += 2
        guard letter == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(letter) }
        guard index + 4 <= octets.count, octets[index..<(index + 4)].allSatisfy(\.isHexadecimalDigit) else {
            return false
        }
        index += 4
        return true
    }
}

extension UInt8 {
    var isJSONBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }

    fileprivate var isHexadecimalDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
