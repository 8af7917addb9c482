import NIOCore
import STOMPCore
import STOMPTransport

/// Says what of a inspector gets lost, and when enough has passed. A value without I/O.
struct FaultPolicy {
    enum Verdict: Equatable {
        case pass
        /// It is lost.
        case drop(TapFault)
        /// It is behind the last one that passes, and nobody is told of it.
        case hide
    }

    private let dropsHeartBeats: Bool
    private let dropsMessage: (@Sendable (Frame) -> Bool)?
    /// How many frames may still pass.
    private var remaining: Int?

    init(_ faults: TapFaults) {
        dropsHeartBeats = faults.dropsHeartBeats
        dropsMessage = faults.dropsMessage
        if case .frames(let count) = faults.closing { remaining = count }
    }

    /// Whether as many frames have passed as may.
    var isSpent: Bool { remaining == 0 }

    mutating func judge(_ frame: Frame) -> Verdict {
        guard !isSpent else { return .hide }
        remaining = remaining.map { $0 - 1 }
        guard frame.command == .message || frame.command == .send, let dropsMessage, dropsMessage(frame) else {
            return .pass
        }
        return .drop(
            .droppedFrame(frame.command, destination: frame.headers["destination"], bodySize: frame.bodySize))
    }

    func judgeHeartBeat() -> Verdict {
        if isSpent { return .hide }
        return dropsHeartBeats ? .drop(.droppedHeartBeat) : .pass
    }

    /// Judges a message that is no STOMP.
    mutating func judgeMessage() -> Verdict {
        guard !isSpent else { return .hide }
        remaining = remaining.map { $0 - 1 }
        return .pass
    }
}

/// How a tap misbehaves on purpose. Each counts for each connection by itself.
public struct TapFaults: Sendable {
    /// When a connection is closed.
    public enum Closing: Sendable, Hashable {
        /// Behind so many frames, both ways together.
        case frames(Int)
        /// So long after it began.
        case time(TimeAmount)
    }

    /// How long everything is held, each way. Default zero.
    public var delay = TimeAmount.zero
    /// The most that is added to the delay at random; what was sent first still comes first. Default zero.
    public var jitter = TimeAmount.zero
    /// The most bytes that pass in a second, each way. Default no limit.
    public var rate: Int?
    /// Whether heart-beats are lost.
    public var dropsHeartBeats = false
    /// Which MESSAGE and SEND frames are lost. Default none.
    public var dropsMessage: (@Sendable (Frame) -> Bool)?
    /// When the tap closes a connection. Default never.
    public var closing: Closing?
    /// The close code that both ends of a WebSocket or SockJS session are told then (RFC 6455, section 7.4). Without
    /// one the connection breaks off.
    public var closeCode: Int?
    /// How probable it is that a connection is refused: 0 to 1. Default 0.
    public var refusal = 0.0
    /// How long after it began nothing passes any more, and nothing is closed.
    public var freezing: TimeAmount?

    /// No faults at all.
    public init() {}
}

extension TapFaults {
    /// Whether what passes has to be known before it passes, as some of it may not.
    var needsSifting: Bool { dropsHeartBeats || dropsMessage != nil || closeCode != nil || isCounting }

    private var isCounting: Bool {
        if case .frames = closing { return true }
        return false
    }

    /// How everything is slowed down, where it is.
    var slowness: TapFault? {
        guard delay > .zero || jitter > .zero || rate != nil else { return nil }
        return .slowed(delay: delay, jitter: jitter, rate: rate)
    }
}
