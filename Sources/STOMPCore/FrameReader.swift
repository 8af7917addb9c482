import NIOCore
import SystemC

/// Reads one frame that arrives in pieces, and remembers its position: no byte is searched twice for the same thing.
///
/// The error for an invalid stream depends on its bytes only, not on how they were split into pieces: a check never
/// looks at bytes after the one that fails it. The steps are inlined into one loop that keeps its state in
/// registers, which halves the time for a frame.
struct FrameReader: Sendable {
    private enum Part { case command, headers, body }

    /// Whether a frame with an unknown command is read to its end and then skipped.
    var skipsUnknownCommands: Bool
    /// Why the last frame was skipped, until the caller has read it.
    var skipped: STOMPProtocolError?

    // Offsets count from the first byte of the frame.
    private var part = Part.command
    private var lineStart = 0
    /// Everything before this offset has been searched for the end of the line.
    private var searched = 0
    /// The offset of the first NUL: an error if it is in the headers, otherwise the end of a body without a length.
    private var null: Int?
    private var searchedForNull = 0
    private var command: Command?
    /// The error for the command of a frame that will be skipped.
    private var unknownCommand: STOMPProtocolError?
    private var stripsCarriageReturn = false
    private var headersStart = 0
    private var headersEnd = 0
    private var headerCount = 0
    private var contentLength: Int?
    private var escaping = HeaderEscaping.none
    private var bodyStart = 0

    init(skipsUnknownCommands: Bool = false, skipped: STOMPProtocolError? = nil) {
        self.skipsUnknownCommands = skipsUnknownCommands
        self.skipped = skipped
    }

    /// The size of the whole frame; nil if it is not known from the headers.
    var size: Int? {
        guard part == .body, let contentLength else { return nil }
        return bodyStart + contentLength + 1
    }

    /// Describes a frame with `bytes` bytes received and its end missing.
    func unfinished(bytes: Int) -> UnfinishedFrame {
        UnfinishedFrame(
            bytes: bytes, command: command, contentLength: part == .body ? contentLength : nil,
            bodyBytes: part == .body ? bytes - bodyStart : nil)
    }

    /// Returns `bytes` if they are the beginning of a first line that is still incomplete.
    func unfinishedLine(of bytes: ByteBufferView) -> ByteBufferView? {
        part == .command && !bytes.isEmpty ? bytes : nil
    }

    /// Removes the frame from the beginning of `buffer` and returns it. `buffer` must begin with the bytes of the
    /// earlier calls. Returns nil if the frame is incomplete or was ``skipped``.
    mutating func read(
        _ buffer: inout ByteBuffer, version: STOMPVersion?, limits: FrameLimits
    ) throws(STOMPProtocolError) -> Frame? {
        let end = try buffer.withUnsafeReadableBytes { bytes throws(STOMPProtocolError) in
            let visible = bytes.slice(0..<min(bytes.count, limits.frame))
            if let end = try findEnd(visible, version, limits) { return end as Int? }
            guard visible.count < limits.frame else { throw tooLarge(limits) }
            return nil
        }
        guard let end, let bytes = buffer.readSlice(length: end + 1) else { return nil }
        let frame = command.map { command in
            Frame(
                command: command, bytes: bytes, escaping: escaping, headerBlock: headersStart..<headersEnd,
                stripsCarriageReturn: stripsCarriageReturn, bodyRange: bodyStart..<end)
        }
        self = FrameReader(skipsUnknownCommands: skipsUnknownCommands, skipped: unknownCommand)
        return frame
    }

    /// The offset of the frame's NUL.
    @inline(__always)
    private mutating func findEnd(
        _ bytes: UnsafeRawBufferPointer, _ version: STOMPVersion?, _ limits: FrameLimits
    ) throws(STOMPProtocolError) -> Int? {
        while part != .body {
            guard let line = try nextLine(bytes, version, limits) else { return nil }
            switch part {
            case .command:
                command = try command(bytes.slice(line), version)
                part = .headers
                headersStart = lineStart
            case .headers where line.isEmpty:
                headersEnd = line.lowerBound
                bodyStart = lineStart
                part = .body
                try checkHeaders(bytes, version, limits)
            case .headers:
                try readHeader(bytes.slice(line), version, limits)
            case .body:
                break
            }
        }
        return try findEndOfBody(bytes, version)
    }

    /// The next line without its line end; nil if it is incomplete.
    @inline(__always)
    private mutating func nextLine(
        _ bytes: UnsafeRawBufferPointer, _ version: STOMPVersion?, _ limits: FrameLimits
    ) throws(STOMPProtocolError) -> Range<Int>? {
        let start = lineStart
        let limit = part == .command ? min(limits.line, FrameLimits.longestCommandLine) : limits.line
        // The longest line may be followed by CR and LF.
        let window = min(bytes.count, start + limit + 2)
        let lineFeed = bytes.firstIndex(of: .lineFeed, in: searched..<window)
        var end = lineFeed ?? window
        // Fail here, not at the end of the headers: a peer that forgot the empty line may send nothing after its NUL.
        if let null = firstNull(bytes), null < end {
            let line = bytes.slice(start..<(null + 1))
            throw part == .command
                ? unknown(line)
                : STOMPProtocolError(.peer, .nulInHeaders(line: .init(line)))
        }
        searched = end
        guard let lineFeed else {
            guard window < start + limit + 2 else { throw tooLong(limit) }
            return nil
        }
        let endsInCarriageReturn = end > start && bytes[end - 1] == .carriageReturn
        if part == .command {
            // Before 1.2 a line ends with LF only, so a CR there would be part of a header's value. A peer that
            // ends its command with CR LF ends every line this way.
            stripsCarriageReturn = version == .v12 || version == nil || endsInCarriageReturn
        }
        if endsInCarriageReturn, stripsCarriageReturn { end -= 1 }
        guard end - start <= limit else { throw tooLong(limit) }
        lineStart = lineFeed + 1
        searched = lineFeed + 1
        return start..<end
    }

    @inline(__always)
    private mutating func firstNull(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if null == nil {
            null = bytes.firstIndex(of: .null, in: searchedForNull..<bytes.count)
            searchedForNull = bytes.count
        }
        return null
    }

    private mutating func command(
        _ line: UnsafeRawBufferPointer, _ version: STOMPVersion?
    ) throws(STOMPProtocolError) -> Command? {
        guard let command = Command(bytes: line) else {
            // Do not skip a browser's request: its body may contain a CONNECT that a web page has chosen.
            guard skipsUnknownCommands, version != nil || !line.isHTTPRequestLine else { throw unknown(line) }
            unknownCommand = STOMPProtocolError(
                .peer, .skippedFrame(command: String(decoding: line, as: UTF8.self)))
            return nil
        }
        if let version, version < command.since {
            throw STOMPProtocolError(.peer, .notInThisVersion(command, version))
        }
        return command
    }

    @inline(__always)
    private mutating func readHeader(
        _ line: UnsafeRawBufferPointer, _ version: STOMPVersion?, _ limits: FrameLimits
    ) throws(STOMPProtocolError) {
        guard let colon = line.firstIndex(of: .colon, in: 0..<line.count), colon > 0 else {
            throw STOMPProtocolError(.peer, .headerWithoutColon(line: .init(line)))
        }
        headerCount += 1
        guard headerCount <= limits.headers else {
            throw STOMPProtocolError(.peer, .tooManyHeaders(limit: limits.headers))
        }
        if contentLength == nil, line.slice(0..<colon).equals("content-length") {
            contentLength = try number(line.slice((colon + 1)..<line.count), version, limits)
        }
    }

    /// Parses a number of bytes; a number above the frame limit becomes that limit.
    private func number(
        _ value: UnsafeRawBufferPointer, _ version: STOMPVersion?, _ limits: FrameLimits
    ) throws(STOMPProtocolError) -> Int {
        // The examples of STOMP 1.0 have a space after the colon.
        let isPadded = version == .v10 || version == nil
        let digits = isPadded ? value[value.withoutLeadingBlanks(0..<value.count)] : value[...]
        var number = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { throw noNumber(value) }
            number = min(number * 10 + Int(byte - UInt8(ascii: "0")), limits.frame)
        }
        guard !digits.isEmpty else { throw noNumber(value) }
        return number
    }

    /// Makes the checks that need the whole header block.
    @inline(__always)
    private mutating func checkHeaders(
        _ bytes: UnsafeRawBufferPointer, _ version: STOMPVersion?, _ limits: FrameLimits
    ) throws(STOMPProtocolError) {
        let block = bytes.slice(headersStart..<headersEnd)
        // The CONNECT, STOMP and CONNECTED frames have no escapes.
        if version == .v12, let command, let line = block.lineWithBareCarriageReturn,
            HeaderEscaping(command: command, version: version) != .none
        {
            throw STOMPProtocolError(.peer, .bareCarriageReturn(line: .init(block.slice(line))))
        }
        if let command, version == .v10 || block.firstIndex(of: .backslash, in: 0..<block.count) != nil {
            escaping = HeaderEscaping(command: command, version: version)
            if let escape = escaping.undefinedEscape(in: block) {
                throw STOMPProtocolError(.peer, .undefinedEscape(.init(block.slice(escape)), of: command))
            }
        }
        guard let contentLength else { return }
        if let command, contentLength > 0, !command.allowsBody(in: version) { throw bodyNotAllowed(command) }
        guard bodyStart + contentLength < limits.frame else { throw tooLarge(limits) }
    }

    @inline(__always)
    private mutating func findEndOfBody(
        _ bytes: UnsafeRawBufferPointer, _ version: STOMPVersion?
    ) throws(STOMPProtocolError) -> Int? {
        guard bytes.count > bodyStart else { return nil }
        if bytes[bodyStart] != .null, let command, !command.allowsBody(in: version) { throw bodyNotAllowed(command) }
        guard let contentLength else { return firstNull(bytes) }
        let end = bodyStart + contentLength
        guard end < bytes.count else { return nil }
        guard bytes[end] == .null else {
            throw STOMPProtocolError(.peer, .noNULAfterBody(contentLength: contentLength))
        }
        return end
    }
}

// MARK: Errors

private func unknown(_ line: UnsafeRawBufferPointer) -> STOMPProtocolError {
    STOMPProtocolError(.peer, .unknownCommand(line: .init(line)))
}

private func noNumber(_ value: UnsafeRawBufferPointer) -> STOMPProtocolError {
    STOMPProtocolError(.peer, .malformedContentLength(.init(value)))
}

private func bodyNotAllowed(_ command: Command) -> STOMPProtocolError {
    STOMPProtocolError(.peer, .bodyNotAllowed(command))
}

private func tooLarge(_ limits: FrameLimits) -> STOMPProtocolError {
    STOMPProtocolError(.peer, .frameTooLarge(limit: limits.frame))
}

private func tooLong(_ limit: Int) -> STOMPProtocolError {
    STOMPProtocolError(.peer, .lineTooLong(limit: limit))
}

extension UnsafeRawBufferPointer {
    /// Whether this line ends like the first line of an HTTP request: `POST / HTTP/1.1`.
    fileprivate var isHTTPRequestLine: Bool {
        let word = self[(lastIndex(of: UInt8(ascii: " ")) ?? endIndex)...]
        return word.starts(with: " HTTP/".utf8)
    }
}

extension UnsafeRawBufferPointer {
    /// The index of the first `byte` in `range`. Uses the vectorised search of the C library, on which the
    /// decoder's speed depends.
    @inline(__always)
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        guard let base = baseAddress, !range.isEmpty else { return nil }
        guard let found = memchr(base + range.lowerBound, Int32(byte), range.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// A line of a header block with a CR that is not part of the line end: STOMP 1.2 escapes those ("Value Encoding").
    fileprivate var lineWithBareCarriageReturn: Range<Int>? {
        var start = 0
        while let index = firstIndex(of: .carriageReturn, in: start..<count) {
            start = index + 1
            guard start == count || self[start] != .lineFeed else { continue }
            let line = self[..<index].lastIndex(of: .lineFeed).map { $0 + 1 } ?? 0
            return line..<(firstIndex(of: .lineFeed, in: start..<count) ?? count)
        }
        return nil
    }

    /// `range` without its leading spaces.
    func withoutLeadingBlanks(_ range: Range<Int>) -> Range<Int> {
        var range = range
        while let first = range.first, self[first] == UInt8(ascii: " ") { range.removeFirst() }
        return range
    }

    /// The bytes of `range` as a buffer of their own.
    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// Whether these are the bytes of `text`.
    @inline(__always)
    func equals(_ text: String) -> Bool {
        guard text.utf8.count == count else { return false }
        var text = text
        return text.withUTF8 { other in
            guard count > 0, let mine = baseAddress, let others = other.baseAddress else { return true }
            return memcmp(mine, others, count) == 0
        }
    }
}
