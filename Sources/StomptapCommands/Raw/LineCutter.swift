/// Cuts lines off text as it comes, each a message, a value without I/O.
struct LineCutter: Sendable {
    private let hasEscapes: Bool
    private let limit: Int
    private var unread: [UInt8] = []
    private var searched = 0
    private var lineNumber = 1

    /// - Parameters:
    ///   - hasEscapes: whether `\r`, `\x1b`, `\0` and their like are understood.
    ///   - limit: the most bytes of a line.
    init(hasEscapes: Bool, limit: Int) {
        self.hasEscapes = hasEscapes
        self.limit = limit
    }

    /// Adds text and gives the lines that are whole, without their ends.
    mutating func feed(_ text: [UInt8]) throws(InputFault) -> [[UInt8]] {
        unread += text
        var lines: [[UInt8]] = []
        var start = 0
        while let end = unread[max(start, searched)...].firstIndex(of: 0x0A) {
            let line = unread[start..<end]
            lines.append(try read(line.last == 0x0D ? line.dropLast() : line))
            start = end + 1
            lineNumber += 1
        }
        unread.removeFirst(start)
        searched = unread.count
        try check(unread.count)
        return lines
    }

    /// The last line, where it has no end.
    mutating func finish() throws(InputFault) -> [UInt8]? {
        defer { unread = [] }
        return unread.isEmpty ? nil : try read(unread[...])
    }

    private func read(_ line: ArraySlice<UInt8>) throws(InputFault) -> [UInt8] {
        try check(line.count)
        guard hasEscapes else { return Array(line) }
        do {
            return try EscapedText.unescaped(line)
        } catch {
            throw InputFault(line: lineNumber, message: error.message)
        }
    }

    private func check(_ size: Int) throws(InputFault) {
        guard size > limit else { return }
        throw InputFault(
            line: lineNumber, message: "it is longer than \(limit) octets; raise the limit with --max-message")
    }
}
