import STOMPClient
import STOMPTransport
import StomptapRuntime

/// Receives and counts the messages of one connection. Its task runs on the connection's event loop: messages are
/// counted before more is read, so that thousands of connections need hardly any memory.
struct Subscriber: Sendable {
    let connection: STOMPConnection
    let messages: MessageSequence
    let stampPlace: BenchPlan.StampPlace
    /// The run whose messages are counted; nil counts those of any run, because the publishers are in other
    /// processes.
    let run: UInt32?
    let counters: RunCounters
    let arrivals: Shared<Arrivals>
    /// Nil if its messages are only counted.
    let latencies: Shared<Latencies>?

    /// The counts of a batch of messages.
    private struct Batch {
        var received = 0
        var fresh = 0
        var foreign = 0
        var negative = 0
        var lastReceived: Int64 = 0
        var times: [Int64] = []
    }

    /// Reads until the session ends.
    func read() async {
        var order = ArrivalOrder()
        do {
            for try await messages in messages.batches {
                var batch = Batch()
                arrivals.update { arrivals in
                    for message in messages { receive(message, into: &arrivals, &order, &batch) }
                }
                record(batch)
            }
        } catch {
            counters.failed(error)
        }
        counters.reading.subtract(1, ordering: .relaxed)
    }

    private func receive(
        _ message: Message, into arrivals: inout Arrivals, _ order: inout ArrivalOrder, _ batch: inout Batch
    ) {
        guard let stamp = stamp(of: message), run == nil || stamp.run == run else {
            batch.foreign += 1
            return
        }
        switch stamp.kind {
        case .warmUp: return
        case .last: arrivals.announce(stamp)
        case .measured:
            guard let isFresh = arrivals.record(stamp, order: &order) else {
                batch.foreign += 1
                return
            }
            batch.received += 1
            batch.fresh += isFresh ? 1 : 0
            batch.lastReceived = message.receivedAt.nanoseconds
            guard latencies != nil else { return }
            let time = message.receivedAt.nanoseconds &- stamp.due
            batch.negative += time < 0 ? 1 : 0
            batch.times.append(time)
        }
    }

    private func stamp(of message: Message) -> Stamp? {
        switch stampPlace {
        case .body: Stamp(message.body)
        case .header: message.headers[BenchPlan.StampPlace.headerName].flatMap { Stamp($0) }
        }
    }

    private func record(_ batch: Batch) {
        if batch.foreign > 0 { counters.foreign.add(batch.foreign, ordering: .relaxed) }
        guard batch.received > 0 else { return }
        counters.received.add(batch.received, ordering: .relaxed)
        counters.firstReceived.min(batch.lastReceived, ordering: .relaxed)
        counters.lastReceived.max(batch.lastReceived, ordering: .relaxed)
        if batch.fresh > 0 {
            counters.lastFresh.max(batch.lastReceived, ordering: .relaxed)
            counters.fresh.add(batch.fresh, ordering: .relaxed)
        }
        if batch.negative > 0 { counters.negative.add(batch.negative, ordering: .relaxed) }
        latencies?.update { latencies in
            for time in batch.times { latencies.record(time) }
        }
    }
}
