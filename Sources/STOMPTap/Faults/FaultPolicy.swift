import NIOCore
import STOMPCore
import STOMPTransport

/// Decides which frames and heart-beats a fault drops, and when as many frames have passed as
/// ``TapFaults/Closing/frames(_:)`` allows. A value without I/O.
struct FaultPolicy {
    enum Verdict: Equatable {
        case pass
        /// Drop it, and report this fault.
        case drop(TapFault)
        /// Drop it without a report, because it comes after the last one that may pass.
        case hide
    }

    private let dropsHeartBeats: Bool
    private let dropsMessage: (@Sendable (Frame) -> Bool)?
    /// The number of frames that may still pass; nil if there is no limit.
    private var remaining: Int?

    init(_ faults: TapFaults) {
        dropsHeartBeats = faults.dropsHeartBeats
        dropsMessage = faults.dropsMessage
        if case .frames(let count) = faults.closing { remaining = count }
    }

    /// Whether the allowed number of frames has passed.
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

/// The faults that a tap injects. Each applies to every connection separately.
public struct TapFaults: Sendable {
    /// When a connection is closed.
    public enum Closing: Sendable, Hashable {
        /// After this many frames, counted in both directions together.
        case frames(Int)
        /// This time after it was opened.
        case time(TimeAmount)
    }

    /// The delay of all traffic, in each direction. Default zero.
    public var delay = TimeAmount.zero
    /// The maximum random time added to the delay; the order is kept. Default zero.
    public var jitter = TimeAmount.zero
    /// The maximum number of bytes per second, in each direction; less than 1 counts as 1. Default nil: no limit.
    public var rate: Int?
    /// Whether heart-beats are dropped. Default no.
    public var dropsHeartBeats = false
    /// Whether a MESSAGE or SEND frame is dropped. Default nil: all pass. It must not block, unless there is a
    /// `runner`.
    public var dropsMessage: (@Sendable (Frame) -> Bool)?
    /// Runs `dropsMessage` on another thread for frames that arrived together, and passes the results to the
    /// second closure, on any thread; it returns at once. Until then that connection waits, and all others
    /// continue. Default nil: `dropsMessage` runs on the event loop.
    public var runner: Runner?

    /// Does some work on another thread, and calls back with its results.
    public typealias Runner =
        @Sendable (_ work: @escaping @Sendable () -> [Bool], _ callBack: @escaping @Sendable ([Bool]) -> Void) -> Void

    /// When the tap closes a connection. Default never.
    public var closing: Closing?
    /// The close code that is then sent to both ends of a WebSocket or SockJS session (RFC 6455, section 7.4). If
    /// nil, the connection is closed without a code.
    public var closeCode: Int?
    /// The probability that a connection is refused: 0 to 1. Default 0.
    public var refusal = 0.0
    /// The time after which a connection is frozen: nothing passes any more, and nothing is closed. Default never.
    public var freezing: TimeAmount?

    /// No faults at all.
    public init() {}
}

extension TapFaults {
    /// Whether everything must be inspected before it passes, because some of it may be dropped.
    var needsSifting: Bool { dropsHeartBeats || dropsMessage != nil || closeCode != nil || isCounting }

    private var isCounting: Bool {
        if case .frames = closing { return true }
        return false
    }

    /// The fault that slows everything down, if any.
    var slowness: TapFault? {
        guard delay > .zero || jitter > .zero || rate != nil else { return nil }
        return .slowed(delay: delay, jitter: jitter, rate: rate)
    }
}
