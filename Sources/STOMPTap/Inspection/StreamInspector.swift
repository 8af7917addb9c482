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
    private var filters: Pair<FrameFilter>
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
        case .stomp: inspectSTOMP(bytes, direction, isText, into: &outcome)
        case .unknown where direction == .outgoing: inspectOpening(bytes, isText, into: &outcome)
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
        release(direction, &outcome)
        return outcome
    }

    private mutating func release(_ direction: WireEvent.Direction, _ outcome: inout FrameFilter.Outcome) {
        if policy != nil { filters[direction].releaseAll(into: &outcome) }
    }

    private mutating func inspectSTOMP(
        _ bytes: ByteBuffer, _ direction: WireEvent.Direction, _ isText: Bool, into outcome: inout FrameFilter.Outcome
    ) {
        let first = outcome.seen.count
        let carried = filters[direction].bufferedBytes
        do throws(STOMPProtocolError) {
            try Self.inspect(bytes, &filters[direction], &policy, &outcome)
            // The server says which version both speak.
            if direction == .incoming { filters.app.version = filters.server.version }
        } catch {
            // From here on nothing is dropped: what it would be a part of is not known.
            speech = .other
            release(direction, &outcome)
            let rest = Self.rest(of: bytes, after: outcome.seen[first...], carried: carried)
            outcome.seen.append(.note(.notSTOMP(error)))
            outcome.seen.append(other(rest, isText))
        }
    }

    /// What follows the frames that were seen.
    ///
    /// - Parameter carried: how many bytes of these came before `bytes`.
    private static func rest(of bytes: ByteBuffer, after seen: ArraySlice<TapEvent.Content>, carried: Int)
        -> ByteBuffer
    {
        let size = seen.reduce(-carried) { size, content in
            if case .frame(let frame) = content { size + frame.bytes.readableBytes } else { size }
        }
        var rest = bytes
        rest.moveReaderIndex(forwardBy: min(max(0, size), rest.readableBytes))
        return rest
    }

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
