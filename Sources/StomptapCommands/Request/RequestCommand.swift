import ArgumentParser
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// `request`: sends a message and waits for the replies.
struct RequestCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        own: [
            .success: "reply received", .failed: "the server answered ERROR or no reply matched",
            .badInput: "invalid body", .timedOut: "no reply in time",
        ])

    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "Send a message and print the reply.",
        discussion: """
            Subscribes to --reply, sends the message, and prints the first reply that
            matches --expect. The subscription is active before the message is sent, so
            that a quick reply is not missed.

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

    @Argument(help: "Destination to send to.", completion: .destination)
    var destination: String

    @Argument(help: "Body (default: -f, or stdin).")
    var body: String?

    @Option(
        help: ArgumentHelp("Destination to receive the reply from.", valueName: "destination"),
        completion: .destination)
    var reply: String

    @Option(
        help: ArgumentHelp("Wait for a reply with a body that matches.", valueName: "regex"),
        transform: BodyPattern.init)
    var expect: BodyPattern?

    @Option(
        name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional,
        help: ArgumentHelp("Wait for this many replies.", valueName: "n"))
    var count = 1

    @Option(
        name: [.customShort("W", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Time limit for replies, from when the message was sent (default: 5s). If given, also limits connecting.",
            valueName: "duration"),
        transform: DurationArgument.init)
    var timeout: DurationArgument?

    @OptionGroup
    var sent: SentOptions

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a header to the SUBSCRIBE for --reply; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init)
    var replyHeader: [HeaderArgument] = []

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: OptionHeading.connection)
    var connection: ConnectionOptions

    func validate() throws {
        guard count >= 1 else { throw ValidationError("-n must be 1 or more") }
        try sent.rejectDuplicates(of: body)
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
