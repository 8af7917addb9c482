/// Sets JSON out in lines, down to 32 levels; what is nested deeper stays in a line. Its tokens stay as they are: the order of names, the digits of numbers, the escapes of strings.
struct JSONIndenter {
    /// What ``JSONSyntax`` has accepted.
    let octets: UnsafeRawBufferPointer
    /// The deepest level that has lines of its own: the blanks before each of them are much more than the JSON there.
    static let deepestLevel = 32
    /// The blanks before each line but the first.
    let indentation: Int
    let palette: Palette
    private var depth = 0

    init(_ octets: UnsafeRawBufferPointer, indentation: Int, palette: Palette) {
        self.octets = octets
        self.indentation = indentation
        self.palette = palette
    }

    /// Appends all of it, without a line end after the last line.
    mutating func write(to out: inout OutputBuffer) {
        var index = skipBlanks(from: 0)
        while index < octets.count {
            index = skipBlanks(from: writeToken(at: index, to: &out))
        }
    }

    /// Appends the token that begins at `start`; returns where it ends.
    private mutating func writeToken(at start: Int, to out: inout OutputBuffer) -> Int {
        let octet = octets[start]
        switch octet {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            out.append(octet)
            let next = skipBlanks(from: start + 1)
            // `]` and `}` stand two behind their opening brackets in ASCII.
            if next < octets.count, octets[next] == octet + 2 {
                out.append(octets[next])
                return next + 1
            }
            depth += 1
            writeLineEnd(to: &out)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            let isOnLines = depth <= Self.deepestLevel
            depth -= 1
            if isOnLines { writeLineEnd(to: &out) }
            out.append(octet)
        case UInt8(ascii: ","):
            out.append(octet)
            writeLineEnd(to: &out)
        case UInt8(ascii: ":"): out.append(": ")
        case UInt8(ascii: "\""):
            let end = endOfString(from: start)
            let next = skipBlanks(from: end)
            let isName = next < octets.count && octets[next] == UInt8(ascii: ":")
            let string = UnsafeRawBufferPointer(rebasing: octets[start..<end])
            out.paint(isName ? .name : nil, palette) { $0.append(string, visible: .json) }
            return end
        default:
            let end = octets[start...].firstIndex { $0.isJSONBlank || ",]}".utf8.contains($0) } ?? octets.count
            out.append(UnsafeRawBufferPointer(rebasing: octets[start..<end]))
            return end
        }
        return start + 1
    }

    private func writeLineEnd(to out: inout OutputBuffer) {
        guard depth <= Self.deepestLevel else { return }
        out.append(UInt8(ascii: "\n"))
        out.append(spaces: indentation + 2 * depth)
    }

    private func skipBlanks(from start: Int) -> Int {
        var index = start
        while index < octets.count, octets[index].isJSONBlank { index += 1 }
        return index
    }

    private func endOfString(from start: Int) -> Int {
        var index = start + 1
        while index < octets.count, octets[index] != UInt8(ascii: "\"") {
            index += octets[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, octets.count)
    }
}
