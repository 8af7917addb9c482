import NIOCore

/// Decodes frames from a stream of bytes that arrives in pieces of any size.
///
/// A value without I/O: call ``feed(_:)`` with received bytes, ``next()`` until it returns nil, and ``finish()``
/// when the stream ends. Frames are slices of the buffers that were fed; only a frame that arrived in pieces is
/// copied. After an error the position in the stream is unknown, so every later call throws the same error.
public struct FrameDecoder: Sendable {
    /// The next element of the stream.
    public enum Element: Sendable, Equatable {
        case frame(Frame)
        /// End-of-line bytes between frames. The padding that some servers add directly after a frame is not reported.
        case heartBeat
    }

    /// The negotiated version; nil before negotiation. It sets the escapes and line ends of the frames that
    /// ``next()`` has not returned yet.
    public var version: STOMPVersion?
    /// The limits for frames, starting with the frame that ``next()`` returns next.
    public var limits: FrameLimits
    /// Whether a frame with an unknown command is read to its end and skipped. ``next()`` then throws
    /// ``STOMPProtocolError/skippedCommand`` for that frame only, and continues with the next frame. Before a
    /// version is negotiated, the first line of an HTTP request is never skipped. Default false.
    public var skipsUnknownCommands: Bool {
        get { reader.skipsUnknownCommands }
        set { reader.skipsUnknownCommands = newValue }
    }

    /// The beginning of an incomplete frame; empty between frames.
    private var carry = ByteBuffer()
    /// Bytes received after `carry` that have not been decoded yet.
    private var chunk = ByteBuffer()
    private var reader = FrameReader()
    private var failure: STOMPProtocolError?
    /// The received part of the frame at which the decoder failed; empty if it has not failed.
    public private(set) var rejected = ByteBuffer()
    private var frameEndedInThisChunk = false
    /// Whether a CR was received between frames and its LF has not been received yet.
    private var owesLineFeed = false

    /// Creates a decoder.
    ///
    /// - Parameters:
    ///   - version: the negotiated version. Default nil: none yet.
    ///   - limits: the limits for frames.
    public init(version: STOMPVersion? = nil, limits: FrameLimits = FrameLimits()) {
        self.version = version
        self.limits = limits
    }

    /// The number of bytes that wait for the rest of their frame or for ``next()``.
    public var bufferedBytes: Int { carry.readableBytes + chunk.readableBytes }

    /// The incomplete frame, as of the last call of ``next()`` that returned nil; nil between frames.
    public var unfinished: UnfinishedFrame? { bufferedBytes > 0 ? reader.unfinished(bytes: bufferedBytes) : nil }

    /// Why the received part of the first line cannot be the beginning of a frame; nil if it can.
    ///
    /// ``next()`` waits for the end of that line, because the rest of the line may show which protocol it is.
    public var hopelessBeginning: STOMPProtocolError? {
        guard let line = reader.unfinishedLine(of: carry.readableBytesView), !Command.mayBegin(with: line) else {
            return nil
        }
        return STOMPProtocolError(.peer, .unknownCommand(line: .init(line)))
    }

    /// Adds received bytes.
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
                    // Releases the storage, so that the socket reader can reuse it.
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

    /// Drops the rejected or unfinished frame; the next bytes fed are decoded as the beginning of a frame. This is
    /// useful over WebSocket, where each message begins a frame. ``version`` and ``limits`` are kept.
    ///
    /// - Returns: the bytes that were fed and not returned, starting at the beginning of that frame.
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

    /// Reports the end of the stream to the decoder.
    ///
    /// - Throws: ``STOMPProtocolError/Reason/truncatedFrame(after:)`` when it ended inside a frame.
    public func finish() throws(STOMPProtocolError) {
        if let failure { throw failure }
        guard bufferedBytes == 0 else {
            throw STOMPProtocolError(.peer, .truncatedFrame(after: bufferedBytes))
        }
    }

    /// Skips LF and CR LF; returns whether a complete line end was skipped. A CR may be the last byte received.
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
        // A separate buffer, so that a few bytes do not keep a whole chunk alive.
        carry = ByteBuffer(bytes: chunk.readableBytesView)
        chunk = ByteBuffer()
        return nil
    }

    /// Completes the frame in `carry`. Copies only the bytes that the frame needs, if its size is known: the frames
    /// after it remain slices.
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

/// Limits of a frame; a decoder throws if one is exceeded (STOMP 1.2, "Size Limits"). Sizes are in bytes.
public struct FrameLimits: Sendable, Hashable {
    /// The upper limit of ``frame``, and of a frame that an encoder writes: 1 GiB, so that a buffer still has
    /// room to grow.
    public static let largestFrame = 1 << 30

    /// The longest first line that is read, independent of ``line``, in bytes. All commands are much shorter.
    public static let longestCommandLine = 64 << 10

    /// The maximum length of a header line, without its line end. Default 64 KiB.
    public let line: Int
    /// The maximum number of headers of a frame. Default 1000.
    public let headers: Int
    /// The maximum size of a frame, from its command to its NUL. Default 16 MiB.
    public let frame: Int

    /// Creates limits. Negative values become 0, values above ``largestFrame`` become ``largestFrame``.
    public init(line: Int = 64 << 10, headers: Int = 1000, frame: Int = 16 << 20) {
        self.line = min(max(line, 0), Self.largestFrame)
        self.headers = headers
        self.frame = min(max(frame, 0), Self.largestFrame)
    }
}

/// An incomplete frame: its beginning was received, its end was not.
public struct UnfinishedFrame: Sendable, Hashable {
    /// The number of bytes received.
    public var bytes: Int
    /// Nil if the first line is incomplete or not a command.
    public var command: Command?
    /// The value of `content-length`; nil if the headers are incomplete or lack it.
    public var contentLength: Int?
    /// The number of bytes of the body received; nil if the headers are incomplete.
    public var bodyBytes: Int?

    /// Creates a description of an incomplete frame.
    public init(bytes: Int, command: Command?, contentLength: Int? = nil, bodyBytes: Int? = nil) {
        self.bytes = bytes
        self.command = command
        self.contentLength = contentLength
        self.bodyBytes = bodyBytes
    }
}
