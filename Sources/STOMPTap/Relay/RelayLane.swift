import NIOCore
import NIOHTTP1
import STOMPTransport

/// A part that passes from one end of a relay to the other.
enum RelayPart {
    case bytes(ByteBuffer)
    /// The head as it passes, and as it was received; nil if the tap has made it. The chunks of the body pass
    /// unchanged, or new ones are made if `makesChunks` is true.
    case requestHead(HTTPRequestHead, HTTPRawHead?, makesChunks: Bool = false)
    case responseHead(HTTPResponseHead, HTTPRawHead?, makesChunks: Bool = false)
    case body(ByteBuffer)
    /// The bytes around the chunks of a body, as received.
    case chunkFraming(ByteBuffer)
    case end(HTTPHeaders?)
    /// From here on, the HTTP connection is a WebSocket.
    case upgraded
    /// The end sends nothing more.
    case inputClosed
    /// The connection to the end is broken.
    case reset
    /// The tap closes the connection without a code.
    case brokenOff

    /// The size in bytes; zero for anything except bytes and bodies.
    var size: Int {
        switch self {
        case .bytes(let bytes), .body(let bytes), .chunkFraming(let bytes): bytes.readableBytes
        default: 0
        }
    }

    /// The same part in pieces of at most `limit` bytes.
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

/// One direction of a relay: what one end sends waits here while faults hold it, or until the other end is
/// connected. A value without I/O.
struct RelayLane {
    /// The maximum number of waiting bytes before the tap stops reading from the sending end.
    private static let limit = 2 << 20
    /// The cost of each part in addition to its size: a small part keeps its entire read buffer in memory.
    private static let partCost = 1 << 10

    private var line: DelayLine<RelayPart>
    /// Whether nothing leaves, because the other end is not connected yet or the relay is frozen.
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

    /// The next part, if it may leave now.
    mutating func next(at now: NIODeadline) -> RelayPart? { isHeld ? nil : line.next(at: now) }

    /// The time at which a timer must fire for the next part; nil if no timer is needed or it is already set.
    mutating func timer(after now: NIODeadline) -> NIODeadline? {
        guard !isHeld, !hasTimer, let due = line.due, due > now else { return nil }
        hasTimer = true
        return due
    }

    /// The timer has fired.
    mutating func timerFired() { hasTimer = false }
}

/// Delays elements as a fault requires, and keeps their order. A value without I/O: it receives the time with each
/// call.
struct DelayLine<Element> {
    private let delay: TimeAmount
    private let jitter: TimeAmount
    private let rate: Int?
    private var queue = CircularBuffer<(element: Element, size: Int, due: NIODeadline)>()
    private var latest = NIODeadline.uptimeNanoseconds(0)
    /// The number of waiting bytes.
    private(set) var size = 0

    init(_ faults: TapFaults) {
        delay = faults.delay
        jitter = faults.jitter
        rate = faults.rate.map { max($0, 1) }
    }

    var count: Int { queue.count }
    /// When the next element may leave.
    var due: NIODeadline? { queue.first?.due }

    /// The maximum size of an element in bytes, so that slow traffic flows evenly: the amount of a twentieth of a
    /// second, but at least 64. Nil if the rate is not limited.
    var portion: Int? { rate.map { max(64, $0 / 20) } }

    mutating func append(_ element: Element, size: Int, at now: NIODeadline) {
        var due = now + delay
        if jitter > .zero { due = due + .nanoseconds(.random(in: 0...jitter.nanoseconds)) }
        // Keep the order of sending.
        due = max(due, latest)
        if let rate { due = due + .nanoseconds(Int64(Double(size) / Double(rate) * 1e9)) }
        latest = due
        queue.append((element, size, due))
        self.size += size
    }

    /// The next element, if it may leave now.
    mutating func next(at now: NIODeadline) -> Element? {
        guard let first = queue.first, first.due <= now else { return nil }
        queue.removeFirst()
        size -= first.size
        return first.element
    }
}
