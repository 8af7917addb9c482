import NIOCore
import STOMPCore
import STOMPTransport

/// Decides which frames and heart-beats a fault drops, and when enough have passed. A value without I/O.
struct FaultPolicy {
    enum Verdict: Equatable {
        case pass
        /// It is dropped, and that is reported.
        case drop(TapFault)
        /// It comes after the last one that passes, and is not reported.
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

    /// Whether as many frames have passed as the fault allows.
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

    /// Judges a message that is not STOMP.
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
        /// After this many frames, both ways together.
        case frames(Int)
        /// This long after it began.
        case time(TimeAmount)
    }

    /// A delay of everything, each way. Default zero.
    public var delay = TimeAmount.zero
    /// The most that is added to the delay at random; what was sent first still comes first. Default zero.
    public var jitter = TimeAmount.zero
    /// The most bytes that pass in a second, each way; less than 1 counts as 1. Default no limit.
    public var rate: Int?
    /// Whether heart-beats are dropped. Default no.
    public var dropsHeartBeats = false
    /// Which MESSAGE and SEND frames are dropped. Default none. It must not block, unless there is a `runner`.
    public var dropsMessage: (@Sendable (Frame) -> Bool)?
    /// Runs `dropsMessage` for frames that came together on another thread, and gives the results to the second closure,
    /// on any thread; it returns at once. Until then that connection waits, and all others go on. Default nil: it is run
    /// on the event loop.
    public var runner: Runner?

    /// Does some work on another thread, and calls back with its results.
    public typealias Runner =
        @Sendable (_ work: @escaping @Sendable () -> [Bool], _ callBack: @escaping @Sendable ([Bool]) -> Void) -> Void

    /// When the tap closes a connection. Default never.
    public var closing: Closing?
    /// The close code that is then sent to both ends of a WebSocket or SockJS session (RFC 6455, section 7.4). Without one
    /// the connection is just closed.
    public var closeCode: Int?
    /// The probability that a connection is refused: 0 to 1. Default 0.
    public var refusal = 0.0
    /// After how long a connection is frozen: nothing passes any more, and nothing is closed. Default never.
    public var freezing: TimeAmount?

    /// No faults at all.
    public init() {}
}

extension TapFaults {
    /// Whether everything must be inspected before it passes, as some of it may be dropped.
    var needsSifting: Bool { dropsHeartBeats || dropsMessage != nil || closeCode != nil || isCounting }

    private var isCounting: Bool {
        if case .frames = closing { return true }
        return false
    }

    /// How everything is slowed down, if it is.
    var slowness: TapFault? {
        guard delay > .zero || jitter > .zero || rate != nil else { return nil }
        return .slowed(delay: delay, jitter: jitter, rate: rate)
    }
}
