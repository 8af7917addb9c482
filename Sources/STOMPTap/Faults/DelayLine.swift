import NIOCore

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
