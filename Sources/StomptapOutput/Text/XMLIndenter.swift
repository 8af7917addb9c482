import STOMPTransport

/// Sets XML out in lines, as far as that changes none of its text: an element that has text of its own stays as it is,
/// with all that is in it, and only blanks between the tags of others give way to line ends.
///
/// It knows no more of XML than where markup begins and ends, and which tags belong together. What is not so is not
/// accepted, and left to be shown as text.
struct XMLIndenter {
    /// The most elements inside each other.
    static let deepestNesting = 512

    /// A piece of XML, and the bytes of it.
    private struct Token {
        enum Kind {
            case open, close, empty
            /// A comment, an instruction or a declaration.
            case aside
            case text
            /// Text without a character that is not blank.
            case blank
        }

        let kind: Kind
        let range: Range<Int>
        /// Of a tag.
        var name = 0..<0
    }

    /// How an element looks.
    private enum Layout: UInt8 {
        /// As it is.
        case verbatim
        /// A line for each of its children.
        case lines
    }

    private let bytes: UnsafeRawBufferPointer
    /// How each element looks, in the order of their first tags. Empty ones have no entry.
    private var layouts: [Layout] = []

    /// - Parameter bytes: text in UTF-8.
    /// - Returns: nil where it does not look like one document of well-formed XML.
    init?(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        guard bytes.first(where: { !Self.isBlank($0) }) == UInt8(ascii: "<"), readLayouts() else { return nil }
    }

    /// Finds out which elements have text of their own; false where tags do not belong together.
    private mutating func readLayouts() -> Bool {
        struct Open {
            var name: Range<Int>
            var index: Int
            var hasText = false
            var hasChildren = false
        }
        var open: [Open] = []
        var hasRoot = false
        var position = 0
        while position < bytes.count {
            guard let token = token(at: position) else { return false }
            position = token.range.upperBound
            switch token.kind {
            case .open, .empty:
                guard !hasRoot || !open.isEmpty, open.count < Self.deepestNesting else { return false }
                hasRoot = true
                if !open.isEmpty { open[open.count - 1].hasChildren = true }
                guard token.kind == .open else { continue }
                // Who writes xml:space means the blanks.
                open.append(
                    Open(name: token.name, index: layouts.count, hasText: contains("xml:space", in: token.range)))
                layouts.append(.verbatim)
            case .close:
                guard let element = open.popLast(), bytes[element.name].elementsEqual(bytes[token.name]) else {
                    return false
                }
                if element.hasChildren, !element.hasText { layouts[element.index] = .lines }
            case .text:
                guard !open.isEmpty else { return false }
                open[open.count - 1].hasText = true
            case .aside:
                if !open.isEmpty { open[open.count - 1].hasChildren = true }
            case .blank: break
            }
        }
        return hasRoot && open.isEmpty
    }

    /// Appends the lines, without a line end after the last one.
    ///
    /// - Parameters:
    ///   - indentation: the blanks before each line but the first.
    ///   - limit: where to stop, in bytes of the XML.
    /// - Returns: how many bytes of it were shown.
    func write(indentation: Int, limit: Int, to out: inout OutputBuffer) -> Int {
        // How many elements are open whose children have lines.
        var depth = 0
        // How many elements are open inside one that stays as it is, that one included.
        var verbatim = 0
        var next = 0
        var isFirst = true
        var position = 0
        while position < min(limit, bytes.count), let token = token(at: position) {
            position = token.range.upperBound
            if verbatim == 0, token.kind == .blank { continue }
            let isClose = token.kind == .close
            if verbatim == 0 {
                if isClose { depth -= 1 }
                if !isFirst {
                    out.append(UInt8(ascii: "\n"))
                    out.append(spaces: indentation + 2 * min(depth, JSONIndenter.deepestLevel))
                }
                isFirst = false
            }
            let shown = bytes.prefix(of: token.range, upTo: limit)
            out.append(UnsafeRawBufferPointer(rebasing: bytes[shown]), visible: .lines(indentation: indentation))
            guard shown == token.range else { return shown.upperBound }
            switch token.kind {
            case .open:
                let isVerbatim = verbatim > 0 || layouts[next] == .verbatim
                next += 1
                if isVerbatim { verbatim += 1 } else { depth += 1 }
            case .close: if verbatim > 0 { verbatim -= 1 }
            default: break
            }
        }
        return position
    }

    // MARK: Tokens

    private func token(at start: Int) -> Token? {
        guard bytes[start] == UInt8(ascii: "<") else {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
            return Token(kind: bytes[start..<end].allSatisfy(Self.isBlank) ? .blank : .text, range: start..<end)
        }
        let next = start + 1 < bytes.count ? bytes[start + 1] : 0
        switch next {
        case UInt8(ascii: "?"): return end(of: "?>", from: start + 2).map { Token(kind: .aside, range: start..<$0) }
        case UInt8(ascii: "!"):
            if has("<!--", at: start) {
                return end(of: "-->", from: start + 4).map { Token(kind: .aside, range: start..<$0) }
            }
            if has("<![CDATA[", at: start) {
                return end(of: "]]>", from: start + 9).map { Token(kind: .text, range: start..<$0) }
            }
            return endOfMarkup(from: start + 2).map { Token(kind: .aside, range: start..<$0) }
        case UInt8(ascii: "/"):
            guard let end = endOfMarkup(from: start + 2) else { return nil }
            return tag(.close, start..<end, nameFrom: start + 2)
        default:
            guard let end = endOfMarkup(from: start + 1) else { return nil }
            return tag(bytes[end - 2] == UInt8(ascii: "/") ? .empty : .open, start..<end, nameFrom: start + 1)
        }
    }

    private func tag(_ kind: Token.Kind, _ range: Range<Int>, nameFrom start: Int) -> Token? {
        let end =
            bytes[start..<range.upperBound].firstIndex { Self.isBlank($0) || "/><".utf8.contains($0) }
            ?? range.upperBound
        guard end > start, Self.startsName(bytes[start]) else { return nil }
        return Token(kind: kind, range: range, name: start..<end)
    }

    /// Behind the `>` that ends a tag or a declaration, outside of quotes and, as in DOCTYPE, of brackets.
    private func endOfMarkup(from start: Int) -> Int? {
        var quote: UInt8?
        var brackets = 0
        for index in start..<max(start, bytes.count) {
            let byte = bytes[index]
            if let open = quote {
                if byte == open { quote = nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
            case UInt8(ascii: "["): brackets += 1
            case UInt8(ascii: "]"): brackets -= 1
            case UInt8(ascii: "<") where brackets == 0: return nil
            case UInt8(ascii: ">") where brackets <= 0: return index + 1
            default: break
            }
        }
        return nil
    }

    private func end(of mark: StaticString, from start: Int) -> Int? {
        var index = start
        while index + mark.utf8CodeUnitCount <= bytes.count {
            if has(mark, at: index) { return index + mark.utf8CodeUnitCount }
            index += 1
        }
        return nil
    }

    private func has(_ mark: StaticString, at start: Int) -> Bool {
        guard start + mark.utf8CodeUnitCount <= bytes.count else { return false }
        for offset in 0..<mark.utf8CodeUnitCount where bytes[start + offset] != mark.utf8Start[offset] { return false }
        return true
    }

    private func contains(_ mark: StaticString, in range: Range<Int>) -> Bool {
        range.contains { bytes[$0] == mark.utf8Start[0] && has(mark, at: $0) }
    }

    private static func startsName(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}

extension UnsafeRawBufferPointer {
    /// The beginning of `range`, which ends at `limit` at the latest, and not inside a character of UTF-8.
    func prefix(of range: Range<Int>, upTo limit: Int) -> Range<Int> {
        guard range.upperBound > limit else { return range }
        var end = Swift.max(range.lowerBound, limit)
        while end > range.lowerBound, self[end] & 0xC0 == 0x80 { end -= 1 }
        return range.lowerBound..<end
    }
}
