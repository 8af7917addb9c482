import STOMPTransport

/// Formats JSON over several lines. Its tokens are unchanged: the order of names, the digits of numbers, the escapes
/// of strings.
struct JSONIndenter {
    /// The deepest level that is split into lines; deeper values stay on one line. Below this level, the output
    /// would be mostly indentation.
    static let deepestLevel = 32

    /// The number of spaces before each line except the first.
    let indentation: Int
    let palette: Palette

    /// Appends `bytes`, which ``JSONReader`` has accepted, without a line end after the last line.
    ///
    /// - Parameter limit: the number of bytes of JSON after which to stop.
    /// - Returns: how many bytes of it were shown.
    @discardableResult
    func write(_ bytes: UnsafeRawBufferPointer, limit: Int = .max, to out: inout OutputBuffer) -> Int {
        var reader = JSONReader(bytes)
        var depth = 0
        var hasJustOpened = false
        while let token = try? reader.next() {
            guard token.range.lowerBound < limit else { return token.range.lowerBound }
            let range = bytes.prefix(of: token.range, upTo: limit)
            let text = UnsafeRawBufferPointer(rebasing: bytes[range])
            // Empty brackets stay on one line.
            let isEmpty: Bool
            if case .close = token.kind { isEmpty = hasJustOpened } else { isEmpty = false }
            if hasJustOpened, !isEmpty { writeLineEnd(depth, to: &out) }
            hasJustOpened = false
            switch token.kind {
            case .open:
                depth += 1
                hasJustOpened = true
                out.append(text)
            case .close:
                depth -= 1
                if !isEmpty, depth < Self.deepestLevel { writeLineEnd(depth, to: &out) }
                out.append(text)
            case .comma:
                out.append(text)
                writeLineEnd(depth, to: &out)
            case .colon: out.append(literal: ": ")
            case .name: out.paint(.name, palette) { $0.append(text, visible: .json) }
            case .string: out.append(text, visible: .json)
            case .plain: out.append(text)
            }
            guard range == token.range else { return range.upperBound }
        }
        return bytes.count
    }

    private func writeLineEnd(_ depth: Int, to out: inout OutputBuffer) {
        guard depth <= Self.deepestLevel else { return }
        out.append(UInt8(ascii: "\n"))
        out.append(spaces: indentation + 2 * depth)
    }
}

extension OutputBuffer {
    /// Appends JSON that ``JSONReader`` has accepted, without the whitespace between its tokens. The tokens are
    /// unchanged.
    mutating func append(compactJSON bytes: UnsafeRawBufferPointer) {
        var reader = JSONReader(bytes)
        while let token = try? reader.next() {
            append(UnsafeRawBufferPointer(rebasing: bytes[token.range]), visible: .json)
        }
    }
}
