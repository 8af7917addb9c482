import NIOCore
import STOMPCore
import STOMPTransport

/// Inspects what an app and its server send to each other, over any carrier: STOMP, or another protocol. A value
/// without I/O.
struct StreamInspector {
    private enum Speech {
        /// The app has not sent enough to decide.
        case unknown
        case stomp
        case other
    }

    private var speech = Speech.unknown
    /// The sides that have sent bytes that are not STOMP since their last frame.
    private var isAstray = Pair(app: false, server: false)
    private var filters: Pair<FrameFilter>
    /// The value of ``FrameFilter/pieces`` when an unfinished frame was last reported.
    private var reportedPieces = Pair<Int?>(app: nil, server: nil)
    /// Whether the last message of each side was text, if it was a WebSocket message.
    private(set) var isText = Pair(app: true, server: true)
    /// Whether it was reported that an app may omit its NULs.
    private var hasReportedMissingNUL = false
    private var policy: FaultPolicy?
    private let keepsMessages: Bool
    /// The layer that carries it: ``WireEvent/Layer/sockjs`` after the first SockJS envelope.
    var layer: WireEvent.Layer
    /// The bytes from the app so far, if they are less than a command. If faults may drop something, they have not
    /// passed.
    private var opening = ByteBuffer()

    /// - Parameters:
    ///   - limits: the limits of the frames that are decoded.
    ///   - keepsMessages: whether the carrier sends messages (WebSocket and SockJS), not bytes.
    ///   - faults: the faults that may drop something.
    init(limits: FrameLimits, keepsMessages: Bool, faults: TapFaults) {
        filters = Pair { _ in FrameFilter(limits: limits, keepsMessages: keepsMessages) }
        self.keepsMessages = keepsMessages
        layer = keepsMessages ? .ws : .tcp
        policy = faults.needsSifting ? FaultPolicy(faults) : nil
    }

    /// Whether the allowed number of frames has passed.
    var isSpent: Bool { policy?.isSpent ?? false }

    /// Inspects the bytes of one read of a stream.
    ///
    /// - Returns: what to report; and what passes, if faults may drop something.
    mutating func inspect(_ bytes: ByteBuffer, _ direction: WireEvent.Direction) -> FrameFilter.Outcome {
        var outcome = FrameFilter.Outcome()
        inspect(bytes, direction, into: &outcome)
        return outcome
    }

    /// Inspects a message, or the bytes of one read of a stream.
    ///
    /// - Parameters:
    ///   - isText: whether a WebSocket message is text.
    ///   - outcome: receives what to report; and what passes, if faults may drop something.
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

    /// The maximum number of line ends that are held before the first command, in bytes.
    private static let longestOpening = 4096

    /// Inspects the first bytes from the app.
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

    /// Reports and passes everything held, because one side has ended.
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
            // The server chooses the version for both sides.
            if direction == .incoming { filters.app.version = filters.server.version }
        } catch {
            // Bytes that are not STOMP are not dropped: everything that follows in a stream, otherwise the rest of
            // the message.
            isAstray[direction] = true
            let rest = filters[direction].restart()
            release(direction, &outcome)
            let fault = FrameFault(of: error, in: rest)
            outcome.seen.append(.note(keepsMessages ? .invalidFrame(error, fault) : .notSTOMP(error)))
            outcome.seen.append(other(rest, isText))
        }
    }

    /// Whether a message after an invalid frame may be a frame: it starts with something that may be meant as a
    /// command, and not with the rest of the invalid frame. A heart-beat counts too.
    private static func looksLikeFrame(_ message: ByteBuffer) -> Bool {
        let line = message.readableBytesView.drop { $0 == 0x0A || $0 == 0x0D }
        guard let end = line.firstIndex(where: { $0 | 0x20 < UInt8(ascii: "a") || $0 | 0x20 > UInt8(ascii: "z") })
        else {
            return line.isEmpty
        }
        return end > line.startIndex && (line[end] == 0x0A || line[end] == 0x0D)
    }

    // MARK: - Unfinished frames

    /// The idle time after which an unfinished frame is reported.
    var frameTimeout: TimeAmount { keepsMessages ? .seconds(1) : .seconds(5) }

    /// The number of pieces received, if there is an unfinished frame that was not reported yet; otherwise nil.
    func awaitedPieces(_ direction: WireEvent.Direction) -> Int? {
        let pieces = filters[direction].pieces
        return pieces != reportedPieces[direction] && filters[direction].unfinished != nil ? pieces : nil
    }

    /// Reports an unfinished frame whose rest has not arrived for a while. The rest is still accepted if it
    /// arrives.
    ///
    /// - Parameter passes: whether the held part of it passes, so that the other side sees it too.
    mutating func reportUnfinished(
        _ direction: WireEvent.Direction, passes: Bool
    ) -> FrameFilter.Outcome {
        var outcome = FrameFilter.Outcome()
        guard let frame = filters[direction].unfinished, awaitedPieces(direction) != nil else { return outcome }
        let bytes = filters[direction].unfinishedBytes
        // The rest of a stream may still arrive, and then the complete frame is shown.
        if keepsMessages { outcome.seen.append(unfinished(frame, bytes, direction)) }
        report(frame, bytes, direction, into: &outcome)
        if passes { release(direction, &outcome) }
        return outcome
    }

    /// Reports an unfinished frame whose rest will not arrive. The next bytes start a frame.
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

    // MARK: - Passing on

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
        // The bytes held before this turned out not to be STOMP.
        release(direction, &outcome)
        outcome.passed.append(bytes)
    }

    private func other(_ bytes: ByteBuffer, _ isText: Bool) -> TapEvent.Content {
        .wire(layer, keepsMessages ? .message(isText: isText) : .bytes, bytes)
    }

    /// Whether the first bytes from an app are STOMP: each session starts with CONNECT or STOMP. Nil if there are
    /// too few bytes to decide.
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
