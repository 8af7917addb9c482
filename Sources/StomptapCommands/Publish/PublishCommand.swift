import ArgumentParser
import NIOCore
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// `publish`: sends messages.
struct PublishCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        own: [
            .success: "sent", .badInput: "invalid body, template or recording",
            .timedOut: "no receipt in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Send messages.",
        discussion: """
            The body is the argument, the content of -f FILE, or stdin. If sending fails,
            the error line has the number of messages sent and confirmed, and the --skip
            to resume with.

            Without --heart-beat, publish sends no heart-beats: with them, RabbitMQ 3.10
            closes a WebSocket session as soon as many messages start its flow control.

            A body that is not UTF-8 is sent over WebSocket as a binary message, which
            some servers ignore (ActiveMQ). With --receipt auto, a receipt is requested
            for each of these; if one is missing, publish reports it and exits with 75.

            --template expands, in the destination, the body, and the values of -H:
              {{count}}       the number of the message, from 1
              {{time}}        the time of sending: 2026-11-21T05:03:22.118453Z
              {{uuid}}        a random UUID
              {{random A B}}  a random integer from A to B
              {{env NAME}}    an environment variable
              {{file FILE}}   the content of a file
              {{base64 FILE}} the content of a file in base64
              {{{{            a literal {{

            EXAMPLES
              stomptap publish stomp://localhost /topic/orders '{"id": 42}'
              stomptap publish ws://localhost:8080/ws /app/hello -H 'x-user: 민지'
              tail -f app.log | stomptap pub stomp://localhost /topic/log -l
              find . -name '*.kt' -print0 | stomptap pub stomp://localhost /queue/kt -0
              stomptap pub demo /app/echo 'tick {{count}}' --template --count 9 --rate 1/s
              stomptap pub stomp://localhost --json-lines orders.jsonl --speed 2

            \(exitStatuses)
            """,
        aliases: ["pub"])

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)"), completion: .endpoint)
    var endpoint: String

    @Argument(help: "Destination to send to; optional with --json-lines.", completion: .destination)
    var destination: String?

    @Argument(help: "Body (default: -f, or stdin).")
    var body: String?

    @OptionGroup
    var sent: SentOptions

    @Flag(name: .shortAndLong, help: "Send each line as a message.")
    var lines = false

    @Flag(name: [.customShort("0"), .long], help: "Send each NUL-terminated piece as a message.")
    var null = false

    @Option(
        help: ArgumentHelp(
            "Send the messages recorded in this file. 'subscribe --record', 'tap --record' and -o json record them; they are sent with their original headers, and from a tap's recording only those of the apps. - is stdin.",
            valueName: "file"), completion: .file())
    var jsonLines: String?

    @Option(
        help: ArgumentHelp(
            "Replay --json-lines with its recorded timing: 1 as recorded, 2 twice as fast (default: 0, without delays).",
            valueName: "factor"))
    var speed: Double?

    @Option(help: ArgumentHelp("Send the body this many times.", valueName: "n"))
    var count = 1

    @Flag(help: "Expand {{count}}, {{time}} and other fields; in the destination, the body and the -H headers.")
    var template = false

    @Option(
        help: ArgumentHelp("Minimum gap between messages.", valueName: "duration"),
        transform: DurationArgument.init)
    var interval: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Messages per second (or per minute), evenly spaced. Delays of up to a second are caught up.",
            valueName: "n/s"), transform: RateArgument.init)
    var rate: RateArgument?

    @Option(
        help: ArgumentHelp(
            "Receipts to request: auto for every 1000th message, the last one, and each binary WebSocket message; require for every message; none.",
            valueName: "when"))
    var receipt = ReceiptPolicy.auto

    @Flag(help: "Send everything in one transaction: all or nothing.")
    var transaction = false

    @Flag(help: "Compress each body with gzip, and set the 'content-encoding' header of SEND.")
    var gzip = false

    @Flag(help: "Omit the 'content-length' header; ActiveMQ then delivers text messages.")
    var noContentLength = false

    @Option(help: ArgumentHelp("Leave out the first N messages, confirmed in an earlier run.", valueName: "n"))
    var skip = 0

    @OptionGroup(title: OptionHeading.connection)
    var connection: ConnectionOptions

    func validate() throws {
        guard count >= 1 else { throw ValidationError("--count must be 1 or more") }
        guard skip >= 0 else { throw ValidationError("--skip must be 0 or more") }
        try sent.rejectDuplicates(of: body)
        try sent.header.refuse(["receipt": "--receipt", "transaction": "--transaction"])
        if gzip {
            try sent.header.refuse(["content-encoding": "--gzip"])
            guard jsonLines == nil else { throw ValidationError("--gzip and --json-lines cannot be combined") }
            guard !noContentLength else {
                throw ValidationError("--gzip makes bodies binary; it cannot be combined with --no-content-length")
            }
        }
        guard !(lines && null) else { throw ValidationError("-l and -0 cannot be combined") }
        guard count == 1 || !(lines || null) else {
            throw ValidationError("--count repeats one body; it cannot be combined with -l or -0")
        }
        guard destination != nil || jsonLines != nil else { throw ValidationError("missing destination") }
        guard jsonLines == nil || (body == nil && sent.file == nil && !lines && !null && count == 1 && !template) else {
            throw ValidationError(
                "--json-lines has its own bodies; it cannot be combined with a body, -f, -l, -0, --count or --template")
        }
        guard interval == nil || rate == nil else { throw ValidationError("--interval and --rate cannot be combined") }
        guard let speed else { return }
        guard jsonLines != nil else {
            throw ValidationError("--speed needs --json-lines")
        }
        guard (0...1e6).contains(speed) else { throw ValidationError("--speed must be a number from 0 to 1000000") }
        guard speed == 0 || (interval == nil && rate == nil) else {
            throw ValidationError("--speed uses the recorded times; it cannot be combined with --interval or --rate")
        }
    }

    func run() async throws {
        if let destination, !template { UsedDestinations.keep([destination]) }
        if let destination { DestinationAdvice.warn([destination], isSent: true, body: body) }
        let source = try BodySource(
            body: body, file: sent.file ?? jsonLines, of: jsonLines == nil ? "--file" : "--json-lines",
            separator: lines || jsonLines != nil ? .line : null ? .null : nil, count: count)
        let progress = PublishProgress(total: source.total)
        let queue = PendingMessageQueue(
            source: source, maker: try maker(for: source), pace: pace, skip: skip, progress: progress.counts)
        let plan = Publication.Plan(
            contentLength: noContentLength ? .omitted : .automatic, receipt: receipt, isTransaction: transaction,
            skip: skip)
        let options = connection
        try await EndpointArgument.with(endpoint) { endpoints in
            let reconnection = try options.reconnection(
                to: endpoints, standard: .never, heartBeat: HeartBeat(outgoing: 0, incoming: 10_000))
            try await Interrupts.endable {
                var publication = Publication(
                    queue: queue, plan: plan, mayComeBack: reconnection.policy.attempts != 0,
                    isVerbose: options.diagnostics.verbose > 0, progress: progress.counts)
                let send = {
                    try await reconnection.sessions { connection in try await publication.run(on: connection) }
                }
                do {
                    // With a trace, no progress line is shown on the terminal.
                    try await options.diagnostics.verbose > 0 ? send() : progress.shown(during: send)
                } catch is CancellationError {
                    // The reason for the cancellation is printed elsewhere; the progress is known only here.
                    if let account = publication.account(of: CancellationError()).line { Diagnostics.note(account) }
                    throw CancellationError()
                } catch {
                    throw publication.account(of: error)
                }
            }
        }
    }

    private func maker(for source: BodySource) throws -> MessageBuilder {
        func compile(_ text: String, of name: String) throws -> Template {
            template ? try Template(ByteBuffer(string: text), of: name) : Template(literal: text)
        }
        let content: MessageBuilder.Content
        if let jsonLines {
            content = .recording(Recording(name: jsonLines, needsTime: speed ?? 0 > 0))
        } else if template {
            content = .template(try source.repeatedBody.map { try Template($0, of: sent.file ?? "the body") })
        } else {
            content = .body
        }
        return MessageBuilder(
            content: content, destination: try destination.map { try compile($0, of: "the destination") },
            headers: try sent.header.map {
                ($0.header.name, try compile($0.header.value, of: "header \($0.header.name)"))
            },
            contentType: sent.contentType, isGzipped: gzip)
    }

    private var pace: Pace {
        if let rate { return .rate(rate.perSecond) }
        if let interval, interval.amount > .zero { return .interval(interval.amount) }
        if let speed, speed > 0 { return Pace(.recorded(speed: speed)) }
        return Pace(.atOnce)
    }
}

/// `--receipt`.
enum ReceiptPolicy: String, ExpressibleByArgument, CaseIterable, Sendable {
    case auto, require, none
}
