import NIOCore
import NIOHTTP1
import STOMPTransport

/// What passes from one end of a relay to the other.
enum RelayPart {
    case bytes(ByteBuffer)
    /// The head as it passes, and as it came; nil if the tap has made it. The chunks of the body pass as they came, or with
    /// `makesChunks` new ones are made.
    case requestHead(HTTPRequestHead, HTTPRawHead?, makesChunks: Bool = false)
    case responseHead(HTTPResponseHead, HTTPRawHead?, makesChunks: Bool = false)
    case body(ByteBuffer)
    /// The bytes around the chunks of a body, as they came.
    case chunkFraming(ByteBuffer)
    case end(HTTPHeaders?)
    /// The HTTP connection is a WebSocket from here on.
    case upgraded
    /// The end sends nothing more.
    case inputClosed
    /// The connection with the end is broken.
    case reset
    /// The tap closes the connection without a code.
    case brokenOff

    /// In bytes; zero for anything but bytes and bodies.
    var size: Int {
        switch self {
        case .bytes(let bytes), .body(let bytes), .chunkFraming(let bytes): bytes.readableBytes
        default: 0
        }
    }

    /// The same in pieces of at most so many bytes.
    func pieces(of limit: Int) -> [RelayPart] {
        guard size > limit else { return [self] }
        return switch self {
        case .bytes(let bytes): Self.cut(bytes, into: limit).map { .bytes($0) }
        case .body(let bytes): Self.cut(bytes, into: limit).map { .body($0) }
        case .chunkFraming(let bytes): Self.cut(bytes, into: limit).map { .chunkFraming($0) }
        default: [self]
        }
    }

    private static func cut(_ bytes: ByteBuffer, into limit: Int) -> [ByteBuffer] {
        var rest = bytes
        var pieces: [ByteBuffer] = []
        while let piece = rest.readSlice(length: min(limit, rest.readableBytes)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        return pieces
    }
}

/// One way through a relay: what one end sends waits here while faults hold it, or until there is another end. A value
/// without I/O.
struct RelayLane {
    /// The most bytes that wait before the end that brings them is no longer read from.
    private static let limit = 2 << 20
    /// What each part counts in addition to its size: a small one keeps the whole read that brought it in memory.
    private static let partCost = 1 << 10

    private var line: DelayLine<RelayPart>
    /// Whether nothing leaves: there is no other end yet, or the relay is frozen.
    var isHeld = true
    /// Whether a timer is set for the next part.
    private(set) var hasTimer = false

    init(_ faults: TapFaults) { line = DelayLine(faults) }

    var isEmpty: Bool { line.count == 0 }
    /// Whether more may be read.
    var hasRoom: Bool { line.size + line.count * Self.partCost < Self.limit }

    mutating func append(_ part: RelayPart, at now: NIODeadline) {
        guard let portion = line.portion else { return line.append(part, size: part.size, at: now) }
        for piece in part.pieces(of: portion) { line.append(piece, size: piece.size, at: now) }
    }

    /// The next part, where it may leave by now.
    mutating func next(at now: NIODeadline) -> RelayPart? { isHeld ? nil : line.next(at: now) }

    /// When a timer must fire for the next part; nil if none is needed, or one is set already.
    mutating func timer(after now: NIODeadline) -> NIODeadline? {
        guard !isHeld, !hasTimer, let due = line.due, due > now else { return nil }
        hasTimer = true
        return due
    }

    /// The timer has fired.
    mutating func timerFired() { hasTimer = false }
}

/// Holds what passes for as long as a fault asks for, in its order. A value without I/O: it gets the time
/// with each call.
struct DelayLine<Element> {
    private let delay: TimeAmount
    private let jitter: TimeAmount
    private let rate: Int?
    private var queue = CircularBuffer<(element: Element, size: Int, due: NIODeadline)>()
    private var latest = NIODeadline.uptimeNanoseconds(0)
    /// Bytes that wait.
    private(set) var size = 0

    init(_ faults: TapFaults) {
        delay = faults.delay
        jitter = faults.jitter
        rate = faults.rate.map { max($0, 1) }
    }

    var count: Int { queue.count }
    /// When the next element may leave.
    var due: NIODeadline? { queue.first?.due }

    /// The most bytes that should come as one element, so that a slow line flows and does not lurch: a twentieth of a
    /// second's, and not less than 64. Nil where there is no limit to the rate.
    var portion: Int? { rate.map { max(64, $0 / 20) } }

    mutating func append(_ element: Element, size: Int, at now: NIODeadline) {
        var due = now + delay
        if jitter > .zero { due = due + .nanoseconds(.random(in: 0...jitter.nanoseconds)) }
        // What was sent first comes first.
        due = max(due, latest)
        if let rate { due = due + .nanoseconds(Int64(Double(size) / Double(rate) * 1e9)) }
        latest = due
        queue.append((element, size, due))
        self.size += size
    }

    /// The next element, where it may leave by now.
    mutating func next(at now: NIODeadline) -> Element? {
        guard let first = queue.first, first.due <= now else { return nil }
        queue.removeFirst()
        size -= first.size
        return first.element
    }
}
