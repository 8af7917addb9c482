import STOMPClient
import STOMPTransport
import StomptapRuntime

/// A stream of messages: those of one publisher to one destination.
struct StreamKey: Hashable, Sendable {
    var run: UInt32
    var publisher: UInt16
    var destination: UInt16

    init(run: UInt32, publisher: UInt16, destination: UInt16) {
        self.run = run
        self.publisher = publisher
        self.destination = destination
    }

    init(_ stamp: Stamp) {
        self.init(run: stamp.run, publisher: stamp.publisher, destination: stamp.destination)
    }
}

/// The messages received of each stream, by one subscriber or by several that share the messages.
struct Arrivals: Sendable {
    /// The maximum number of streams tracked, because a message may name any stream.
    static let mostStreams = 1 << 16
    /// The maximum number of gaps over all streams, in addition to a few for each stream.
    private static let mostGaps = 1 << 20

    private(set) var trackers: [SequenceTracker] = []
    private(set) var indices: [StreamKey: Int] = [:]
    /// The number of messages sent, as announced by a publisher in another process.
    private(set) var announced: [StreamKey: UInt64] = [:]
    private(set) var outOfOrder: UInt64 = 0
    private var last: (key: StreamKey, index: Int)?
    private var gapsOfEach = SequenceTracker.mostGaps

    var duplicated: UInt64 { trackers.reduce(0) { $0 + $1.duplicated } }
    var isExact: Bool { trackers.allSatisfy(\.isExact) }

    /// Counts a measured message. Returns whether its sequence number is new for its stream; nil if there are too
    /// many streams.
    mutating func record(_ stamp: Stamp, order: inout ArrivalOrder) -> Bool? {
        guard let index = index(of: StreamKey(stamp)) else { return nil }
        let isFresh = trackers[index].record(stamp.sequence, mostGaps: gapsOfEach)
        let isInOrder = order.record(stamp.sequence, of: index)
        if isFresh, !isInOrder { outOfOrder += 1 }
        return isFresh
    }

    mutating func announce(_ stamp: Stamp) {
        guard index(of: StreamKey(stamp)) != nil else { return }
        announced[StreamKey(stamp)] = stamp.sequence
    }

    /// The number of missing messages of a stream.
    func lost(of key: StreamKey, sent: UInt64) -> UInt64 {
        indices[key].map { trackers[$0].lost(of: sent) } ?? sent
    }

    /// For each stream, the highest sequence number received plus one.
    var ends: [StreamKey: UInt64] { indices.mapValues { trackers[$0].end } }

    private mutating func index(of key: StreamKey) -> Int? {
        if let last, last.key == key { return last.index }
        if let index = indices[key] {
            last = (key, index)
            return index
        }
        guard trackers.count < Self.mostStreams else { return nil }
        indices[key] = trackers.count
        trackers.append(SequenceTracker())
        gapsOfEach = max(16, min(SequenceTracker.mostGaps, Self.mostGaps / trackers.count))
        return trackers.count - 1
    }
}

/// The order in which one subscriber receives the messages of each stream.
struct ArrivalOrder: Sendable {
    /// The highest sequence number received plus one, by stream index.
    private var ends: [UInt64] = []

    /// Records a message; returns whether it comes in order, after all earlier ones.
    mutating func record(_ sequence: UInt64, of stream: Int) -> Bool {
        while ends.count <= stream { ends.append(0) }
        guard sequence >= ends[stream] else { return false }
        ends[stream] = sequence + 1
        return true
    }
}

/// Tracks which messages of one stream were received: exactly, with memory that grows only with the number of gaps.
struct SequenceTracker: Sendable {
    /// The maximum number of gaps. Beyond it the oldest gap is dropped: its messages stay lost, and one that still
    /// comes counts as a duplicate.
    static let mostGaps = 16384

    /// The highest sequence number received plus one.
    private(set) var end: UInt64 = 0
    /// The number of messages received, without duplicates.
    private(set) var received: UInt64 = 0
    private(set) var duplicated: UInt64 = 0
    /// Whether no gap was dropped, so that the counts are exact.
    private(set) var isExact = true
    /// The missing sequence numbers below ``end``, in order.
    private var gaps: [Range<UInt64>] = []

    /// Counts a message; returns false if it is a duplicate.
    ///
    /// - Parameter mostGaps: the current maximum number of gaps.
    mutating func record(_ sequence: UInt64, mostGaps: Int = Self.mostGaps) -> Bool {
        if sequence >= end {
            if sequence > end { gaps.append(end..<sequence) }
            giveUpOldest(beyond: mostGaps)
            end = sequence + 1
            received += 1
            return true
        }
        guard let index = gap(of: sequence) else {
            duplicated += 1
            return false
        }
        fill(sequence, in: index, mostGaps: mostGaps)
        received += 1
        return true
    }

    /// The number of the first `sent` messages that were not received.
    func lost(of sent: UInt64) -> UInt64 {
        let missing = gaps.reduce(UInt64(0)) { sum, gap in
            let end = min(gap.upperBound, sent)
            return end > gap.lowerBound ? sum + (end - gap.lowerBound) : sum
        }
        return missing + givenUp + (sent > end ? sent - end : 0)
    }

    private var givenUp: UInt64 = 0

    private mutating func giveUpOldest(beyond mostGaps: Int) {
        guard gaps.count > mostGaps else { return }
        isExact = false
        let oldest = gaps.prefix(gaps.count - mostGaps)
        givenUp += oldest.reduce(0) { $0 + UInt64($1.count) }
        gaps.removeFirst(oldest.count)
    }

    private func gap(of sequence: UInt64) -> Int? {
        var low = 0
        var high = gaps.count
        while low < high {
            let middle = (low + high) / 2
            if gaps[middle].upperBound <= sequence { low = middle + 1 } else { high = middle }
        }
        return low < gaps.count && gaps[low].contains(sequence) ? low : nil
    }

    private mutating func fill(_ sequence: UInt64, in index: Int, mostGaps: Int) {
        let gap = gaps[index]
        let parts = [gap.lowerBound..<sequence, (sequence + 1)..<gap.upperBound].filter { !$0.isEmpty }
        gaps.replaceSubrange(index...index, with: parts)
        giveUpOldest(beyond: mostGaps)
    }
}

/// The delivery counts of all subscribers.
struct DeliveryStats: Sendable {
    struct Figures: Sendable {
        var lost: UInt64 = 0
        var duplicated: UInt64 = 0
        var outOfOrder: UInt64 = 0
        var isExact = true
    }

    private let plan: BenchPlan
    /// One for each subscriber; only one if each message is delivered to a single subscriber.
    private let accounts: [Shared<Arrivals>]

    init(plan: BenchPlan, subscribers: Int) {
        self.plan = plan
        accounts = (0..<(plan.delivery == .one ? 1 : subscribers)).map { _ in Shared(Arrivals()) }
    }

    func arrivals(of subscriber: Int) -> Shared<Arrivals> { accounts[plan.delivery == .one ? 0 : subscriber] }

    /// The number of messages sent, as announced by publishers in other processes.
    var announced: [StreamKey: UInt64] {
        accounts.reduce(into: [:]) { all, account in all.merge(account.value.announced) { max($0, $1) } }
    }

    /// For each stream, the highest sequence number received by any subscriber plus one.
    var ends: [StreamKey: UInt64] {
        accounts.reduce(into: [:]) { all, account in all.merge(account.value.ends) { max($0, $1) } }
    }

    /// The number of deliveries expected if `count` messages are sent to all destinations in turn.
    func expected(ofAll count: Int) -> Int {
        let (each, more) = count.quotientAndRemainder(dividingBy: plan.destinations.count)
        let sent = plan.destinations.indices.map { destination in
            let key = StreamKey(run: 0, publisher: 0, destination: UInt16(destination))
            return (key, UInt64(destination < more ? each + 1 : each))
        }
        return expected(of: Dictionary(uniqueKeysWithValues: sent))
    }

    /// The number of deliveries expected for these messages.
    func expected(of sent: [StreamKey: UInt64]) -> Int {
        var perDestination = Array(repeating: UInt64(0), count: plan.destinations.count)
        for (key, count) in sent where Int(key.destination) < perDestination.count {
            perDestination[Int(key.destination)] = perDestination[Int(key.destination)].addingClamped(count)
        }
        let sum = accounts.indices.reduce(UInt64(0)) { sum, account in
            destinations(of: account).reduce(sum) { $0.addingClamped(perDestination[$1]) }
        }
        return Int(clamping: sum)
    }

    /// How many of these messages were lost, duplicated or out of order.
    func figures(of sent: [StreamKey: UInt64]) -> Figures {
        var figures = Figures()
        for (index, account) in accounts.enumerated() {
            let arrivals = account.value
            let destinations = Set(destinations(of: index))
            for (key, count) in sent where destinations.contains(Int(key.destination)) {
                figures.lost = figures.lost.addingClamped(arrivals.lost(of: key, sent: count))
            }
            figures.duplicated += arrivals.duplicated
            figures.outOfOrder += arrivals.outOfOrder
            figures.isExact = figures.isExact && arrivals.isExact
        }
        return figures
    }

    private func destinations(of account: Int) -> [Int] {
        plan.delivery == .one ? Array(plan.destinations.indices) : plan.destinations(ofSubscriber: account)
    }
}
