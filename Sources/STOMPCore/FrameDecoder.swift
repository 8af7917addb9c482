import NIOCore

/// Takes a stream of octets in pieces of any size and gives the frames that are whole.
///
/// A value without I/O: ``feed(_:)`` what came, call ``next()`` until it returns nil, and ``finish()`` when the stream
/// ends. Frames are slices of the buffers that were fed. After an error the stream has no known position any more, so
/// every later call throws the same error.
public struct FrameDecoder: Sendable {
    /// What stands next in the stream.
    public enum Element: Sendable, Equatable {
        case frame(Frame)
        /// End-of-line octets between frames. The padding that some servers put right behind a frame is not reported.
        case heartBeat
    }

    /// The version that the session agreed on; nil until then. It decides about escapes and line ends, for the frames
    /// that ``next()`` has not yet returned.
    public var version: STOMPVersion?
    public let limits: FrameLimits

    private var buffer = ByteBuffer()
    private var progress = Progress()
    private var failure: STOMPProtocolError?
    /// Whether a frame was cut off from `buffer`, so that its storage is shared.
    private var isShared = false
    private var frameEndedInThisChunk = false

    /// How far the frame at the head of `buffer` has been read. Offsets count from its first octet.
    private struct Progress {
        enum Part { case command, headers, body }
        var part = Part.command
        var lineStart = 0
        /// Everything before this offset has been searched for the end of the part.
        var searched = 0
        var command: Command?
        var stripsCarriageReturn = false
        var headersStart = 0
        var headersEnd = 0
        var headerCount = 0
        var contentLength: Int?
        var bodyStart = 0
    }

    public init(version: STOMPVersion? = nil, limits: FrameLimits = FrameLimits()) {
        self.version = version
        self.limits = limits
    }

    /// Octets of an unfinished frame, waiting for their rest.
    public var bufferedBytes: Int { buffer.readableBytes }

    /// Adds what came.
    public mutating func feed(_ chunk: ByteBuffer) {
        frameEndedInThisChunk = false
        guard chunk.readableBytes > 0 else { return }
        if buffer.readableBytes == 0 {
            buffer = chunk
            isShared = true
        } else {
            if isShared {
                // Frames hold slices of this storage: carry the unfinished one over rather than copy everything.
                var own = ByteBufferAllocator().buffer(capacity: buffer.readableBytes + chunk.readableBytes)
                own.writeImmutableBuffer(buffer)
                buffer = own
                isShared = false
            }
            if progress.part == .body, let length = progress.contentLength {
                buffer.reserveCapacity(minimumWritableBytes: progress.bodyStart + length + 1 - buffer.readableBytes)
            }
            buffer.writeImmutableBuffer(chunk)
        }
    }

    /// The next whole frame or heart-beat, or nil when more octets are needed.
    public mutating func next() throws(STOMPProtocolError) -> Element? {
        if let failure { throw failure }
        do {
            if progress.part == .command, progress.searched == 0 {
                if skipEndsOfLine(), !frameEndedInThisChunk { return .heartBeat }
                if buffer.readableBytes == 0 { return nil }
            }
            guard let frame = try readFrame() else { return nil }
            buffer.moveReaderIndex(forwardBy: frame.bytes.readableBytes)
            progress = Progress()
            isShared = true
            frameEndedInThisChunk = true
            return .frame(frame)
        } catch {
            failure = error
            throw error
        }
    }

    /// Tells that the stream has ended.
    ///
    /// - Throws: ``STOMPProtocolError/Code/truncatedFrame`` when it ended inside a frame.
    public func finish() throws(STOMPProtocolError) {
        if let failure { throw failure }
        guard buffer.readableBytes > 0, !isLoneCarriageReturn else { return }
        throw STOMPProtocolError(
            .truncatedFrame, "the stream ended inside a frame, after \(buffer.readableBytes) octets of it")
    }

    // MARK: Between frames

    private var isLoneCarriageReturn: Bool {
        buffer.readableBytes == 1 && buffer.getInteger(at: buffer.readerIndex) == UInt8.carriageReturn
    }

    /// Skips LF and CR LF. A CR at the end of what came may still become one.
    private mutating func skipEndsOfLine() -> Bool {
        let skipped = buffer.withUnsafeReadableBytes { octets in
            var index = 0
            while index < octets.count {
                if octets[index] == .lineFeed {
                    index += 1
                } else if octets[index] == .carriageReturn, index + 1 < octets.count, octets[index + 1] == .lineFeed {
                    index += 2
                } else {
                    break
                }
            }
            return index
        }
        buffer.moveReaderIndex(forwardBy: skipped)
        return skipped > 0
    }

    // MARK: One frame

    private mutating func readFrame() throws(STOMPProtocolError) -> Frame? {
        var progress = self.progress
        defer { self.progress = progress }
        let version = self.version
        let limits = self.limits
        let result = buffer.withUnsafeReadableBytes { octets -> Result<Int?, STOMPProtocolError> in
            do throws(STOMPProtocolError) {
                let reader = FrameReader(octets: octets, version: version, limits: limits)
                return .success(try reader.advance(&progress))
            } catch {
                return .failure(error)
            }
        }
        guard let end = try result.get(), let command = progress.command,
            let bytes = buffer.getSlice(at: buffer.readerIndex, length: end + 1)
        else { return nil }
        return Frame(
            command: command, bytes: bytes, escaping: HeaderEscaping(command: command, version: version),
            headerBlock: progress.headersStart..<progress.headersEnd,
            stripsCarriageReturn: progress.stripsCarriageReturn, bodyRange: progress.bodyStart..<end)
    }

    /// Reads one frame off octets that hold at least its beginning.
    private struct FrameReader {
        let octets: UnsafeRawBufferPointer
        let version: STOMPVersion?
        let limits: FrameLimits

        /// Goes on from `progress`; returns the offset of the frame's NUL once it is there.
        func advance(_ progress: inout Progress) throws(STOMPProtocolError) -> Int? {
            while progress.part != .body {
                guard let lineFeed = octets.firstIndex(of: .lineFeed, in: progress.searched..<octets.count) else {
                    try checkUnfinishedLine(progress)
                    progress.searched = octets.count
                    return nil
                }
                var end = lineFeed
                let endsInCarriageReturn = end > progress.lineStart && octets[end - 1] == .carriageReturn
                if progress.part == .command {
                    // Before 1.2 a line ends in LF alone, so a CR there would be part of a header's value. A peer
                    // that ends its command with CR LF ends every line so.
                    progress.stripsCarriageReturn = version == .v12 || version == nil || endsInCarriageReturn
                }
                if endsInCarriageReturn, progress.stripsCarriageReturn { end -= 1 }
                try read(line: progress.lineStart..<end, next: lineFeed + 1, into: &progress)
                progress.lineStart = lineFeed + 1
                progress.searched = lineFeed + 1
                guard progress.lineStart <= limits.frame else { throw frameTooLarge() }
            }
            return try findEnd(&progress)
        }

        private func read(line: Range<Int>, next: Int, into progress: inout Progress) throws(STOMPProtocolError) {
            guard line.count <= limits.line else { throw lineTooLong() }
            switch progress.part {
            case .command:
                progress.command = try command(line)
                progress.part = .headers
                progress.headersStart = next
            case .headers where line.isEmpty:
                progress.headersEnd = progress.lineStart
                progress.bodyStart = next
                progress.part = .body
                try checkHeaderBlock(progress)
            case .headers:
                guard let colon = octets.firstIndex(of: .colon, in: line), colon > line.lowerBound else {
                    throw STOMPProtocolError(.malformedHeader, "a header line has no name and colon: \(excerpt(line))")
                }
                progress.headerCount += 1
                guard progress.headerCount <= limits.headers else {
                    throw STOMPProtocolError(.tooManyHeaders, "a frame has more than \(limits.headers) headers")
                }
                if progress.contentLength == nil,
                    octets.slice(line.lowerBound..<colon).equals("content-length")
                {
                    progress.contentLength = try contentLength((colon + 1)..<line.upperBound)
                }
            case .body:
                break
            }
        }

        private func command(_ line: Range<Int>) throws(STOMPProtocolError) -> Command {
            let text = octets.slice(line)
            guard let command = Command.allCases.first(where: { text.equals($0.rawValue) }) else {
                throw STOMPProtocolError(.unknownCommand, "a frame begins with \(excerpt(line)), which is no command")
            }
            if let version, version < command.since {
                throw STOMPProtocolError(.notInThisVersion, "STOMP \(version) has no \(command)")
            }
            return command
        }

        private func contentLength(_ value: Range<Int>) throws(STOMPProtocolError) -> Int {
            var digits = octets.slice(value)[...]
            if version == .v10 || version == nil {
                // The examples of STOMP 1.0 put a blank behind the colon.
                digits = digits.drop { $0 == UInt8(ascii: " ") }
            }
            guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
                throw STOMPProtocolError(
                    .malformedContentLength, "content-length is no number of octets: \(excerpt(value))")
            }
            guard let length = Int(String(decoding: digits, as: UTF8.self)), length <= limits.frame else {
                throw frameTooLarge()
            }
            return length
        }

        private func checkHeaderBlock(_ progress: Progress) throws(STOMPProtocolError) {
            let block = progress.headersStart..<progress.headersEnd
            if octets.firstIndex(of: .null, in: block) != nil {
                throw STOMPProtocolError(.malformedHeader, "a header holds a NUL: \(excerpt(block))")
            }
            guard let command = progress.command, octets.firstIndex(of: .backslash, in: block) != nil else { return }
            let escaping = HeaderEscaping(command: command, version: version)
            if let escape = escaping.undefinedEscape(in: octets.slice(block)) {
                throw STOMPProtocolError(
                    .undefinedEscape, "a header of \(command) holds \(escape), which is no escape of this version")
            }
        }

        /// A line that has not ended yet must not grow without bound, nor wait for ever behind a NUL.
        private func checkUnfinishedLine(_ progress: Progress) throws(STOMPProtocolError) {
            let line = progress.lineStart..<octets.count
            if octets.firstIndex(of: .null, in: max(progress.searched, line.lowerBound)..<octets.count) != nil {
                throw STOMPProtocolError(
                    progress.part == .command ? .unknownCommand : .malformedHeader,
                    progress.part == .command
                        ? "a frame begins with \(excerpt(line)), which is no command"
                        : "a NUL came before the empty line that ends the headers: \(excerpt(line))")
            }
            // One octet more than the limit may be the CR of the line's end.
            guard line.count <= limits.line + 1 else { throw lineTooLong() }
        }

        private func findEnd(_ progress: inout Progress) throws(STOMPProtocolError) -> Int? {
            let start = progress.bodyStart
            let end: Int
            if let length = progress.contentLength {
                end = start + length
                guard end < limits.frame else { throw frameTooLarge() }
                guard end < octets.count else { return nil }
                guard octets[end] == .null else {
                    throw STOMPProtocolError(
                        .contentLengthMismatch,
                        "content-length is \(length), but the octet after as many of body is no NUL")
                }
            } else {
                guard let null = octets.firstIndex(of: .null, in: max(progress.searched, start)..<octets.count) else {
                    guard octets.count < limits.frame else { throw frameTooLarge() }
                    progress.searched = octets.count
                    return nil
                }
                end = null
                guard end < limits.frame else { throw frameTooLarge() }
            }
            if end > start, let command = progress.command, !command.allowsBody(in: version) {
                throw STOMPProtocolError(.bodyNotAllowed, "a \(command) frame has a body of \(end - start) octets")
            }
            return end
        }

        private func frameTooLarge() -> STOMPProtocolError {
            STOMPProtocolError(.frameTooLarge, "a frame is larger than the limit of \(limits.frame) octets")
        }

        private func lineTooLong() -> STOMPProtocolError {
            STOMPProtocolError(.lineTooLong, "a line of a frame is longer than \(limits.line) octets")
        }

        /// The first octets of `range`, quoted so that they can stand in a message.
        private func excerpt(_ range: Range<Int>) -> String {
            let shown = octets.slice(range.lowerBound..<min(range.upperBound, range.lowerBound + 40))
            let text = shown.map { octet in
                (0x20..<0x7F).contains(octet) ? String(UnicodeScalar(octet)) : "\\x" + hex(octet)
            }
            return "\"\(text.joined())\"" + (range.count > 40 ? "..." : "")
        }

        private func hex(_ octet: UInt8) -> String {
            let digits = String(octet, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
    }
}
