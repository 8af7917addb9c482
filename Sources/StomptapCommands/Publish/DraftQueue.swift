import NIOCore

/// Gives the messages of a source when their time has come.
struct DraftQueue {
    /// The shortest sleep: messages of a higher rate go together, since no clock would wake a program for each.
    private static let shortestSleep = TimeAmount.milliseconds(1)

    private let source: BodySource
    private let maker: DraftMaker
    private var pace: Pace
    /// How many of the first are left out.
    private let skip: Int
    private let progress: Shared<PublishProgress.Counts>

    /// How many have been given or left out.
    private var taken = 0
    /// What was read from the source, and has not been given.
    private var pending: ArraySlice<ByteBuffer> = []
    private var pendingMayBeLast = false
    /// The first that is pending, where it must be read before its time is known.
    private var first: Draft?

    init(
        source: BodySource, maker: DraftMaker, pace: Pace, skip: Int, progress: Shared<PublishProgress.Counts>
    ) {
        self.source = source
        self.maker = maker
        self.pace = pace
        self.skip = skip
        self.progress = progress
    }

    /// Whether no more is known to be ready behind what was given: the last of it may be the last of all.
    var mayBeAtEnd: Bool { pending.isEmpty && pendingMayBeLast }

    /// The next messages, once their time has come; nil at the end.
    ///
    /// - Throws: ``Failure``, or `CancellationError`.
    mutating func next() async throws -> [Draft]? {
        guard try await fill() else { return nil }
        var drafts: [Draft] = []
        while let octets = pending.first {
            do {
                first = try first ?? maker.recorded(octets, number: taken + 1)
                if let wait = pace.wait(recordedAt: first?.recordedAt, now: .now()) {
                    if !drafts.isEmpty { break }
                    try await Task.sleep(nanoseconds: UInt64(max(wait, Self.shortestSleep).nanoseconds))
                    continue
                }
                drafts.append(try first ?? maker.draft(octets, number: taken + 1))
            } catch  where !drafts.isEmpty {
                // Those before it go; then it is met again.
                break
            }
            first = nil
            take(1)
        }
        return drafts
    }

    /// Reads on where nothing is pending; false at the end.
    private mutating func fill() async throws -> Bool {
        while pending.isEmpty {
            guard let batch = try await source.next() else { return false }
            pending = batch.bodies[...]
            pendingMayBeLast = batch.mayBeLast
            take(min(pending.count, max(0, skip - taken)))
        }
        return true
    }

    private mutating func take(_ count: Int) {
        let octets = pending.prefix(count).reduce(0) { $0 + $1.readableBytes + 1 }
        pending.removeFirst(count)
        taken += count
        progress.update { $0.octets += octets }
    }
}
