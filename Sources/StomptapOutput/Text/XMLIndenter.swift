import STOMPTransport

/// Formats XML over several lines without changing its text. An element with text of its own stays unchanged with
/// everything in it; elsewhere, only whitespace between tags is replaced by line ends.
///
/// It only recognizes where markup begins and ends, and which tags match. Anything else is rejected, and is then
/// shown as text.
struct XMLIndenter {
    /// The deepest nesting of elements.
    static let deepestNesting = 512

    /// A token of XML, and its bytes.
    private struct Token {
        enum Kind {
            case open, close, empty
            /// A comment, a processing instruction or a declaration.
            case aside
            case text
            /// Text that is only whitespace.
            case blank
        }

        let kind: Kind
        let range: Range<Int>
        /// The range of a tag's name.
        var name = 0..<0
    }

    /// How an element is formatted.
    private enum Layout: UInt8 {
        /// Unchanged.
        case verbatim
        /// One line for each of its children.
        case lines
    }

    private let bytes: UnsafeRawBufferPointer
    /// The layout of each element, in the order of their start tags. Empty elements have no entry.
    private var layouts: [Layout] = []

    /// - Parameter bytes: text in UTF-8.
    /// - Returns: nil if it does not look like one document of well-formed XML.
    init?(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        guard bytes.first(where: { !Self.isBlank($0) }) == UInt8(ascii: "<"), readLayouts() else { return nil }
    }

    /// Finds the elements that have text of their own; false if tags do not match.
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
                // A document with xml:space wants its whitespace kept.
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
    ///   - indentation: the number of spaces before each line except the first.
    ///   - limit: the number of bytes of XML after which to stop.
    /// - Returns: how many bytes of it were shown.
    func write(indentation: Int, limit: Int, to out: inout OutputBuffer) -> Int {
        // The number of open elements whose children are on lines of their own.
        var depth = 0
        // The number of open elements inside an unchanged one, including it.
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

    /// The index after the `>` that ends a tag or a declaration. A `>` in quotes, or in brackets as in DOCTYPE, does
    /// not count.
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
    /// The part of `range` up to `limit`, without cutting a UTF-8 character.
    func prefix(of range: Range<Int>, upTo limit: Int) -> Range<Int> {
        guard range.upperBound > limit else { return range }
        var end = Swift.max(range.lowerBound, limit)
        while end > range.lowerBound, self[end] & 0xC0 == 0x80 { end -= 1 }
        return range.lowerBound..<end
    }
}
