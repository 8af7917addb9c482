import StomptapOutput

/// The result of a run as JSON. The keys are a stable interface, documented in `Documentation/json.md`.
enum BenchJSON {
    static func text(_ result: BenchResult) -> String {
        var out = OutputBuffer()
        var json = JSONWriter(.sections)
        json.beginObject(&out)
        json.member("sent", result.sent, &out)
        json.member("received", result.received, &out)
        json.member("lost", literal: result.lost.map { String($0) } ?? "null", &out)
        json.member("duplicated", result.duplicated, &out)
        json.member("outOfOrder", result.outOfOrder, &out)
        json.member("isExact", result.isExact, &out)
        json.member("sentPerSecond", decimal: result.sentPerSecond, 1, &out)
        json.member("receivedPerSecond", decimal: result.receivedPerSecond, 1, &out)
        json.member("durationSeconds", decimal: Double(result.duration) / 1e9, 6, &out)
        json.member("latencyMicros", result.latencies, &out)
        json.member("connectMicros", result.connectTimes, &out)
        json.member("lateMicros", result.lateness, &out)

        json.key("receipts", &out)
        json.beginObject(&out)
        json.member("asked", result.receiptsAsked, &out)
        json.member("arrived", result.receiptsArrived, &out)
        json.member("micros", result.receiptTimes, &out)
        json.endObject(&out)

        json.key("errors", &out)
        json.beginObject(&out)
        for (text, count) in result.errors.sorted(by: { $0.key < $1.key }) {
            json.key(text, &out)
            json.number(count, &out)
        }
        json.endObject(&out)

        json.member("foreign", result.foreign, &out)
        json.member("interrupted", result.isInterrupted, &out)
        json.key("perSecond", &out)
        json.beginArray(&out)
        for interval in result.timeline.intervals { write(interval, &json, &out) }
        json.endArray(&out)
        json.key("clocks", &out)
        json.beginArray(&out)
        for clock in result.clocks { write(clock, &json, &out) }
        json.endArray(&out)
        writeRun(result, &json, &out)
        json.endObject(&out)
        out.append("\n")
        return out.text
    }

    private static func write(_ interval: Timeline.Interval, _ json: inout JSONWriter, _ out: inout OutputBuffer) {
        json.beginObject(&out)
        json.member("startSeconds", decimal: Double(interval.start) / 1e9, 3, &out)
        json.member("lengthSeconds", decimal: Double(interval.length) / 1e9, 3, &out)
        json.member("sent", interval.sent, &out)
        json.member("received", interval.received, &out)
        json.endObject(&out)
    }

    private static func write(_ clock: ClockComparison.Result, _ json: inout JSONWriter, _ out: inout OutputBuffer) {
        json.beginObject(&out)
        json.member("run", clock.run, &out)
        json.member("offsetMicros", decimal: Double(clock.offset) / 1000, 3, &out)
        json.member("uncertaintyMicros", decimal: Double(clock.uncertainty) / 1000, 3, &out)
        json.member("exchanges", clock.exchanges, &out)
        json.endObject(&out)
    }

    /// Writes the parameters of the run.
    private static func writeRun(_ result: BenchResult, _ json: inout JSONWriter, _ out: inout OutputBuffer) {
        let plan = result.plan
        json.key("run", &out)
        json.beginObject(&out)
        json.member("endpoint", result.endpoint, &out)
        json.member("transport", result.transport, &out)
        json.key("destinations", &out)
        json.beginArray(&out)
        for destination in plan.destinations { json.string(destination, &out) }
        json.endArray(&out)
        json.member("publishers", plan.allPublishers, &out)
        json.member("subscribers", plan.role.subscribes ? plan.subscribers : 0, &out)
        json.member("connections", plan.connections, &out)
        json.member("bodySize", plan.body.readableBytes, &out)
        json.member("rate", decimal: plan.rate, 3, &out)
        json.endObject(&out)
    }
}

extension JSONWriter {
    fileprivate mutating func member(
        _ name: StaticString, decimal number: Double?, _ digits: Int, _ out: inout OutputBuffer
    ) {
        let number = number.flatMap { $0.isFinite && abs($0) < 1e15 ? $0 : nil }
        member(name, literal: number.map { Readable.decimal($0, digits: digits) } ?? "null", &out)
    }

    fileprivate mutating func member(_ name: StaticString, _ latencies: Latencies, _ out: inout OutputBuffer) {
        key(name, &out)
        beginObject(&out)
        member("min", micros: latencies.min.map { Double($0) }, &out)
        for (name, percentile) in [("p50", 50), ("p90", 90), ("p99", 99), ("p999", 99.9)] as [(StaticString, Double)] {
            member(name, micros: latencies.value(at: percentile).map { Double($0) }, &out)
        }
        member("max", micros: latencies.count > 0 ? Double(latencies.max) : nil, &out)
        member("mean", micros: latencies.mean, &out)
        member("count", latencies.count, &out)
        endObject(&out)
    }

    private mutating func member(_ name: StaticString, micros nanoseconds: Double?, _ out: inout OutputBuffer) {
        member(name, decimal: nanoseconds.map { $0 / 1000 }, 3, &out)
    }
}
