import NIOCore
import Synchronization

/// Something that happened on the wire, at one layer.
public struct WireEvent: Sendable {
    public enum Layer: String, Sendable, Hashable {
        case tcp, tls, proxy, http, ws, sockjs, stomp
    }

    public enum Direction: String, Sendable, Hashable {
        case incoming, outgoing
        /// Neither sent nor received: a state that was reached.
        case local
    }

    /// How much a reader must have asked for to see it: `-v`, `-vv`, `-vvv`.
    public enum Detail: Int, Sendable, Comparable {
        /// STOMP frames.
        case frames = 1
        /// Handshakes, control frames, envelopes, heart-beats, TLS.
        case layers = 2
        /// Every octet.
        case octets = 3

        public static func < (left: Detail, right: Detail) -> Bool { left.rawValue < right.rawValue }
    }

    public var layer: Layer
    public var direction: Direction
    public var detail: Detail
    /// What it is, in a few words: `heart-beat`, `101 Switching Protocols`, `close 1000 bye`.
    public var summary: String
    /// The octets it is about: a STOMP frame whole, an HTTP head as text, a payload.
    public var octets: ByteBuffer?
    /// What a TLS handshake came to, where this is its end.
    public var tls: TLSSummary?

    public init(
        _ layer: Layer, _ direction: Direction, _ detail: Detail, _ summary: String, octets: ByteBuffer? = nil,
        tls: TLSSummary? = nil
    ) {
        self.layer = layer
        self.direction = direction
        self.detail = detail
        self.summary = summary
        self.octets = octets
        self.tls = tls
    }
}

/// Where every layer tells what it does. Where nothing is wanted it costs a comparison.
public struct WireTrace: Sendable {
    /// The most detail that is wanted. It is shared by all copies of a trace, and may change while connections are open;
    /// those that were opened without ``WireEvent/Detail/octets`` never tell of octets.
    private final class Level: Sendable {
        let wanted: Atomic<Int>

        init(_ detail: WireEvent.Detail?) {
            wanted = Atomic(detail?.rawValue ?? 0)
        }
    }

    private let level: Level
    private let observer: @Sendable (WireEvent) -> Void

    /// Tells nobody.
    public static var off: WireTrace { WireTrace(detail: nil) { _ in } }

    /// - Parameters:
    ///   - detail: the most detail that is wanted; nil is nothing at all.
    ///   - observer: called on the event loop of the connection, in the order of the wire. It must not block.
    public init(detail: WireEvent.Detail?, observer: @escaping @Sendable (WireEvent) -> Void) {
        level = Level(detail)
        self.observer = observer
    }

    /// The most detail that is wanted; nil is nothing at all.
    public var detail: WireEvent.Detail? { WireEvent.Detail(rawValue: level.wanted.load(ordering: .relaxed)) }

    /// Wants this much from now on; nil is nothing at all.
    public func show(_ detail: WireEvent.Detail?) {
        level.wanted.store(detail?.rawValue ?? 0, ordering: .relaxed)
    }

    public func wants(_ detail: WireEvent.Detail) -> Bool {
        detail.rawValue <= level.wanted.load(ordering: .relaxed)
    }

    /// Tells the observer, if it wants this much; the event is not even made otherwise.
    public func record(_ detail: WireEvent.Detail, _ event: () -> WireEvent) {
        if wants(detail) { observer(event()) }
    }
}
