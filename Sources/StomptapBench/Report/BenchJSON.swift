import StomptapOutput

/// A run as JSON. The keys are a promise; the README tells what they mean.
enum BenchJSON {
    static func text(_ result: BenchResult) -> String {
        let plan = result.plan
        let root = JSONValue.object([
            ("sent", .count(result.sent)), ("received", .count(result.received)),
            ("lost", result.lost.map { .count($0) } ?? .null), ("duplicated", .count(result.duplicated)),
            ("outOfOrder", .count(result.outOfOrder)), ("isExact", .bool(result.isExact)),
            ("sentPerSecond", .decimal(result.sentPerSecond, 1)),
            ("receivedPerSecond", .decimal(result.receivedPerSecond, 1)),
            ("durationSeconds", .decimal(Double(result.duration) / 1e9, 6)),
            ("latencyMicros", figures(result.latencies)), ("connectMicros", figures(result.connectTimes)),
            ("lateMicros", figures(result.lateness)),
            (
                "receipts",
                .object([
                    ("asked", .count(result.receiptsAsked)), ("arrived", .count(result.receiptsArrived)),
                    ("micros", figures(result.receiptTimes)),
                ])
            ),
            ("errors", .object(result.errors.sorted { $0.key < $1.key }.map { ($0.key, .count($0.value)) })),
            ("foreign", .count(result.foreign)), ("interrupted", .bool(result.isInterrupted)),
            ("perSecond", .array(result.timeline.intervals.map(interval))),
            ("clocks", .array(result.clocks.map(clock))),
            (
                "run",
                .object([
                    ("endpoint", .string(result.endpoint)), ("transport", .string(result.transport)),
                    ("destinations", .array(plan.destinations.map { .string($0) })),
                    ("publishers", .count(plan.allPublishers)),
                    ("subscribers", .count(plan.role.subscribes ? plan.subscribers : 0)),
                    ("connections", .count(plan.connections)), ("bodySize", .count(plan.body.readableBytes)),
                    ("rate", plan.rate.map { .decimal($0, 3) } ?? .null),
                ])
            ),
        ])
        return root.text + "\n"
    }

    private static func figures(_ latencies: Latencies) -> JSONValue {
        func micros(_ nanoseconds: Double?) -> JSONValue { nanoseconds.map { .decimal($0 / 1000, 3) } ?? .null }
        func percentile(_ percentile: Double) -> JSONValue {
            micros(latencies.value(at: percentile).map { Double($0) })
        }
        return .object([
            ("min", micros(latencies.min.map { Double($0) })), ("p50", percentile(50)), ("p90", percentile(90)),
            ("p99", percentile(99)), ("p999", percentile(99.9)),
            ("max", micros(latencies.count > 0 ? Double(latencies.max) : nil)), ("mean", micros(latencies.mean)),
            ("count", .count(latencies.count)),
        ])
    }

    private static func interval(_ interval: Timeline.Interval) -> JSONValue {
        .object([
            ("startSeconds", .decimal(Double(interval.start) / 1e9, 3)),
            ("lengthSeconds", .decimal(Double(interval.length) / 1e9, 3)), ("sent", .count(interval.sent)),
            ("received", .count(interval.received)),
        ])
    }

    private static func clock(_ clock: ClockComparison.Result) -> JSONValue {
        .object([
            ("run", .string(clock.run)), ("offsetMicros", .decimal(Double(clock.offset) / 1000, 3)),
            ("uncertaintyMicros", .decimal(Double(clock.uncertainty) / 1000, 3)),
            ("exchanges", .count(clock.exchanges)),
        ])
    }
}

/// A JSON text that is made, with its keys in their order.
indirect enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A number as it is written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([(String, JSONValue)])

    static func count(_ number: some BinaryInteger) -> JSONValue { .number(String(number)) }

    static func decimal(_ number: Double, _ digits: Int) -> JSONValue {
        number.isFinite && abs(number) < 1e15 ? .number(Readable.decimal(number, digits: digits)) : .null
    }

    var text: String {
        var out = OutputBuffer()
        append(to: &out, indentation: 0)
        return out.text
    }

    private func append(to out: inout OutputBuffer, indentation: Int) {
        switch self {
        case .null: out.append("null")
        case .bool(let value): out.append(value ? "true" : "false")
        case .number(let text): out.append(text)
        case .string(let text): out.append(jsonString: text)
        case .array(let values):
            out.append("[")
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(",") }
                value.append(to: &out, indentation: indentation)
            }
            out.append("]")
        case .object(let pairs):
            out.append("{")
            for (index, (key, value)) in pairs.enumerated() {
                // The outermost keys have a line each; what is in them stays together.
                out.append(index > 0 ? "," : "")
                if indentation == 0 { out.append("\n  ") }
                out.append(jsonString: key)
                out.append(": ")
                value.append(to: &out, indentation: indentation + 1)
            }
            out.append(indentation == 0 ? "\n}" : "}")
        }
    }
}
