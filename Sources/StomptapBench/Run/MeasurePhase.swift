import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization

/// The measured part of a run, after all connections are open.
struct MeasurePhase: Sendable {
    let run: BenchRun
    let identity: UInt32
    let counters: RunCounters
    private let sent = Shared<[StreamKey: UInt64]>([:])
    private let lateness = Shared(Latencies())
    private let receipts = Shared(Latencies())

    private var plan: BenchPlan { run.plan }

    init(run: BenchRun, identity: UInt32, counters: RunCounters) {
        self.run = run
        self.identity = identity
        self.counters = counters
    }

    func measure(
        _ subscribers: [ConnectPhase.Subscribed], _ publishers: [STOMPConnection], _ opening: ConnectPhase
    ) async -> BenchRun.Outcome {
        let stats = DeliveryStats(plan: plan, subscribers: subscribers.count)
        // A few, so that readers seldom wait for the same lock.
        let shards = (0..<min(4, max(1, plan.subscribers))).map { _ in Shared(Latencies()) }
        counters.reading.store(subscribers.count, ordering: .relaxed)
        counters.publishing.store(publishers.count, ordering: .relaxed)
        for (index, subscribed) in subscribers.enumerated() {
            let subscriber = Subscriber(
                connection: subscribed.connection, messages: subscribed.messages, stampPlace: plan.stampPlace,
                run: plan.role == .both ? identity : nil, counters: counters, arrivals: stats.arrivals(of: index),
                latencies: index < plan.subscribers ? shards[index % shards.count] : nil)
            Task(executorPreference: EventLoopTaskExecutor(ConnectPhase.eventLoop(index))) { await subscriber.read() }
        }
        let start = Timestamp.now()
        for (number, connection) in publishers.enumerated() {
            let eventLoop = ConnectPhase.eventLoop(plan.subscribers + number)
            let publisher = Publisher(
                connection: connection, eventLoop: eventLoop, plan: plan, run: identity, number: number, start: start,
                counters: counters, lateness: lateness, receipts: receipts, sent: sent)
            Task(executorPreference: EventLoopTaskExecutor(eventLoop)) { await publisher.publish() }
        }
        var progress = Progress(
            run: run, counters: counters, shards: shards, measuringStart: start.nanoseconds + plan.warmUp.nanoseconds)
        await untilSent(publishers, stats, &progress)
        await untilCome(stats, &progress)
        progress.finish()
        return outcome(stats, progress, opening)
    }

    // MARK: Waiting and result

    /// Waits until the publishers are done, in this process or, as far as known, in others.
    private func untilSent(_ publishers: [STOMPConnection], _ stats: DeliveryStats, _ progress: inout Progress) async {
        var stoppedAt: Int64?
        let wanted = plan.messages.map(stats.expected(ofAll:))
        while true {
            await BenchRun.wait()
            let now = Timestamp.now().nanoseconds
            progress.look(at: now)
            if plan.role.subscribes, counters.reading.load(ordering: .relaxed) == 0 { counters.stop() }
            if plan.role.publishes {
                if counters.publishing.load(ordering: .relaxed) == 0 { return }
            } else if counters.isStopping || isEnough(stats, wanted: wanted, at: now) {
                return
            }
            guard counters.isStopping else { continue }
            stoppedAt = stoppedAt ?? now
            if let stoppedAt, now - stoppedAt > BenchRun.timeout {
                // They are blocked by a server that does not read.
                for publisher in publishers { await publisher.abort() }
            }
        }
    }

    /// Whether a process that only subscribes has received what it waits for.
    private func isEnough(_ stats: DeliveryStats, wanted: Int?, at now: Int64) -> Bool {
        let first = counters.firstReceived.load(ordering: .relaxed)
        guard first < .max else { return false }
        if let wanted {
            if counters.fresh.load(ordering: .relaxed) >= wanted { return true }
        } else if plan.hasDuration, now - first >= plan.duration.nanoseconds {
            return true
        }
        return stats.announced.count >= plan.publishers * plan.destinations.count
    }

    /// Waits until all messages sent are received, or no new one has come for the drain time.
    private func untilCome(_ stats: DeliveryStats, _ progress: inout Progress) async {
        guard plan.role.subscribes else { return }
        let expected = stats.expected(of: allSent(stats))
        let begun = Timestamp.now().nanoseconds
        while counters.reading.load(ordering: .relaxed) > 0, counters.fresh.load(ordering: .relaxed) < expected {
            let now = Timestamp.now().nanoseconds
            let quiet = now - max(begun, counters.lastFresh.load(ordering: .relaxed))
            let timeout = counters.isStopping ? min(BenchRun.timeout, plan.drain.nanoseconds) : plan.drain.nanoseconds
            if quiet >= timeout { return }
            await BenchRun.wait()
            progress.look(at: Timestamp.now().nanoseconds)
        }
    }

    /// The number of messages sent in each stream: as announced by its publisher, otherwise derived from the
    /// sequence numbers.
    private func allSent(_ stats: DeliveryStats) -> [StreamKey: UInt64] {
        guard plan.role == .subscribe else { return sent.value }
        return stats.ends.merging(stats.announced) { _, announced in announced }
    }

    private func outcome(_ stats: DeliveryStats, _ progress: Progress, _ opening: ConnectPhase) -> BenchRun.Outcome {
        let errors = counters.allErrors
        let connections = opening.opened.value
        let transport = connections.first?.transport
        var result = BenchResult(
            endpoint: run.endpoint,
            transport: [transport?.name, transport?.tls].compactMap { $0 }.joined(separator: ", "),
            plan: plan)
        let allSent = allSent(stats)
        result.sent = allSent.values.reduce(0) { $0.addingClamped($1) }
        result.received = UInt64(counters.received.load(ordering: .relaxed))
        if plan.role.subscribes {
            let figures = stats.figures(of: allSent)
            result.lost = figures.lost
            result.duplicated = figures.duplicated
            result.outOfOrder = figures.outOfOrder
            result.isExact =
                figures.isExact
                && (plan.role == .both || stats.announced.count == allSent.count && !allSent.isEmpty)
        }
        result.foreign = counters.foreign.load(ordering: .relaxed)
        result.negative = counters.negative.load(ordering: .relaxed)
        result.receiptsAsked = counters.receiptsAsked.load(ordering: .relaxed)
        result.receiptsArrived = counters.receiptsArrived.load(ordering: .relaxed)
        result.latencies = progress.latencies
        result.timeline = progress.timeline
        (result.sendTime, result.receiveTime) = progress.times
        result.connectTimes = opening.connectTimes.value
        result.lateness = lateness.value
        result.receiptTimes = receipts.value
        result.errors = errors.kinds
        result.isInterrupted = counters.isInterrupted
        return BenchRun.Outcome(result: result, failure: errors.first, connections: connections)
    }
}
