/// Splits text into hand-written frames as it arrives; a value without I/O.
///
/// A frame ends at a line `^@`, and the line end before that line is not part of the body; or at a NUL. Nothing
/// else is checked or corrected. An empty line between frames is sent by itself, as a heart-beat.
struct FrameCutter: Sendable {
    struct Piece: Sendable, Equatable {
        var bytes: [UInt8]
        /// Whether the text ended before the frame did.
        var isUnterminated = false
    }

    /// Whether escapes such as `\r`, `\x1b` and `\0` are decoded. A `\0` at the end of a line ends the frame.
    var hasEscapes = false
    /// Whether header lines are sent with CR LF.
    var endsLinesWithCRLF = false
    /// The maximum size of a frame, in bytes.
    var limit = 16 << 20

    private var unread: [UInt8] = []
    /// `unread` has no line end before this index.
    private var searched = 0
    private var lineNumber = 1
    private var frame: [UInt8] = []
    /// The start of the body, once the empty line after the headers was read.
    private var bodyStart: Int?
    /// Whether a frame ended in this line; the rest of the line end is then not part of the next frame.
    private var skipsLineEnd = false

    init(hasEscapes: Bool = false, endsLinesWithCRLF: Bool = false, limit: Int = 16 << 20) {
        self.hasEscapes = hasEscapes
        self.endsLinesWithCRLF = endsLinesWithCRLF
        self.limit = limit
    }

    /// Adds text and returns the frames that are complete.
    ///
    /// - Throws: ``InputFault``.
    mutating func feed(_ text: [UInt8]) throws(InputFault) -> [Piece] {
        unread += text
        var pieces: [Piece] = []
        var start = 0
        while let end = unread[max(start, searched)...].firstIndex(where: { $0 == 0x0A || $0 == 0 }) {
            let line = unread[start..<end]
            try check(frame.count + line.count)
            let piece = unread[end] == 0 ? try takeEnd(behind: line) : try append(line)
            if let piece { pieces.append(Piece(bytes: piece)) }
            start = end + 1
        }
        unread.removeFirst(start)
        searched = unread.count
        try check(frame.count + unread.count)
        return pieces
    }

    /// Returns the rest when the text has ended.
    mutating func finish() throws(InputFault) -> Piece? {
        let last = unread
        unread = []
        searched = 0
        if last.isTerminator { return frame.isEmpty ? nil : Piece(bytes: endedFrame()) }
        if !last.isEmpty { frame += try read(last[...]) }
        guard !frame.isEmpty else { return nil }
        defer { startFrame() }
        return Piece(bytes: frame, isUnterminated: frame.last != 0)
    }

    /// Ends a frame at a NUL; `line` is what precedes the NUL.
    private mutating func takeEnd(behind line: ArraySlice<UInt8>) throws(InputFault) -> [UInt8] {
        let bytes = frame + (try read(line)) + [0]
        startFrame()
        skipsLineEnd = true
        return bytes
    }

    /// Appends a line, and returns the frame if the line ends it.
    private mutating func append(_ line: ArraySlice<UInt8>) throws(InputFault) -> [UInt8]? {
        defer { lineNumber += 1 }
        let text = line.last == 0x0D ? line.dropLast() : line
        if skipsLineEnd {
            skipsLineEnd = false
            if text.isEmpty { return nil }
        }
        if text.isTerminator { return endedFrame() }
        let isHead = bodyStart == nil
        let bytes = try read(isHead && endsLinesWithCRLF ? text : line)
        if hasEscapes, bytes.last == 0 {
            defer { startFrame() }
            return frame + bytes
        }
        let lineEnd: [UInt8] = isHead && endsLinesWithCRLF ? [0x0D, 0x0A] : [0x0A]
        if frame.isEmpty, text.isEmpty { return bytes + lineEnd }
        frame += bytes + lineEnd
        if isHead, text.isEmpty { bodyStart = frame.count }
        return nil
    }

    /// The frame that a line `^@` ends.
    private mutating func endedFrame() -> [UInt8] {
        defer { startFrame() }
        if let bodyStart, frame.count > bodyStart {
            frame.removeLast()
            if frame.count > bodyStart, frame.last == 0x0D { frame.removeLast() }
        }
        return frame + [0]
    }

    private mutating func startFrame() {
        frame = []
        bodyStart = nil
    }

    private func read(_ line: ArraySlice<UInt8>) throws(InputFault) -> [UInt8] {
        hasEscapes ? try EscapedText.unescaped(line, number: lineNumber) : Array(line)
    }

    private func check(_ size: Int) throws(InputFault) {
        guard size > limit else { return }
        throw InputFault(
            line: lineNumber, message: "the frame is longer than \(limit) bytes; raise the limit with --max-message")
    }
}

/// Why text that was typed or read from a file cannot be sent.
struct InputFault: Error, Hashable {
    let line: Int
    let message: String
}

extension Collection<UInt8> {
    fileprivate var isTerminator: Bool {
        elementsEqual("^@".utf8) || elementsEqual("^@\r".utf8)
    }
}
