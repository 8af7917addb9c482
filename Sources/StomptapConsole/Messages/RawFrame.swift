import NIOCore

/// A frame as it was written by hand.
enum RawFrame {
    /// Its octets: the text, the line end that its lines lack, and the NUL. Nothing else is added.
    ///
    /// The last line of a body has no line end, a header line and the empty line have one. A line `^@` at the end stands
    /// for the NUL.
    static func octets(_ text: String) -> ByteBuffer {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "^@" { lines.removeLast() }
        var octets = ByteBuffer(string: lines.joined(separator: "\n"))
        let hasBody = lines.firstIndex(of: "").map { $0 < lines.count - 1 } ?? false
        if !hasBody { octets.writeString("\n") }
        octets.writeInteger(UInt8(0))
        return octets
    }

    /// The octets of a file, with the NUL where it has none.
    static func octets(file content: [UInt8]) -> ByteBuffer {
        var octets = ByteBuffer(bytes: content)
        if !content.contains(0) { octets.writeInteger(UInt8(0)) }
        return octets
    }
}
