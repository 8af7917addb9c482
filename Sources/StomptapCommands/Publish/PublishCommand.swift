import ArgumentParser
import STOMPClient
import STOMPCore

/// `publish`: sends messages.
struct PublishCommand: EndpointCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Send messages.",
        discussion: """
            The body is the argument, the content of -f FILE, or what comes on stdin.
            Nothing is lost without being named: on a failure it says how many
            messages were sent and confirmed, and with which --skip to resume.

            EXAMPLES
              stomptap publish stomp://localhost /topic/orders '{"id": 42}'
              stomptap publish ws://localhost:8080/ws /app/hello -H 'x-user: 민지'
              tail -f app.log | stomptap pub stomp://localhost /topic/log -l
              find . -name '*.kt' -print0 | stomptap pub stomp://localhost /queue/kt -0

            EXIT STATUS
              0 sent, 1 the server answered ERROR, 64 wrong usage, 65 a body that
              cannot be sent, 66 no such file, 68 no such host, 69 no connection or
              lost, 75 no receipt in time, 76 protocol broken, 77 refused
            """,
        aliases: ["pub"])

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)"), completion: .endpoint)
    var endpoint: String

    @Argument(help: "Where to send to.", completion: .destination)
    var destination: String

    @Argument(help: "The body; without it, and without -f, stdin.")
    var body: String?

    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: ArgumentHelp("Take the body from this file; - is stdin.", valueName: "file"), completion: .file())
    var file: String?

    @Flag(name: .shortAndLong, help: "Send a message for each line.")
    var lines = false

    @Flag(name: [.customShort("0"), .long], help: "Send a message for each NUL-terminated piece.")
    var null = false

    @Option(help: ArgumentHelp("Send the body this many times.", valueName: "n"))
    var count = 1

    @Option(
        name: [.customShort("t", allowingJoined: true), .long],
        help: ArgumentHelp(
            "The 'content-type' header of SEND (default: application/json, text/plain or application/octet-stream, by the body; '' is none).",
            valueName: "type"))
    var contentType: String?

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Header on SEND; repeatable.", valueName: "name: value"), transform: HeaderArgument.init)
    var header: [HeaderArgument] = []

    @Option(
        help: ArgumentHelp(
            "Receipts of SEND: auto for every 1000th message and the last, require for each, none.",
            valueName: "when"))
    var receipt = ReceiptPolicy.auto

    @Flag(help: "Send everything in one transaction: all or nothing.")
    var transaction = false

    @Flag(help: "Send no 'content-length' header; ActiveMQ then delivers text.")
    var noContentLength = false

    @Option(help: ArgumentHelp("Leave the first messages out: they were confirmed by an earlier run.", valueName: "n"))
    var skip = 0

    @OptionGroup(title: "Connection")
    var connection: ConnectionOptions

    func validate() throws {
        guard count >= 1 else { throw ValidationError("--count is 1 or more") }
        guard skip >= 0 else { throw ValidationError("--skip is 0 or more") }
        guard body == nil || file == nil else {
            throw ValidationError("the body is given twice: as an argument and by -f")
        }
        guard !(lines && null) else { throw ValidationError("-l and -0 do not go together") }
        guard count == 1 || !(lines || null) else {
            throw ValidationError("--count repeats one body; it does not go with -l and -0")
        }
    }

    func run() async throws {
        UsedDestinations.keep([destination])
        let source = try BodySource(body: body, file: file, separator: lines ? .line : null ? .null : nil, count: count)
        let plan = Publication.Plan(
            destination: destination, headers: HeaderList(header), contentType: contentType,
            contentLength: noContentLength ? .omitted : .automatic, receipt: receipt, isTransaction: transaction,
            skip: skip)
        let options = connection
        try await EndpointArgument.with(endpoint) { endpoints in
            let reconnection = try options.reconnection(to: endpoints, standard: .never)
            try await Interrupts.endable {
                var publication = Publication(
                    source: source, plan: plan, mayComeBack: reconnection.policy.attempts != 0,
                    isVerbose: options.diagnostics.verbose > 0)
                do {
                    try await reconnection.run { connection in try await publication.run(on: connection) }
                } catch {
                    throw publication.account(of: error)
                }
            }
        }
    }
}

/// `--receipt`.
enum ReceiptPolicy: String, ExpressibleByArgument, CaseIterable, Sendable {
    case auto, require, none
}
