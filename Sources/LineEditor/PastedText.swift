/// A bracketed paste as it comes in.
struct PastedText: Equatable {
    private static let end = Array("\u{1b}[201~".utf8)

    /// Nothing has come for a while: the terminal may have forgotten to end it.
    var stalled = false
    /// All octets, or the last few of them once there are too many.
    private var octets: [UInt8] = []
    private var dropped = 0

    /// Takes an octet, and gives the whole once it has come to its end.
    ///
    /// - Parameter limit: the octets that a paste may have.
    mutating func take(_ octet: UInt8, limit: Int) -> KeyDecoder.Key? {
        stalled = false
        octets.append(octet)
        if octet == Self.end.last, octets.suffix(Self.end.count).elementsEqual(Self.end) {
            octets.removeLast(Self.end.count)
            let size = dropped + octets.count
            return size > limit ? .pasteTooLong(size) : .paste(text)
        }
        if octets.count > limit + Self.end.count {
            dropped += octets.count - Self.end.count
            octets.removeFirst(octets.count - Self.end.count)
        }
        return nil
    }

    /// LF between lines, none at the end (a line copied whole brings its own), no NUL, which would end it for libedit,
    /// and no C1 control, which would be taken for a special key.
    private var text: [Unicode.Scalar] {
        var text: [Unicode.Scalar] = []
        var afterReturn = false
        for scalar in String(decoding: octets, as: UTF8.self).unicodeScalars {
            defer { afterReturn = scalar == "\r" }
            switch scalar {
            case "\r": text.append("\n")
            case "\n": if !afterReturn { text.append("\n") }
            case "\0", "\u{80}"..<"\u{a0}": break
            default: text.append(scalar)
            }
        }
        while text.last == "\n" { text.removeLast() }
        return text
    }
}
