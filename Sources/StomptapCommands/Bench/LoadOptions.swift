import ArgumentParser
import NIOCore
import STOMPCore
import StomptapBench
import StomptapOutput
import StomptapRuntime

/// What a run sends, and to how many subscribers.
struct LoadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Connections that send.", valueName: "n"))
    var publishers = 1

    @Option(help: ArgumentHelp("Connections that receive, each from all destinations.", valueName: "n"))
    var subscribers = 1

    @Option(
        help: ArgumentHelp(
            "Additional subscribed connections, each to one destination; their messages are counted but not timed (default: 0).",
            valueName: "n"))
    var connections = 0

    @Option(help: ArgumentHelp("Number of messages to send, over all publishers.", valueName: "n"))
    var messages: Int?

    @Option(
        help: ArgumentHelp("Time to send (default: 10s).", valueName: "duration"), transform: DurationArgument.init)
    var duration: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Messages per second, over all publishers, such as 500/s or 20k/s. Latency is then measured from the time a message was due (default: as fast as the server accepts them).",
            valueName: "n/s"), transform: RateArgument.init)
    var rate: RateArgument?

    @Option(
        help: ArgumentHelp("Bytes in each body (default: 256).", valueName: "size"), transform: SizeArgument.init)
    var size: SizeArgument?

    @Option(help: ArgumentHelp("Read the body from this file; the stamp is then in a header.", valueName: "file"))
    var bodyFile: String?

    @Option(
        help: ArgumentHelp(
            "Place of a message's number and due time: body for its first 48 bytes, or header for stomptap-stamp (default: body).",
            valueName: "place"))
    var stamp: BenchPlan.StampPlace?

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a header to SEND; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init)
    var header: [HeaderArgument] = []

    @Option(
        help: ArgumentHelp("Send for this time before measuring (default: 0s).", valueName: "duration"),
        transform: DurationArgument.init)
    var warmup = DurationArgument(seconds: 0)

    @Option(
        help: ArgumentHelp(
            "Open the connections over this time, and increase --rate from zero over this time (default: 0s).",
            valueName: "duration"), transform: DurationArgument.init)
    var ramp = DurationArgument(seconds: 0)

    @Option(
        help: ArgumentHelp(
            "Wait for missing messages at the end, until none has arrived for this time (default: 5s).",
            valueName: "duration"), transform: DurationArgument.init)
    var drain = DurationArgument(seconds: 5)

    @Flag(help: "Request a receipt for each message, and measure its time.")
    var receipts = false

    @Option(
        help: ArgumentHelp(
            "Number of destinations, used in turn. {i} in the name is replaced by the number; without {i}, .{i} is appended.",
            valueName: "n"))
    var destinations = 1

    @Option(
        help: ArgumentHelp(
            "Receivers of a message: each subscriber, or one of them (default: one for /queue/ and /amq/queue/, otherwise each).",
            valueName: "who"))
    var delivery: BenchPlan.Delivery?

    @Flag(help: "Only send; another process receives with --subscribe-only.")
    var publishOnly = false

    @Flag(
        help:
            "Only receive; other processes send with --publish-only. Ends when as many as --publishers have finished."
    )
    var subscribeOnly = false

    @Option(help: ArgumentHelp("Create this file when all subscriptions are active.", valueName: "file"))
    var readyFile: String?

    func validate() throws {
        guard (1...65535).contains(publishers) else { throw ValidationError("--publishers must be 1 to 65535") }
        let most = 1_000_000
        guard (0...most).contains(subscribers), (0...(most - subscribers)).contains(connections) else {
            throw ValidationError("--subscribers and --connections together must be 0 to 1000000")
        }
        guard publishOnly || subscribers + connections > 0 else {
            throw ValidationError("no subscribers; use --publish-only to only send")
        }
        guard (1...65535).contains(destinations) else { throw ValidationError("--destinations must be 1 to 65535") }
        if let messages, messages < 1 { throw ValidationError("--messages must be 1 or more") }
        if let duration, duration.amount <= .zero { throw ValidationError("--duration must be more than 0") }
        guard messages == nil || duration == nil else {
            throw ValidationError("--messages and --duration cannot be combined")
        }
        guard !(publishOnly && subscribeOnly) else {
            throw ValidationError("--publish-only and --subscribe-only cannot be combined; run two processes")
        }
        guard size == nil || bodyFile == nil else { throw ValidationError("--size and --body-file cannot be combined") }
        if let size, stamp != .header, size.bytes < Stamp.size {
            throw ValidationError(
                "a stamped body has at least \(Stamp.size) bytes; use --stamp header for a smaller body")
        }
    }

    /// - Throws: ``Failure`` with 66 or 65 if the body file cannot be read or is not valid.
    func plan(destination: String?) throws -> BenchPlan {
        let name = destination ?? "/topic/bench"
        let pattern = destinations > 1 && !name.contains("{i}") ? name + ".{i}" : name
        let place = stamp ?? (bodyFile == nil ? .body : .header)
        var plan = BenchPlan(
            destinations: (0..<destinations).map { Self.name(pattern, $0) }, body: try body(stamped: place == .body))
        plan.role = publishOnly ? .publish : subscribeOnly ? .subscribe : .both
        plan.delivery = delivery ?? BenchPlan.Delivery(destination: name)
        plan.publishers = publishers
        plan.subscribers = subscribers
        plan.connections = connections
        plan.messages = messages
        plan.hasDuration = duration != nil
        plan.duration = duration?.amount ?? .seconds(10)
        plan.rate = rate?.perSecond
        plan.warmUp = warmup.amount
        plan.ramp = ramp.amount
        plan.drain = drain.amount
        plan.stampPlace = place
        plan.headers = HeaderList(header)
        plan.receipts = receipts
        plan.readyFile = readyFile
        return plan
    }

    private static func name(_ pattern: String, _ number: Int) -> String {
        pattern.split(separator: "{i}", omittingEmptySubsequences: false).joined(separator: String(number))
    }

    private func body(stamped: Bool) throws -> ByteBuffer {
        guard let bodyFile else {
            // Letters, so that the body is text on a WebSocket.
            let letters = Array("abcdefghijklmnopqrstuvwxyz".utf8)
            return ByteBuffer(bytes: (0..<(size?.bytes ?? 256)).map { letters[$0 % letters.count] })
        }
        let content = try InputFile.read(bodyFile, of: "--body-file", limit: 64 << 20)
        guard !stamped || content.count >= Stamp.size else {
            throw Failure(
                .badInput,
                "\(bodyFile): a stamped body has at least \(Stamp.size) bytes; use --stamp header for a smaller body")
        }
        return ByteBuffer(bytes: content)
    }
}

/// Where the results of a run are written, and the limits that they must meet.
struct BenchReportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write the results to this file as JSON; - is stdout, instead of the table.", valueName: "file")
    )
    var json: String?

    @Option(
        help: ArgumentHelp(
            "Write latencies to this file, as an HdrHistogram log with one line per second.", valueName: "file"))
    var hdr: String?

    @Option(
        help: ArgumentHelp(
            "Exit with 1 if this is true, such as 'p99>50ms'; repeatable. Metrics: \(FailCondition.metrics).",
            valueName: "condition"), transform: FailCondition.init)
    var failIf: [FailCondition] = []

    /// - Throws: ``Failure`` with 73 if a file cannot be created.
    func outputs() throws -> BenchOutputs { try BenchOutputs(json: json, hdr: hdr, failIf: failIf) }
}

extension BenchPlan.StampPlace: ExpressibleByArgument {}
extension BenchPlan.Delivery: ExpressibleByArgument {}
