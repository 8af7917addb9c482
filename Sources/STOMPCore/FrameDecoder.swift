import NIOCore

/// Takes a stream of bytes in pieces of any size and gives the frames that are whole.
///
/// A value without I/O: ``feed(_:)`` what came, call ``next()`` until it returns nil, and ``finish()`` when the stream
/// ends. Frames are slices of the buffers that were fed; only a frame that came in pieces is copied together. After an
/// error the stream has no known position any more, so every later call throws the same error.
public struct FrameDecoder: Sendable {
    /// What stands next in the stream.
    public enum Element: Sendable, Equatable {
        case frame(Frame)
        /// End-of-line bytes between frames. The padding that some servers put right behind a frame is not reported.
        case heartBeat
    }

    /// The version that the session agreed on; nil until then. It decides about escapes and line ends, for the frames
    /// that ``next()`` has not yet returned.
    public var version: STOMPVersion?
    /// How much of a frame is taken, from the frame on that ``next()`` returns next.
    public var limits: FrameLimits
    /// Whether a frame with a command that is none is read to its end. ``next()`` throws for that frame alone then, with
    /// ``STOMPProtocolError/skippedCommand``, and goes on behind it. The first line of an HTTP request is not skipped
    /// before the session has a version. Default false.
    public var skipsUnknownCommands: Bool {
        get { reader.skipsUnknownCommands }
        set { reader.skipsUnknownCommands = newValue }
    }

    /// The beginning of a frame whose rest is still to come; empty between frames.
    private var carry = ByteBuffer()
    /// What came behind `carry` and was not read yet.
    private var chunk = ByteBuffer()
    private var reader = FrameReader()
    private var failure: STOMPProtocolError?
    /// The beginning of the frame that the decoder failed at, as far as it had come; empty while it has not failed.
    public private(set) var rejected = ByteBuffer()
    private var frameEndedInThisChunk = false
    /// Whether a CR came between frames, which its LF must follow.
    private var owesLineFeed = false

    public init(version: STOMPVersion? = nil, limits: FrameLimits = FrameLimits()) {
        self.version = version
        self.limits = limits
    }

    /// Bytes that wait for the rest of their frame, or for ``next()``.
    public var bufferedBytes: Int { carry.readableBytes + chunk.readableBytes }

    /// The frame whose beginning came and whose end did not, as of the last call of ``next()`` that returned nil; nil
    /// between frames.
    public var unfinished: UnfinishedFrame? { bufferedBytes > 0 ? reader.unfinished(bytes: bufferedBytes) : nil }

    /// Why no frame can begin with what came of one, although not even its first line is whole; nil where one can.
    ///
    /// ``next()`` waits for the end of that line, as what follows it may show which protocol it is.
    public var hopelessBeginning: STOMPProtocolError? {
        guard let line = reader.unfinishedLine(of: carry.readableBytesView), !Command.mayBegin(with: line) else {
            return nil
        }
        return STOMPProtocolError(.peer, .unknownCommand(line: .init(line)))
    }

    /// Adds what came.
    public mutating func feed(_ bytes: ByteBuffer) {
        guard failure == nil else { return }
        frameEndedInThisChunk = false
        if chunk.readableBytes == 0 {
            chunk = bytes
        } else {
            chunk.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole frame or heart-beat, or nil when more bytes are needed.
    public mutating func next() throws(STOMPProtocolError) -> Element? {
        if let failure { throw failure }
        do {
            if carry.readableBytes == 0 {
                let hadHeartBeat = try skipEndsOfLine()
                if hadHeartBeat, !frameEndedInThisChunk { return .heartBeat }
                guard chunk.readableBytes > 0 else {
                    // Lets go of the storage, which a reader of sockets may use again.
                    chunk = ByteBuffer()
                    return nil
                }
            }
            if let frame = try carry.readableBytes == 0 ? frameFromChunk() : frameFromCarry() {
                frameEndedInThisChunk = true
                return .frame(frame)
            }
        } catch {
            failure = error
            rejected = carry
            rejected.writeImmutableBuffer(chunk)
            carry = ByteBuffer()
            chunk = ByteBuffer()
            throw error
        }
        guard let skipped = reader.skipped else { return nil }
        reader.skipped = nil
        frameEndedInThisChunk = true
        throw skipped
    }

    /// The bytes of ``unfinished``; empty between frames.
    public var unfinishedBytes: ByteBuffer { carry }

    /// Gives up on the frame that was rejected or is unfinished, and takes what is fed next as the beginning of a frame, as
    /// it is where each message of a WebSocket begins one. ``version`` and ``limits`` stay.
    ///
    /// - Returns: what was fed and not returned, from the beginning of that frame on.
    public mutating func restart() -> ByteBuffer {
        var rest = failure == nil ? carry : rejected
        if failure?.reason == .loneCarriageReturn {
            rest = ByteBuffer(bytes: [.carriageReturn] + Array(rest.readableBytesView))
        }
        rest.writeImmutableBuffer(chunk)
        let skips = skipsUnknownCommands
        self = FrameDecoder(version: version, limits: limits)
        skipsUnknownCommands = skips
        return rest
    }

    /// Tells that the stream has ended.
    ///
    /// - Throws: ``STOMPProtocolError/Reason/truncatedFrame(after:)`` when it ended inside a frame.
    public func finish() throws(STOMPProtocolError) {
        if let failure { throw failure }
        guard bufferedBytes == 0 else {
            throw STOMPProtocolError(.peer, .truncatedFrame(after: bufferedBytes))
        }
    }

    /// Skips LF and CR LF; returns whether one ended. A CR may be the last byte that came.
    private mutating func skipEndsOfLine() throws(STOMPProtocolError) -> Bool {
        var ended = false
        while let byte: UInt8 = chunk.getInteger(at: chunk.readerIndex) {
            switch byte {
            case .lineFeed:
                owesLineFeed = false
                ended = true
            case .carriageReturn where !owesLineFeed:
                owesLineFeed = true
            case _ where owesLineFeed:
                throw STOMPProtocolError(.peer, .loneCarriageReturn)
            default:
                return ended
            }
            chunk.moveReaderIndex(forwardBy: 1)
        }
        return ended
    }

    private mutating func frameFromChunk() throws(STOMPProtocolError) -> Frame? {
        if let frame = try reader.read(&chunk, version: version, limits: limits) { return frame }
        guard reader.skipped == nil else { return nil }
        // A buffer of its own, lest a few bytes keep a whole chunk alive.
        carry = ByteBuffer(bytes: chunk.readableBytesView)
        chunk = ByteBuffer()
        return nil
    }

    /// Copies no more of the chunk than the frame needs, as far as that is known: the frames behind it are slices.
    private mutating func frameFromCarry() throws(STOMPProtocolError) -> Frame? {
        while chunk.readableBytes > 0 {
            let wanted = reader.size.map { $0 - carry.readableBytes } ?? max(carry.readableBytes, 512)
            let count = min(wanted, chunk.readableBytes)
            carry.writeImmutableBuffer(chunk.getSlice(at: chunk.readerIndex, length: count) ?? ByteBuffer())
            chunk.moveReaderIndex(forwardBy: count)
            let frame = try reader.read(&carry, version: version, limits: limits)
            if frame != nil || reader.skipped != nil {
                chunk.moveReaderIndex(to: chunk.readerIndex - carry.readableBytes)
                carry = ByteBuffer()
                return frame
            }
        }
        return nil
    }
}

/// How much of a frame a decoder takes before it gives up (STOMP 1.2, "Size Limits"). Sizes are in bytes.
public struct FrameLimits: Sendable, Hashable {
    /// The most that ``frame`` can be, and the most that an encoder writes: 1 GiB, which a buffer holds with room to
    /// grow.
    public static let largestFrame = 1 << 30

    /// The longest first line of a frame that is read, whatever ``line`` is, in bytes: no command is nearly as long.
    public static let longestCommandLine = 64 << 10

    /// The longest header line, without its end. Default 64 KiB.
    public let line: Int
    /// The most headers of a frame. Default 1000.
    public let headers: Int
    /// The largest frame, from its command to its NUL. Default 16 MiB.
    public let frame: Int

    /// What is negative counts as nothing, and what is above ``largestFrame`` as that.
    public init(line: Int = 64 << 10, headers: Int = 1000, frame: Int = 16 << 20) {
        self.line = min(max(line, 0), Self.largestFrame)
        self.headers = headers
        self.frame = min(max(frame, 0), Self.largestFrame)
    }
}

/// The beginning of a frame whose end has not come.
public struct UnfinishedFrame: Sendable, Hashable {
    /// How many bytes of the frame came.
    public var bytes: Int
    /// Nil where not even the first line came, or it is no command.
    public var command: Command?
    /// The `content-length`, where the headers came and have one.
    public var contentLength: Int?
    /// How many bytes of the body came; nil where the headers have no end yet.
    public var bodyBytes: Int?

    public init(bytes: Int, command: Command?, contentLength: Int? = nil, bodyBytes: Int? = nil) {
        self.bytes = bytes
        self.command = command
        self.contentLength = contentLength
        self.bodyBytes = bodyBytes
    }
}
