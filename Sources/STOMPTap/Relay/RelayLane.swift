import NIOCore
import NIOHTTP1
import STOMPTransport

/// What passes from one end of a relay to the other.
enum RelayPart {
    case bytes(ByteBuffer)
    /// The head as it passes, and as it came; it came from nobody where the tap itself says it. The body's chunks pass as
    /// they came, or where `makesChunks` says so, new ones are made of it.
    case requestHead(HTTPRequestHead, HTTPRawHead?, makesChunks: Bool = false)
    case responseHead(HTTPResponseHead, HTTPRawHead?, makesChunks: Bool = false)
    case body(ByteBuffer)
    /// What stands around the chunks of a body, as it came.
    case chunkFraming(ByteBuffer)
    case end(HTTPHeaders?)
    /// The HTTP connection is a WebSocket from here on.
    case upgraded
    /// The end has nothing more to say.
    case inputClosed
    /// The end is gone, and not in an orderly way.
    case reset
    /// The tap breaks the connection off.
    case brokenOff

    /// In bytes; of heads and signs it does not matter.
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

/// One way through a relay: what one end brings waits here for as long as faults hold it, or until there is another end.
/// A value without I/O.
struct RelayLane {
    /// The most bytes that wait before the end that brings them is no longer read from.
    private static let limit = 2 << 20
    /// What each part counts for beside its own: a small one keeps the whole of the read that brought it.
    private static let partCost = 1 << 10

    private var line: DelayLine<RelayPart>
    /// Whether nothing leaves: there is no end yet, or it is frozen.
    var isHeld = true
    /// Whether a timer will ask again.
    private(set) var isAwaited = false

    init(_ faults: TapFaults) { line = DelayLine(faults) }

    var isEmpty: Bool { line.count == 0 }
    /// Whether more should come.
    var hasRoom: Bool { line.size + line.count * Self.partCost < Self.limit }

    mutating func append(_ part: RelayPart, at now: NIODeadline) {
        guard let portion = line.portion else { return line.append(part, size: part.size, at: now) }
        for piece in part.pieces(of: portion) { line.append(piece, size: piece.size, at: now) }
    }

    /// The next part, where it may leave by now.
    mutating func next(at now: NIODeadline) -> RelayPart? { isHeld ? nil : line.next(at: now) }

    /// When to ask again for the next part; nil where there is nothing to wait for, or it is awaited already.
    mutating func wait(after now: NIODeadline) -> NIODeadline? {
        guard !isHeld, !isAwaited, let due = line.due, due > now else { return nil }
        isAwaited = true
        return due
    }

    /// The timer asks now.
    mutating func waited() { isAwaited = false }
}

/// Holds what passes for as long as a fault asks for, in its order. A value without I/O: the time is told to it.
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
        rate = faults.rate
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
