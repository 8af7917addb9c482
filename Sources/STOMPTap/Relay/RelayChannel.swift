import NIOCore

/// One way through a relay: what one end brings waits here for as long as faults hold it, or until there is another end.
final class RelayChannel {
    /// The most bytes that wait before the end that brings them is no longer read from.
    private static let limit = 2 << 20
    /// What each part counts for beside its own: a small one keeps the whole of the read that brought it.
    private static let partCost = 1 << 10

    private var line: DelayLine<RelayPart>
    private let eventLoop: any EventLoop
    private var timer: Scheduled<Void>?
    /// Hands a part to the end that it is for.
    private let deliver: (RelayPart) -> Void
    /// Has all that was handed over sent.
    private let flush: () -> Void
    /// Whether nothing leaves: there is no end yet, or it is frozen.
    var isHeld = true {
        didSet { if !isHeld { pump() } }
    }

    init(
        _ faults: TapFaults, on eventLoop: any EventLoop, deliver: @escaping (RelayPart) -> Void,
        flush: @escaping () -> Void
    ) {
        line = DelayLine(faults)
        self.eventLoop = eventLoop
        self.deliver = deliver
        self.flush = flush
    }

    var isEmpty: Bool { line.count == 0 }
    /// Whether more should come.
    var hasRoom: Bool { line.size + line.count * Self.partCost < Self.limit }

    func append(_ part: RelayPart) {
        let now = NIODeadline.now()
        if let portion = line.portion {
            for piece in part.pieces(of: portion) { line.append(piece, size: piece.size, at: now) }
        } else {
            line.append(part, size: part.size, at: now)
        }
        pump(now)
    }

    func stop() {
        timer?.cancel()
        isHeld = true
    }

    private func pump(_ now: NIODeadline = .now()) {
        guard !isHeld else { return }
        while !isHeld, let part = line.next(at: now) { deliver(part) }
        guard let due = line.due, due > now, timer == nil else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: due) { [weak self] in
            guard let self else { return }
            self.timer = nil
            self.pump()
            self.flush()
        }
    }
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
