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
            .success: "sent", .badInput: "a body, template or recording that cannot be sent",
            .timedOut: "no receipt in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Send messages.",
        discussion: """
            The body is the argument, the content of -f FILE, or what comes on stdin.
            Nothing is lost without being named: on a failure it says how many
            messages were sent and confirmed, and with which --skip to resume.

            Unless --heart-beat is given, it promises no heart-beats of its own: RabbitMQ
            3.10 ends the WebSocket session of a client that does at the first flow
            control, which bulk messages bring about.

            A message that is not UTF-8 goes over WebSocket as a binary message, which some
            servers ignore (ActiveMQ). Under --receipt auto each of those asks for a
            receipt too; a missing one ends with 75 and is named.

            --template expands, in the destination, the body, and the values of -H:
              {{count}}       the number of the message, from 1
              {{time}}        when it goes: 2026-11-21T05:03:22.118453Z
              {{uuid}}        a random UUID
              {{random A B}}  a whole number from A to B
              {{env NAME}}    a variable of the environment
              {{file FILE}}   what is in a file
              {{base64 FILE}} the same in base64
              {{{{            {{ itself

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

    @Argument(help: "Where to send to; --json-lines may leave it out.", completion: .destination)
    var destination: String?

    @Argument(help: "The body; without it, and without -f, stdin.")
    var body: String?

    @OptionGroup
    var sent: SentOptions

    @Flag(name: .shortAndLong, help: "Send a message for each line.")
    var lines = false

    @Flag(name: [.customShort("0"), .long], help: "Send a message for each NUL-terminated piece.")
    var null = false

    @Option(
        help: ArgumentHelp(
            "Send the messages that 'subscribe --record', 'tap --record' or -o json wrote to this file, with the headers they were sent with; of a tap's, what the apps sent; - is stdin.",
            valueName: "file"), completion: .file())
    var jsonLines: String?

    @Option(
        help: ArgumentHelp(
            "Send what --json-lines reads in its own time: 1 as recorded, 2 twice as fast (default: 0, at once).",
            valueName: "factor"))
    var speed: Double?

    @Option(help: ArgumentHelp("Send the body this many times.", valueName: "n"))
    var count = 1

    @Flag(help: "Expand {{count}}, {{time}} and so on in the destination, the body and the headers of SEND.")
    var template = false

    @Option(
        help: ArgumentHelp("Send messages no nearer to each other than this.", valueName: "duration"),
        transform: DurationArgument.init)
    var interval: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Send this many messages a second, or a minute, evenly; delays of up to a second are made up for.",
            valueName: "n/s"), transform: RateArgument.init)
    var rate: RateArgument?

    @Option(
        help: ArgumentHelp(
            "Receipts of SEND: auto for every 1000th message, the last, and each that goes as a binary WebSocket message; require for each; none.",
            valueName: "when"))
    var receipt = ReceiptPolicy.auto

    @Flag(help: "Send everything in one transaction: all or nothing.")
    var transaction = false

    @Flag(help: "Compress each body, and set the 'content-encoding' header of SEND to gzip.")
    var gzip = false

    @Flag(help: "Send no 'content-length' header; ActiveMQ then delivers text.")
    var noContentLength = false

    @Option(help: ArgumentHelp("Leave the first messages out: they were confirmed by an earlier run.", valueName: "n"))
    var skip = 0

    @OptionGroup(title: "Connection")
    var connection: ConnectionOptions

    func validate() throws {
        guard count >= 1 else { throw ValidationError("--count is 1 or more") }
        guard skip >= 0 else { throw ValidationError("--skip is 0 or more") }
        try sent.refuseSeconds(beside: body)
        try sent.header.refuse(["receipt": "--receipt", "transaction": "--transaction"])
        if gzip {
            try sent.header.refuse(["content-encoding": "--gzip"])
            guard jsonLines == nil else { throw ValidationError("--gzip does not go with --json-lines") }
            guard !noContentLength else {
                throw ValidationError("--gzip makes bodies binary: it does not go with --no-content-length")
            }
        }
        guard !(lines && null) else { throw ValidationError("-l and -0 do not go together") }
        guard count == 1 || !(lines || null) else {
            throw ValidationError("--count repeats one body; it does not go with -l and -0")
        }
        guard destination != nil || jsonLines != nil else { throw ValidationError("name a destination to send to") }
        guard jsonLines == nil || (body == nil && sent.file == nil && !lines && !null && count == 1 && !template) else {
            throw ValidationError(
                "--json-lines has its own bodies: it goes with no other, nor with -l, -0, --count or --template")
        }
        guard interval == nil || rate == nil else { throw ValidationError("--interval and --rate do not go together") }
        guard let speed else { return }
        guard jsonLines != nil else {
            throw ValidationError("--speed is that of a recording: it goes with --json-lines")
        }
        guard (0...1e6).contains(speed) else { throw ValidationError("--speed is a factor from 0 to 1000000") }
        guard speed == 0 || (interval == nil && rate == nil) else {
            throw ValidationError("--speed keeps the recorded times: it does not go with --interval and --rate")
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
                    try await reconnection.run { connection in try await publication.run(on: connection) }
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
