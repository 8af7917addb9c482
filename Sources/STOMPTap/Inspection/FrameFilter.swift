import NIOCore
import STOMPCore

/// Splits the stream of one side into STOMP frames and heart-beats, and returns what passes. A value without I/O.
struct FrameFilter {
    /// The result of inspecting a piece of the stream.
    struct Outcome {
        var seen: [TapEvent.Content] = []
        /// The messages that pass, in order.
        var passed: [ByteBuffer] = []

        /// Removes and returns what was seen so far, to report it before the rest.
        mutating func takeSeen() -> [TapEvent.Content] {
            defer { seen = [] }
            return seen
        }
    }

    private var decoder: FrameDecoder
    private let keepsMessages: Bool
    /// The bytes after the last frame; whether they pass is not decided yet.
    private var undecided = ByteBuffer()
    /// The messages that are held until the frame that starts in the last of them is complete.
    private var held: [ByteBuffer] = []
    /// The part of them that passes, if not all does.
    private var kept = ByteBuffer()
    private var hasDropped = false
    /// Whether the start of the unfinished frame has passed, so that its rest must pass too.
    private var hasPassedBeginning = false
    /// The number of pieces received, except those that are only line ends: they may be heart-beats after a
    /// truncated frame.
    private(set) var pieces = 0

    /// - Parameter keepsMessages: whether a message that was received as one passes as one.
    init(limits: FrameLimits, keepsMessages: Bool) {
        decoder = FrameDecoder(limits: limits)
        self.keepsMessages = keepsMessages
    }

    /// The STOMP version that the session has negotiated.
    var version: STOMPVersion? {
        get { decoder.version }
        set { decoder.version = newValue }
    }

    /// The frame whose end has not been received.
    var unfinished: UnfinishedFrame? { decoder.unfinished }
    var unfinishedBytes: ByteBuffer { decoder.unfinishedBytes }

    /// Decodes received bytes, all of which pass.
    ///
    /// - Throws: an error if the bytes are not STOMP; what was seen before it is in `seen`.
    mutating func append(_ bytes: ByteBuffer, seen: inout [TapEvent.Content]) throws(STOMPProtocolError) {
        feed(bytes)
        while let element = try decoder.next() {
            switch element {
            case .heartBeat: seen.append(.heartBeat)
            case .frame(let frame):
                learn(from: frame)
                seen.append(.frame(frame))
            }
        }
        try checkBeginning()
    }

    /// Decodes received bytes, and passes those that `policy` lets pass.
    ///
    /// - Throws: an error if the bytes are not STOMP; what was seen before it is in `outcome`.
    mutating func sift(
        _ bytes: ByteBuffer, _ policy: inout FaultPolicy, outcome: inout Outcome
    ) throws(STOMPProtocolError) {
        undecided.writeImmutableBuffer(bytes)
        if keepsMessages { held.append(bytes) }
        feed(bytes)
        while let element = try decoder.next() {
            let size = undecided.readableBytes - decoder.bufferedBytes
            let span = undecided.readSlice(length: size) ?? ByteBuffer()
            let verdict: FaultPolicy.Verdict
            let content: TapEvent.Content
            var hasPassedBeginning = false
            switch element {
            case .heartBeat:
                verdict = policy.judgeHeartBeat()
                content = .heartBeat
            case .frame(let frame):
                learn(from: frame)
                verdict = policy.judge(frame)
                swap(&hasPassedBeginning, &self.hasPassedBeginning)
                content = .frame(frame)
            }
            switch verdict {
            case .drop where hasPassedBeginning, .hide where hasPassedBeginning:
                outcome.seen += [content, .note(.tooLateToDrop)]
                kept.writeImmutableBuffer(span)
            case .pass:
                outcome.seen.append(content)
                kept.writeImmutableBuffer(span)
            case .drop(let reason):
                outcome.seen += [content, .fault(reason)]
                hasDropped = true
            case .hide:
                hasDropped = true
            }
        }
        try checkBeginning()
        release(into: &outcome, keepsPadding: policy.judgeHeartBeat() == .pass)
    }

    /// Passes everything held, because the stream turned out not to be STOMP, or ended.
    mutating func releaseAll(into outcome: inout Outcome) {
        if !hasDropped, keepsMessages {
            outcome.passed += held
        } else {
            kept.writeImmutableBuffer(undecided)
            if kept.readableBytes > 0 { outcome.passed.append(kept) }
        }
        clear()
        undecided = ByteBuffer()
        hasPassedBeginning = decoder.bufferedBytes > 0
    }

    // MARK: - Unfinished frames

    /// Whether a message is the start of a frame, so that the unfinished frame before it was truncated.
    ///
    /// The rest of a large frame that was split over several messages may look like one; its length shows that it
    /// is not.
    func isCutOff(by message: ByteBuffer) -> Bool {
        guard keepsMessages, let frame = unfinished, Command.isFirstLine(of: message.readableBytesView) else {
            return false
        }
        guard let length = frame.contentLength, let bodyBytes = frame.bodyBytes else { return true }
        return message.getInteger(at: message.readerIndex + length - bodyBytes, as: UInt8.self) != 0
    }

    /// Treats the next bytes as the start of a frame.
    ///
    /// - Returns: the bytes of the invalid or unfinished frame, and everything after it.
    mutating func restart() -> ByteBuffer { decoder.restart() }

    private mutating func feed(_ bytes: ByteBuffer) {
        if !bytes.isEndOfLine { pieces &+= 1 }
        decoder.feed(bytes)
    }

    /// A message that starts with something that cannot be a command will not become a frame.
    private func checkBeginning() throws(STOMPProtocolError) {
        if keepsMessages, let error = decoder.hopelessBeginning { throw error }
    }

    private mutating func learn(from frame: Frame) {
        guard frame.command == .connected else { return }
        decoder.version = frame.headers["version"].flatMap(STOMPVersion.init(rawValue:)) ?? .v10
    }

    /// - Parameter keepsPadding: whether line ends after a frame, which have no meaning, pass.
    private mutating func release(into outcome: inout Outcome, keepsPadding: Bool) {
        guard decoder.bufferedBytes == 0 || !keepsMessages else { return }
        if decoder.bufferedBytes == 0, undecided.readableBytes > 0 {
            if keepsPadding { kept.writeImmutableBuffer(undecided) } else { hasDropped = true }
            undecided = ByteBuffer()
        }
        if keepsMessages, !hasDropped {
            outcome.passed += held
        } else if kept.readableBytes > 0 {
            outcome.passed.append(kept)
        }
        clear()
    }

    private mutating func clear() {
        held = []
        kept = ByteBuffer()
        hasDropped = false
    }
}

extension ByteBuffer {
    /// Whether this is LF or CR LF and nothing more.
    fileprivate var isEndOfLine: Bool {
        readableBytes <= 2 && readableBytesView.allSatisfy { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    }
}
