import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// The progress of a run, second by second.
struct Progress: Sendable {
    private let run: BenchRun
    private let counters: RunCounters
    private let shards: [Shared<Latencies>]
    /// By the system clock, in nanoseconds.
    private let measuringStart: Int64
    private(set) var latencies = Latencies()
    private(set) var timeline = Timeline()
    private var intervalStart: Int64 = 0
    private var lastInterval = Latencies()

    init(run: BenchRun, counters: RunCounters, shards: [Shared<Latencies>], measuringStart: Int64) {
        self.run = run
        self.counters = counters
        self.shards = shards
        self.measuringStart = measuringStart
    }

    /// The start of the measurement; a process that only subscribes uses the first message.
    private var start: Int64? {
        guard run.plan.role == .subscribe else { return measuringStart }
        let first = counters.firstReceived.load(ordering: .relaxed)
        return first == .max ? nil : first
    }

    /// Ends the current interval if it is over, and shows the progress.
    mutating func look(at now: Int64) {
        guard let start, now > start else {
            run.live.show(.waiting(run.plan))
            return
        }
        let time = now - start
        // A log has a line for each second, even if the intervals of the table are longer.
        if time - intervalStart >= 1_000_000_000 { collect(until: time) }
        let sent = counters.sent.load(ordering: .relaxed)
        let received = counters.received.load(ordering: .relaxed)
        if timeline.isDue(at: time) { timeline.add(time: time, sent: sent, received: received) }
        run.live.show(
            .running(
                run.plan, time: time, sent: sent, received: received, last: timeline.intervals.last,
                p99: lastInterval.value(at: 99)))
    }

    /// Ends the last interval.
    mutating func finish() {
        StatusLine.erase()
        guard let start else { return }
        let time = max(Timestamp.now().nanoseconds - start, 1)
        collect(until: time)
        let (sendTime, receiveTime) = times
        timeline.finish(
            time: min(time, max(sendTime, receiveTime)), sent: counters.sent.load(ordering: .relaxed),
            received: counters.received.load(ordering: .relaxed))
    }

    /// The time spent sending and receiving, in nanoseconds from the start of the measurement.
    var times: (send: Int64, receive: Int64) {
        guard let start else { return (0, 0) }
        let lastSent = counters.lastSent.load(ordering: .relaxed)
        let lastReceived = counters.lastReceived.load(ordering: .relaxed)
        // A run with a duration counts in full, although its last message is sent a little before the end.
        let planned =
            run.plan.messages == nil && run.plan.role.publishes && !counters.isStopping
            ? run.plan.duration.nanoseconds : 0
        return (
            lastSent == 0 ? 0 : max(lastSent - start, planned, 1),
            lastReceived == 0 ? 0 : max(lastReceived - start, planned, 1)
        )
    }

    private mutating func collect(until time: Int64) {
        lastInterval.reset()
        for shard in shards {
            shard.update { latencies in
                lastInterval.add(latencies)
                latencies.reset()
            }
        }
        latencies.add(lastInterval)
        defer { intervalStart = time }
        if lastInterval.count > 0 { run.log?.add(lastInterval, start: intervalStart, length: time - intervalStart) }
    }
}
