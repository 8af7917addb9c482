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
            .failed: "the server answered ERROR or nothing matched --expect", .badInput: "an invalid certificate",
            .noInput: "no such file or --exec command", .timedOut: "too few messages in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "subscribe", abstract: "Tail destinations.",
        discussion: """
            Prints each message as it comes, until Ctrl-C, -n or -W.

            A queue loses only what was printed: a destination that hands each message
            to one receiver (/queue/, /amq/queue/, /dsub/, Consumer., a durable
            subscription) is read with --ack client-individual, and what was received
            and not printed stays there. --peek takes nothing out.

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

    @Argument(help: "What to listen to; several share one connection.", completion: .destination)
    var destination: [String]

    @Option(
        name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional,
        help: ArgumentHelp("Stop after this many messages.", valueName: "n"))
    var count: Int?

    @Option(
        name: [.customShort("W", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Stop after this long; with -n, too few messages by then are status 75, and without a session then it is 75 or 69.",
            valueName: "duration"),
        transform: DurationArgument.init)
    var timeout: DurationArgument?

    @Option(
        help: ArgumentHelp("Stop after this long without a message.", valueName: "duration"),
        transform: DurationArgument.init)
    var idleTimeout: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "The 'ack' header of SUBSCRIBE: auto, client, client-individual. A message is acknowledged after its output was written (default: client-individual where each message goes to one receiver, such as /queue/, else auto).",
            valueName: "mode"), transform: AckArgument.init)
    var ack: AckArgument?

    @Option(
        help: ArgumentHelp(
            "How many unacknowledged messages RabbitMQ and ActiveMQ send ahead; other servers may send more. Goes with --ack client and client-individual (default: 100, at most -n; no limit with --grep, --expect and --peek).",
            valueName: "n"))
    var prefetch: Int?

    @Flag(
        help:
            "Print the messages of a queue and leave them all there. ActiveMQ ends after the last one; other servers mark what was sent as redelivered."
    )
    var peek = false

    @Option(help: ArgumentHelp("The 'id' header of SUBSCRIBE (default: sub-0, sub-1, ...).", valueName: "id"))
    var id: String?

    @Option(
        help: ArgumentHelp("The 'selector' header of SUBSCRIBE, where the server has selectors.", valueName: "expr"))
    var selector: String?

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Header on SUBSCRIBE; repeatable.", valueName: "name: value"), transform: HeaderArgument.init
    )
    var header: [HeaderArgument] = []

    @Option(
        help: ArgumentHelp(
            "Print only messages whose body matches; only these are counted by -n. In a queue all others stay.",
            valueName: "regex"),
        transform: BodyPattern.init)
    var grep: BodyPattern?

    @Option(
        help: ArgumentHelp(
            "End with 0 at the first printed body that matches; ending without one is status 1. In a queue all others stay.",
            valueName: "regex"),
        transform: BodyPattern.init)
    var expect: BodyPattern?

    @Option(
        help: ArgumentHelp(
            "Answer messages whose body matches with NACK instead of ACK; goes with a queue or --ack client or client-individual, from STOMP 1.1 on.",
            valueName: "regex"), transform: BodyPattern.init)
    var nackMatch: BodyPattern?

    @Option(
        help: ArgumentHelp(
            "Run this for each printed message by /bin/sh -c, one at a time: the body on its stdin, the headers of MESSAGE in STOMP_DESTINATION, STOMP_MESSAGE_ID and so on. Where it fails, a message that is to be acknowledged is answered with NACK; RabbitMQ delivers it again at once.",
            valueName: "command"))
    var exec: String?

    @Option(
        help: ArgumentHelp(
            "Append what is printed to this file as well, as -o json has it; 'publish --json-lines' sends it again.",
            valueName: "file"), completion: .file())
    var record: String?

    @Option(
        help: ArgumentHelp("Create this file once the subscription stands.", valueName: "file"), completion: .file())
    var readyFile: String?

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: "Connection")
    var connection: ConnectionOptions

    func validate() throws {
        guard !destination.isEmpty else { throw ValidationError("name a destination to listen to") }
        try header.refuse(["destination": "the argument DESTINATION", "id": "--id", "ack": "--ack"])
        if selector != nil { try header.refuse(["selector": "--selector"]) }
        guard id == nil || destination.count == 1 else {
            throw ValidationError("--id is one subscription's: it goes with one destination")
        }
        let isQueue = destination.contains { AckPolicy.isQueue($0, HeaderList(header)) }
        guard nackMatch == nil || ack.map({ $0.mode != .auto }) ?? isQueue else {
            throw ValidationError("--nack-match needs a queue, or --ack client or client-individual")
        }
        if peek {
            guard ack?.mode != .auto else {
                throw ValidationError("--peek acknowledges nothing; --ack auto does not go with it")
            }
            guard nackMatch == nil else {
                throw ValidationError("--peek acknowledges nothing; --nack-match does not go with it")
            }
        }
        if let prefetch {
            guard prefetch >= 1 else { throw ValidationError("--prefetch is 1 or more") }
            guard ack?.mode != .auto else { throw ValidationError("--prefetch has no effect with --ack auto") }
        }
        guard nackMatch == nil || connection.stompVersion.versions != [.v10] else {
            throw ValidationError("--nack-match: STOMP 1.0 has no NACK")
        }
        if let count, count < 1 { throw ValidationError("-n is 1 or more") }
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
            throw ValidationError("the modes are auto, client and client-individual")
        }
        self.mode = mode
    }

    var description: String { mode.rawValue }
}
