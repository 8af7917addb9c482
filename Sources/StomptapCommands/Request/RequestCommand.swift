import ArgumentParser
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// `request`: sends a message and waits for the replies.
struct RequestCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        own: [
            .success: "the reply came", .failed: "the server answered ERROR or no reply matched",
            .badInput: "a body that cannot be sent", .timedOut: "no reply in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "Send a message, and print what comes back.",
        discussion: """
            Subscribes to --reply, sends, and prints the first message that comes
            there and matches --expect. The subscription stands before the message
            goes, so that a quick answer is not missed.

            EXAMPLES
              stomptap request demo /app/echo hi --reply /topic/echo
              stomptap request ws://localhost:8080/ws /app/price '{"id":42}' \\
                  --reply /user/queue/price -o body | jq .total
              stomptap request stomp://localhost/%2F /queue/rpc ping --reply /queue/pong \\
                  -H 'reply-to: /queue/pong' --expect '^pong' -W 2s

            \(exitStatuses)
            """)

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)"), completion: .endpoint)
    var endpoint: String

    @Argument(help: "Where to send to.", completion: .destination)
    var destination: String

    @Argument(help: "The body; without it, and without -f, stdin.")
    var body: String?

    @Option(
        help: ArgumentHelp("Where the reply comes.", valueName: "destination"),
        completion: .destination)
    var reply: String

    @Option(
        help: ArgumentHelp("Wait for a reply whose body matches.", valueName: "regex"), transform: BodyPattern.init)
    var expect: BodyPattern?

    @Option(
        name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional,
        help: ArgumentHelp("Wait for this many replies.", valueName: "n"))
    var count = 1

    @Option(
        name: [.customShort("W", allowingJoined: true), .long],
        help: ArgumentHelp(
            "How long to wait for replies once the message has gone (default: 5s); if given, also how long to connect.",
            valueName: "duration"),
        transform: DurationArgument.init)
    var timeout: DurationArgument?

    @OptionGroup
    var sent: SentOptions

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Header on the SUBSCRIBE to --reply; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init)
    var replyHeader: [HeaderArgument] = []

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: "Connection")
    var connection: ConnectionOptions

    func validate() throws {
        guard count >= 1 else { throw ValidationError("--count is 1 or more") }
        try sent.refuseSeconds(beside: body)
    }

    func run() async throws {
        UsedDestinations.keep([destination, reply])
        DestinationAdvice.warn([destination], isSent: true, body: body)
        DestinationAdvice.warn([reply])
        let content = try BodySource.whole(body: body, file: sent.file)
        var headers = HeaderList(sent.header)
        if let warning = try ContentType.add(sent.contentType, for: content, to: &headers) { Diagnostics.warn(warning) }
        let request = Request(
            message: OutgoingMessage(to: destination, body: content, headers: headers), reply: reply,
            replyHeaders: HeaderList(replyHeader), expect: expect, count: count,
            timeout: timeout?.amount ?? .seconds(5), limitsConnecting: timeout != nil,
            printer: MessagePrinter(
                output.form, bodies: output.bodies(inflatedLimit: connection.maxMessage.bytes),
                diagnostics: connection.diagnostics),
            explainsSilence: connection.diagnostics.explainsSilence)
        let options = connection
        let omission = expect == nil ? output.form.omission : .nothing
        try await EndpointArgument.with(endpoint) { endpoints in
            let reconnection = try options.reconnection(
                to: endpoints, standard: .never, trace: options.diagnostics.trace(without: omission))
            try await Interrupts.endable {
                try await request.run(reconnection)
            }
        }
    }
}
