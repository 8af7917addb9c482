import ArgumentParser
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime
import SystemC

/// `subscribe`: prints the messages of destinations as they come.
struct SubscribeCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        own: [
            .failed: "the server answered ERROR or nothing matched --expect", .badInput: "invalid certificate",
            .noInput: "no such file or --exec command", .timedOut: "too few messages in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "subscribe", abstract: "Print the messages of destinations as they arrive.",
        discussion: """
            Prints each message as it arrives, until Ctrl-C, -n or -W.

            Messages are removed from a queue only after they were printed. Queues are
            destinations that deliver each message to one receiver (/queue/,
            /amq/queue/, /dsub/, Consumer., a durable subscription); they are read with
            --ack client-individual. --peek removes nothing.

            EXAMPLES
              stomptap subscribe demo /topic/clock
              stomptap subscribe ws://localhost:15674/ws /topic/orders -n 1 -W 10s
              stomptap subscribe http://localhost:8080/ws /topic/room.1 -v
              stomptap subscribe stomp://localhost/%2F /topic/orders -o json | jq .body
              stomptap sub stomp://localhost/%2F /queue/jobs --peek -n 10
              stomptap sub ws://localhost:8080/ws /topic/health --expect '"up"' -W 30s
              stomptap sub stomp://localhost/%2F /queue/jobs --exec ./job
              stomptap sub stomp://localhost /topic/orders --record orders.jsonl

            \(exitStatuses)
            """,
        aliases: ["sub"])

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)"), completion: .endpoint)
    var endpoint: String

    @Argument(help: "Destination to subscribe to; several share one connection.", completion: .destination)
    var destination: [String]

    @Option(
        name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional,
        help: ArgumentHelp("Stop after this many messages.", valueName: "n"))
    var count: Int?

    @Option(
        name: [.customShort("W", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Stop after this time. With -n, exit with 75 if too few messages arrived; if not connected then, exit with 75 or 69.",
            valueName: "duration"),
        transform: DurationArgument.init)
    var timeout: DurationArgument?

    @Option(
        help: ArgumentHelp("Stop after this time without a message.", valueName: "duration"),
        transform: DurationArgument.init)
    var idleTimeout: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Ack mode: auto, client or client-individual. A message is acknowledged after it was printed (default: client-individual for queues such as /queue/, otherwise auto).",
            valueName: "mode"), transform: AckArgument.init)
    var ack: AckArgument?

    @Option(
        help: ArgumentHelp(
            "Limit of unacknowledged messages; RabbitMQ and ActiveMQ respect it, other servers may send more. Needs --ack client or client-individual (default: 100, at most -n; no limit with --grep, --expect and --peek).",
            valueName: "n"))
    var prefetch: Int?

    @Flag(
        help:
            "Print messages of a queue without removing them. With ActiveMQ, exits after the last one; other servers mark the messages as redelivered."
    )
    var peek = false

    @Option(
        help: ArgumentHelp(
            "Subscription id: the 'id' header of SUBSCRIBE (default: sub-0, sub-1, ...).", valueName: "id"))
    var id: String?

    @Option(
        help: ArgumentHelp("The 'selector' header of SUBSCRIBE, if the server supports selectors.", valueName: "expr"))
    var selector: String?

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a header to SUBSCRIBE; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init
    )
    var header: [HeaderArgument] = []

    @Option(
        help: ArgumentHelp(
            "Print only messages with a body that matches; -n counts only these. All others stay in the queue.",
            valueName: "regex"),
        transform: BodyPattern.init)
    var grep: BodyPattern?

    @Option(
        help: ArgumentHelp(
            "Exit with 0 at the first printed body that matches, or with 1 if none does. All others stay in the queue.",
            valueName: "regex"),
        transform: BodyPattern.init)
    var expect: BodyPattern?

    @Option(
        help: ArgumentHelp(
            "Send NACK instead of ACK if the body matches. Needs a queue, or --ack client or client-individual, and STOMP 1.1 or later.",
            valueName: "regex"), transform: BodyPattern.init)
    var nackMatch: BodyPattern?

    @Option(
        help: ArgumentHelp(
            "Run this command for each printed message. /bin/sh -c runs it, one at a time. Its stdin is the body; the headers of MESSAGE are in STOMP_DESTINATION, STOMP_MESSAGE_ID and so on. If it fails, NACK is sent for a message that needs an acknowledgement; RabbitMQ delivers it again at once.",
            valueName: "command"))
    var exec: String?

    @Option(
        help: ArgumentHelp(
            "Also append each printed message to this file, in the format of -o json. 'publish --json-lines' sends them again.",
            valueName: "file"), completion: .file())
    var record: String?

    @Option(
        help: ArgumentHelp("Create this file when the subscription is active.", valueName: "file"), completion: .file())
    var readyFile: String?

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: OptionHeading.connection)
    var connection: ConnectionOptions

    func validate() throws {
        guard !destination.isEmpty else { throw ValidationError("missing destination") }
        try header.refuse(["destination": "the argument DESTINATION", "id": "--id", "ack": "--ack"])
        if selector != nil { try header.refuse(["selector": "--selector"]) }
        guard id == nil || destination.count == 1 else {
            throw ValidationError("--id can be used with one destination only")
        }
        let isQueue = destination.contains { AckPolicy.isQueue($0, HeaderList(header)) }
        guard nackMatch == nil || ack.map({ $0.mode != .auto }) ?? isQueue else {
            throw ValidationError("--nack-match needs a queue, or --ack client or client-individual")
        }
        if peek {
            guard ack?.mode != .auto else {
                throw ValidationError("--peek and --ack auto cannot be combined")
            }
            guard nackMatch == nil else {
                throw ValidationError("--peek and --nack-match cannot be combined")
            }
        }
        if let prefetch {
            guard prefetch >= 1 else { throw ValidationError("--prefetch must be 1 or more") }
            guard ack?.mode != .auto else { throw ValidationError("--prefetch has no effect with --ack auto") }
        }
        guard nackMatch == nil || connection.stompVersion.versions != [.v10] else {
            throw ValidationError("--nack-match: STOMP 1.0 has no NACK")
        }
        if let count, count < 1 { throw ValidationError("-n must be 1 or more") }
    }

    func run() async throws {
        UsedDestinations.keep(destination)
        DestinationAdvice.warn(destination)
        var headers = HeaderList(header)
        if let selector { headers["selector"] = selector }
        let plan = SubscribeRunner.Plan(
            destinations: destination, id: id, ack: ack?.mode, prefetch: prefetch, peeks: peek,
            headers: headers, count: count,
            timeout: timeout?.amount, idleTimeout: idleTimeout?.amount, readyFile: readyFile,
            grep: grep, expect: expect, nackMatch: nackMatch, exec: exec.map { MessageCommand(command: $0) },
            explainsSilence: connection.diagnostics.explainsSilence,
            countsPassedOver: connection.diagnostics.verbose > 0)
        let printer = MessagePrinter(
            output.form, bodies: output.bodies(inflatedLimit: connection.maxMessage.bytes),
            diagnostics: connection.diagnostics)
        let recorder = try record.map {
            try MessagePrinter(
                .json, to: OutputFile.append($0, of: "--record", mode: 0o600), diagnostics: connection.diagnostics)
        }
        let options = connection
        let omission = grep == nil && exec == nil ? output.form.omission : .nothing
        try await EndpointArgument.with(endpoint) { endpoints in
            let reconnection = try options.reconnection(
                to: endpoints, standard: plan.count == nil ? .forever : .never,
                trace: options.diagnostics.trace(without: omission))
            try await Interrupts.endable {
                try await SubscribeRunner(reconnection: reconnection, plan: plan, printer: printer, recorder: recorder)
                    .run()
            }
        }
    }
}

/// `--ack`.
struct AckArgument: CustomStringConvertible, Sendable {
    let mode: AckMode

    init(mode: AckMode) {
        self.mode = mode
    }

    init(_ text: String) throws {
        guard let mode = AckMode(rawValue: text) else {
            throw ValidationError("expected auto, client or client-individual")
        }
        self.mode = mode
    }

    var description: String { mode.rawValue }
}
