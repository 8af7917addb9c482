import NIOCore
import STOMPCore
import STOMPTransport

/// What an app and its server say to each other, above whatever carries it: STOMP, or something else. A value without
/// I/O.
struct StreamInspector {
    private enum Speech {
        /// The app has said nothing yet.
        case unknown
        case stomp
        case other
    }

    private var speech = Speech.unknown
    private var toServer: FrameFilter
    private var toApp: FrameFilter
    private var policy: FaultPolicy?
    private let keepsMessages: Bool
    /// What carries it: ``WireEvent/Layer/sockjs`` once an envelope has come.
    var layer: WireEvent.Layer
    /// What the app has said so far, where that is less than a command; nothing of it has passed where this sifts.
    private var opening = ByteBuffer()

    /// - Parameters:
    ///   - limits: of the frames that are taken apart.
    ///   - keepsMessages: whether it is carried by messages, over WebSocket and SockJS, and not by bytes.
    ///   - faults: what may get lost.
    init(limits: FrameLimits, keepsMessages: Bool, faults: TapFaults) {
        toServer = FrameFilter(limits: limits, keepsMessages: keepsMessages)
        toApp = FrameFilter(limits: limits, keepsMessages: keepsMessages)
        self.keepsMessages = keepsMessages
        layer = keepsMessages ? .ws : .tcp
        policy = faults.needsSifting ? FaultPolicy(faults) : nil
    }

    /// Whether only that passes which ``take(_:_:isText:)`` says.
    var isSifting: Bool { policy != nil }
    /// Whether as many frames have passed as may.
    var isSpent: Bool { policy?.isSpent ?? false }

    /// Takes a message, or what a read brought of a stream.
    ///
    /// - Parameter isText: what kind of message it is, where it is one of a WebSocket.
    /// - Returns: what is to be told; and what passes, where ``isSifting``.
    mutating func inspect(_ bytes: ByteBuffer, _ direction: WireEvent.Direction, isText: Bool = true)
        -> FrameFilter.Outcome
    {
        guard speech == .unknown, direction == .outgoing else {
            return speech == .stomp ? takeSTOMP(bytes, direction, isText) : takeOther(bytes, direction, isText)
        }
        var said = opening
        said.writeImmutableBuffer(bytes)
        switch Self.beginsSTOMP(said) {
        case true?:
            opening = ByteBuffer()
            speech = .stomp
            return takeSTOMP(said, direction, isText)
        case false?:
            opening = ByteBuffer()
            speech = .other
            return takeOther(said, direction, isText)
        case nil where keepsMessages:
            return takeOther(bytes, direction, isText)
        case nil:
            opening = said
            return FrameFilter.Outcome()
        }
    }

    /// Tells and passes what is held, as one side has ended.
    mutating func finish(_ direction: WireEvent.Direction) -> FrameFilter.Outcome {
        var outcome = FrameFilter.Outcome()
        if direction == .outgoing, opening.readableBytes > 0 {
            outcome = takeOther(opening, direction, true)
            opening = ByteBuffer()
        }
        release(direction, &outcome)
        return outcome
    }

    private mutating func release(_ direction: WireEvent.Direction, _ outcome: inout FrameFilter.Outcome) {
        guard isSifting else { return }
        if direction == .outgoing { toServer.releaseAll(into: &outcome) } else { toApp.releaseAll(into: &outcome) }
    }

    private mutating func takeSTOMP(
        _ bytes: ByteBuffer, _ direction: WireEvent.Direction, _ isText: Bool
    ) -> FrameFilter.Outcome {
        var outcome = FrameFilter.Outcome()
        let carried = direction == .outgoing ? toServer.bufferedBytes : toApp.bufferedBytes
        do throws(STOMPProtocolError) {
            if direction == .outgoing {
                try Self.inspect(bytes, &toServer, &policy, &outcome)
            } else {
                try Self.inspect(bytes, &toApp, &policy, &outcome)
                toServer.version = toApp.version
            }
        } catch {
            // From here on nothing is dropped: what it would be a part of is not known.
            speech = .other
            release(direction, &outcome)
            outcome.seen.append(.note(.notSTOMP(error)))
            outcome.seen.append(other(Self.rest(of: bytes, behind: outcome.seen, carried: carried), isText))
        }
        return outcome
    }

    /// What stands behind the frames that were seen.
    ///
    /// - Parameter carried: how many bytes of these came before `bytes`.
    private static func rest(of bytes: ByteBuffer, behind seen: [TapEvent.Content], carried: Int) -> ByteBuffer {
        let size = seen.reduce(-carried) { size, content in
            if case .frame(let frame) = content { size + frame.bytes.readableBytes } else { size }
        }
        var rest = bytes
        rest.moveReaderIndex(forwardBy: min(max(0, size), rest.readableBytes))
        return rest
    }

    private static func inspect(
        _ bytes: ByteBuffer, _ sieve: inout FrameFilter, _ policy: inout FaultPolicy?,
        _ outcome: inout FrameFilter.Outcome
    ) throws(STOMPProtocolError) {
        guard var present = policy else { return try sieve.append(bytes, seen: &outcome.seen) }
        defer { policy = present }
        try sieve.sift(bytes, &present, outcome: &outcome)
    }

    private mutating func takeOther(
        _ bytes: ByteBuffer, _ direction: WireEvent.Direction, _ isText: Bool
    ) -> FrameFilter.Outcome {
        if let verdict = policy?.judgeMessage(), verdict != .pass { return FrameFilter.Outcome() }
        var outcome = FrameFilter.Outcome(seen: [other(bytes, isText)])
        // What was held before this turned out to be no STOMP.
        release(direction, &outcome)
        outcome.passed.append(bytes)
        return outcome
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
