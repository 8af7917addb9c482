import STOMPClient
import STOMPTransport

/// A stream of messages: what one publisher sends to one destination.
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

/// What has come of each stream, to one subscriber or to several that share it.
struct Arrivals: Sendable {
    /// How many streams are kept account of: any message may name one.
    static let mostStreams = 1 << 16
    /// How many gaps they share, beside a few that each has.
    private static let mostGaps = 1 << 20

    private(set) var ledgers: [StreamLedger] = []
    private(set) var indices: [StreamKey: Int] = [:]
    /// How many messages a publisher of another process says that it has sent.
    private(set) var announced: [StreamKey: UInt64] = [:]
    private(set) var outOfOrder: UInt64 = 0
    private var last: (key: StreamKey, index: Int)?
    private var gapsOfEach = StreamLedger.mostGaps

    var duplicated: UInt64 { ledgers.reduce(0) { $0 + $1.duplicated } }
    var isExact: Bool { ledgers.allSatisfy(\.isExact) }

    /// Counts a measured message; whether it is the first of its number, or nil where there are too many streams.
    mutating func take(_ stamp: Stamp, order: inout ArrivalOrder) -> Bool? {
        guard let index = index(of: StreamKey(stamp)) else { return nil }
        let isFresh = ledgers[index].take(stamp.sequence, mostGaps: gapsOfEach)
        let isInOrder = order.take(stamp.sequence, of: index)
        if isFresh, !isInOrder { outOfOrder += 1 }
        return isFresh
    }

    mutating func announce(_ stamp: Stamp) {
        guard index(of: StreamKey(stamp)) != nil else { return }
        announced[StreamKey(stamp)] = stamp.sequence
    }

    /// How many of a stream's messages are missing.
    func lost(of key: StreamKey, sent: UInt64) -> UInt64 {
        indices[key].map { ledgers[$0].lost(of: sent) } ?? sent
    }

    /// One above the highest number that came of each stream.
    var ends: [StreamKey: UInt64] { indices.mapValues { ledgers[$0].end } }

    private mutating func index(of key: StreamKey) -> Int? {
        if let last, last.key == key { return last.index }
        if let index = indices[key] {
            last = (key, index)
            return index
        }
        guard ledgers.count < Self.mostStreams else { return nil }
        indices[key] = ledgers.count
        ledgers.append(StreamLedger())
        gapsOfEach = max(16, min(StreamLedger.mostGaps, Self.mostGaps / ledgers.count))
        return ledgers.count - 1
    }
}

/// In which order one subscriber sees the messages of each stream.
struct ArrivalOrder: Sendable {
    /// One above the highest number seen, by the stream's index.
    private var ends: [UInt64] = []

    /// Whether it comes behind all that came before it.
    mutating func take(_ sequence: UInt64, of stream: Int) -> Bool {
        while ends.count <= stream { ends.append(0) }
        guard sequence >= ends[stream] else { return false }
        ends[stream] = sequence + 1
        return true
    }
}
