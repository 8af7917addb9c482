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

    @Option(help: ArgumentHelp("Connections that receive, each on all destinations.", valueName: "n"))
    var subscribers = 1

    @Option(
        help: ArgumentHelp(
            "Further subscribed connections, each on one destination: what comes is counted, and not timed (default: 0).",
            valueName: "n"))
    var connections = 0

    @Option(help: ArgumentHelp("How many messages all publishers together send.", valueName: "n"))
    var messages: Int?

    @Option(
        help: ArgumentHelp("How long to send (default: 10s).", valueName: "duration"), transform: DurationArgument.init)
    var duration: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Messages a second of all publishers together, such as 500/s or 20k/s; latency then counts from when a message was due (default: as fast as the server takes them).",
            valueName: "n/s"), transform: RateArgument.init)
    var rate: RateArgument?

    @Option(
        help: ArgumentHelp("Octets of each body (default: 256).", valueName: "size"), transform: SizeArgument.init)
    var size: SizeArgument?

    @Option(help: ArgumentHelp("Take the body from this file; the stamp then goes into a header.", valueName: "file"))
    var bodyFile: String?

    @Option(
        help: ArgumentHelp(
            "Where a message carries its number and its due time: its body's first 48 octets, or the header stomptap-stamp (default: body).",
            valueName: "place"))
    var stamp: BenchPlan.StampPlace?

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Header on SEND; repeatable.", valueName: "name: value"), transform: HeaderArgument.init)
    var header: [HeaderArgument] = []

    @Option(
        help: ArgumentHelp("Send for this long before anything counts (default: 0s).", valueName: "duration"),
        transform: DurationArgument.init)
    var warmup = DurationArgument(seconds: 0)

    @Option(
        help: ArgumentHelp(
            "Open the connections over this long, and let --rate rise from nothing for as long (default: 0s).",
            valueName: "duration"), transform: DurationArgument.init)
    var ramp = DurationArgument(seconds: 0)

    @Option(
        help: ArgumentHelp(
            "At the end, wait for what is missing until nothing new has come for this long (default: 5s).",
            valueName: "duration"), transform: DurationArgument.init)
    var drain = DurationArgument(seconds: 5)

    @Flag(help: "Ask for a receipt of each message, and time it.")
    var receipts = false

    @Option(
        help: ArgumentHelp(
            "How many destinations the publishers take in turn; {i} in the name is the number, or .{i} behind it.",
            valueName: "n"))
    var destinations = 1

    @Option(
        help: ArgumentHelp(
            "Who gets a message: each subscriber, or one of them (default: one under /queue/ and /amq/queue/, else each).",
            valueName: "who"))
    var delivery: BenchPlan.Delivery?

    @Flag(help: "Only send; another process subscribes with --subscribe-only.")
    var publishOnly = false

    @Flag(
        help:
            "Only receive, what other processes send with --publish-only, until --publishers of them have said that they are done."
    )
    var subscribeOnly = false

    @Option(help: ArgumentHelp("Create this file once all subscriptions stand.", valueName: "file"))
    var readyFile: String?

    func validate() throws {
        guard (1...65535).contains(publishers) else { throw ValidationError("--publishers is 1 to 65535") }
        let most = 1_000_000
        guard (0...most).contains(subscribers), (0...(most - subscribers)).contains(connections) else {
            throw ValidationError("--subscribers and --connections are 0 to 1000000 together")
        }
        guard publishOnly || subscribers + connections > 0 else {
            throw ValidationError("without subscribers there is --publish-only")
        }
        guard (1...65535).contains(destinations) else { throw ValidationError("--destinations is 1 to 65535") }
        if let messages, messages < 1 { throw ValidationError("--messages is 1 or more") }
        if let duration, duration.amount <= .zero { throw ValidationError("--duration is more than 0") }
        guard messages == nil || duration == nil else {
            throw ValidationError("--messages and --duration do not go together")
        }
        guard !(publishOnly && subscribeOnly) else {
            throw ValidationError("--publish-only and --subscribe-only are for two processes")
        }
        guard size == nil || bodyFile == nil else { throw ValidationError("--size and --body-file do not go together") }
        if let size, stamp != .header, size.bytes < Stamp.size {
            throw ValidationError("a stamped body has at least \(Stamp.size) octets; --stamp header leaves it free")
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
                "\(bodyFile): a stamped body has at least \(Stamp.size) octets; --stamp header leaves it free")
        }
        return ByteBuffer(bytes: content)
    }
}

/// Where the results of a run are written, and the limits that they must meet.
struct BenchReportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write the figures to this file as JSON; - is stdout, without the table.", valueName: "file")
    )
    var json: String?

    @Option(
        help: ArgumentHelp(
            "Write the latencies to this file as a HdrHistogram log, a line each second.", valueName: "file"))
    var hdr: String?

    @Option(
        help: ArgumentHelp(
            "End with status 1 where this holds, such as 'p99>50ms'; repeatable: \(FailCondition.metrics).",
            valueName: "condition"), transform: FailCondition.init)
    var failIf: [FailCondition] = []

    /// - Throws: ``Failure`` with 73 if a file cannot be created.
    func outputs() throws -> BenchOutputs { try BenchOutputs(json: json, hdr: hdr, failIf: failIf) }
}

extension BenchPlan.StampPlace: ExpressibleByArgument {}
extension BenchPlan.Delivery: ExpressibleByArgument {}
