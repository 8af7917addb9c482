import NIOCore
import STOMPCore
import STOMPTransport

/// What an app and its server send to each other, whatever carries it: STOMP, or something else. A value without
/// I/O.
struct StreamInspector {
    private enum Speech {
        /// The app has not sent enough yet.
        case unknown
        case stomp
        case other
    }

    private var speech = Speech.unknown
    /// Which sides have sent what is not STOMP since their last frame.
    private var isAstray = Pair(app: false, server: false)
    private var filters: Pair<FrameFilter>
    /// What ``FrameFilter/pieces`` was when an unfinished frame was last reported.
    private var reportedPieces = Pair<Int?>(app: nil, server: nil)
    /// Whether the last message of each side was text, where it is one of a WebSocket.
    private(set) var isText = Pair(app: true, server: true)
    /// Whether it was reported that an app may leave out its NULs.
    private var hasReportedMissingNUL = false
    private var policy: FaultPolicy?
    private let keepsMessages: Bool
    /// What carries it: ``WireEvent/Layer/sockjs`` once an envelope has come.
    var layer: WireEvent.Layer
    /// What the app has sent so far, if that is less than a command; if faults may drop something, it has not passed.
    private var opening = ByteBuffer()

    /// - Parameters:
    ///   - limits: of the frames that are taken apart.
    ///   - keepsMessages: whether it is carried by messages, over WebSocket and SockJS, and not by bytes.
    ///   - faults: what may get lost.
    init(limits: FrameLimits, keepsMessages: Bool, faults: TapFaults) {
        filters = Pair { _ in FrameFilter(limits: limits, keepsMessages: keepsMessages) }
        self.keepsMessages = keepsMessages
        layer = keepsMessages ? .ws : .tcp
        policy = faults.needsSifting ? FaultPolicy(faults) : nil
    }

    /// Whether as many frames have passed as may.
    var isSpent: Bool { policy?.isSpent ?? false }

    /// Takes what a read brought of a stream.
    ///
    /// - Returns: what is reported; and what passes, if faults may drop something.
    mutating func inspect(_ bytes: ByteBuffer, _ direction: WireEvent.Direction) -> FrameFilter.Outcome {
        var outcome = FrameFilter.Outcome()
        inspect(bytes, direction, into: &outcome)
        return outcome
    }

    /// Takes a message, or what a read brought of a stream.
    ///
    /// - Parameters:
    ///   - isText: what kind of message it is, where it is one of a WebSocket.
    ///   - outcome: gets what is reported; and what passes, if faults may drop something.
    mutating func inspect(
        _ bytes: ByteBuffer, _ direction: WireEvent.Direction, isText: Bool = true,
        into outcome: inout FrameFilter.Outcome
    ) {
        switch speech {
        case .stomp where isAstray[direction] && !(keepsMessages && Self.looksLikeFrame(bytes)):
            inspectOther(bytes, direction, isText, into: &outcome)
        case .stomp: inspectSTOMP(bytes, direction, isText, into: &outcome)
        case .unknown where direction == .outgoing, .other where direction == .outgoing && keepsMessages:
            inspectOpening(bytes, isText, into: &outcome)
        case .unknown, .other: inspectOther(bytes, direction, isText, into: &outcome)
        }
    }

    /// The most line ends that are held before the first command, in bytes.
    private static let longestOpening = 4096

    /// Takes what the app sends first.
    private mutating func inspectOpening(_ bytes: ByteBuffer, _ isText: Bool, into outcome: inout FrameFilter.Outcome) {
        var said = opening
        said.writeImmutableBuffer(bytes)
        switch Self.beginsSTOMP(said) {
        case true?:
            opening = ByteBuffer()
            speech = .stomp
            inspectSTOMP(said, .outgoing, isText, into: &outcome)
        case false?,
            nil where !keepsMessages && said.readableBytes > Self.longestOpening:
            opening = ByteBuffer()
            speech = .other
            inspectOther(said, .outgoing, isText, into: &outcome)
        case nil where keepsMessages:
            inspectOther(bytes, .outgoing, isText, into: &outcome)
        case nil:
            opening = said
        }
    }

    /// Reports and passes what is held, as one side has ended.
    mutating func finish(_ direction: WireEvent.Direction) -> FrameFilter.Outcome {
        var outcome = FrameFilter.Outcome()
        if direction == .outgoing, opening.readableBytes > 0 {
            inspectOther(opening, direction, true, into: &outcome)
            opening = ByteBuffer()
        }
        giveUp(direction, into: &outcome)
        release(direction, &outcome)
        return outcome
    }

    private mutating func release(_ direction: WireEvent.Direction, _ outcome: inout FrameFilter.Outcome) {
        if policy != nil { filters[direction].releaseAll(into: &outcome) }
    }

    private mutating func inspectSTOMP(
        _ bytes: ByteBuffer, _ direction: WireEvent.Direction, _ isText: Bool, into outcome: inout FrameFilter.Outcome
    ) {
        if filters[direction].isCutOff(by: bytes) {
            giveUp(direction, into: &outcome)
            release(direction, &outcome)
        }
        self.isText[direction] = isText
        isAstray[direction] = false
        do throws(STOMPProtocolError) {
            try Self.inspect(bytes, &filters[direction], &policy, &outcome)
            // The server says which version both speak.
            if direction == .incoming { filters.app.version = filters.server.version }
        } catch {
            // What belongs to it is not dropped: of a stream that is all that follows, otherwise the rest of a message.
            isAstray[direction] = true
            let rest = filters[direction].restart()
            release(direction, &outcome)
            let fault = FrameFault(of: error, in: rest)
            outcome.seen.append(.note(keepsMessages ? .invalidFrame(error, fault) : .notSTOMP(error)))
            outcome.seen.append(other(rest, isText))
        }
    }

    /// Whether a message after an invalid frame is worth being taken for a frame: it begins with what may be meant as a
    /// command, and not with the rest of the invalid one. A heart-beat is one too.
    private static func looksLikeFrame(_ message: ByteBuffer) -> Bool {
        let line = message.readableBytesView.drop { $0 == 0x0A || $0 == 0x0D }
        guard let end = line.firstIndex(where: { $0 | 0x20 < UInt8(ascii: "a") || $0 | 0x20 > UInt8(ascii: "z") })
        else {
            return line.isEmpty
        }
        return end > line.startIndex && (line[end] == 0x0A || line[end] == 0x0D)
    }

    // MARK: - Frames without an end

    /// How long nothing must have come before an unfinished frame is reported.
    var frameTimeout: TimeAmount { keepsMessages ? .seconds(1) : .seconds(5) }

    /// Counts what has come of an unfinished frame that was not reported yet; nil without such a frame.
    func awaitedPieces(_ direction: WireEvent.Direction) -> Int? {
        let pieces = filters[direction].pieces
        return pieces != reportedPieces[direction] && filters[direction].unfinished != nil ? pieces : nil
    }

    /// Reports a frame of whose rest nothing has come for a while. It is still taken if it comes.
    ///
    /// - Parameter passes: whether what is held of it passes, as the other side should see it too.
    mutating func reportUnfinished(
        _ direction: WireEvent.Direction, passes: Bool
    ) -> FrameFilter.Outcome {
        var outcome = FrameFilter.Outcome()
        guard let frame = filters[direction].unfinished, awaitedPieces(direction) != nil else { return outcome }
        let bytes = filters[direction].unfinishedBytes
        // The rest of a stream may come at any time, and then shows the whole frame.
        if keepsMessages { outcome.seen.append(unfinished(frame, bytes, direction)) }
        report(frame, bytes, direction, into: &outcome)
        if passes { release(direction, &outcome) }
        return outcome
    }

    /// Reports an unfinished frame whose rest will not come. What comes next begins a frame.
    private mutating func giveUp(_ direction: WireEvent.Direction, into outcome: inout FrameFilter.Outcome) {
        guard let frame = filters[direction].unfinished else { return }
        let isNew = awaitedPieces(direction) != nil
        let bytes = filters[direction].restart()
        if isNew || !keepsMessages { outcome.seen.append(unfinished(frame, bytes, direction)) }
        if isNew { report(frame, bytes, direction, into: &outcome) }
    }

    private mutating func report(
        _ frame: UnfinishedFrame, _ bytes: ByteBuffer, _ direction: WireEvent.Direction,
        into outcome: inout FrameFilter.Outcome
    ) {
        reportedPieces[direction] = filters[direction].pieces
        var fault = FrameFault(of: frame, in: bytes)
        if fault == nil, keepsMessages, direction == .outgoing, isText.app, frame.lacksNULOnly, !hasReportedMissingNUL {
            hasReportedMissingNUL = true
            fault = .missingNUL
        }
        outcome.seen.append(.note(.unfinishedFrame(frame, destination: UnfinishedFrame.destination(in: bytes), fault)))
    }

    private func unfinished(
        _ frame: UnfinishedFrame, _ bytes: ByteBuffer, _ direction: WireEvent.Direction
    ) -> TapEvent.Content {
        let carried = WireEvent.Content.message(isText: isText[direction])
        return .unfinished(frame, layer, keepsMessages ? carried : .bytes, bytes)
    }

    // MARK: - What passes

    private static func inspect(
        _ bytes: ByteBuffer, _ filter: inout FrameFilter, _ policy: inout FaultPolicy?,
        _ outcome: inout FrameFilter.Outcome
    ) throws(STOMPProtocolError) {
        guard var present = policy else { return try filter.append(bytes, seen: &outcome.seen) }
        defer { policy = present }
        try filter.sift(bytes, &present, outcome: &outcome)
    }

    private mutating func inspectOther(
        _ bytes: ByteBuffer, _ direction: WireEvent.Direction, _ isText: Bool, into outcome: inout FrameFilter.Outcome
    ) {
        if let verdict = policy?.judgeMessage(), verdict != .pass { return }
        outcome.seen.append(other(bytes, isText))
        // What was held before this turned out to be no STOMP.
        release(direction, &outcome)
        outcome.passed.append(bytes)
    }

    private func other(_ bytes: ByteBuffer, _ isText: Bool) -> TapEvent.Content {
        .wire(layer, keepsMessages ? .message(isText: isText) : .bytes, bytes)
    }

    /// Whether an app begins STOMP with these bytes: each session begins with CONNECT or STOMP. Nil where they are
    /// too few to tell.
    private static func beginsSTOMP(_ bytes: ByteBuffer) -> Bool? {
        let said = bytes.readableBytesView.drop { $0 == 0x0A || $0 == 0x0D }
        for command in ["CONNECT", "STOMP"] {
            let line = Array(command.utf8)
            if said.starts(with: line), let next = said.dropFirst(line.count).first {
                return next == 0x0A || next == 0x0D
            }
            if line.starts(with: said) { return nil }
        }
        return false
    }
}
