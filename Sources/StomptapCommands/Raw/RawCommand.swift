import ArgumentParser
import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// `raw`: sends bytes as they are written, and prints bytes as they arrive.
struct RawCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(own: [.timedOut: "too little came in time"])

    static let configuration = CommandConfiguration(
        commandName: "raw", abstract: "Send hand-written frames or WebSocket messages, tail server-sent events.",
        discussion: """
            Frames are read as text from FILE or stdin, and sent as they are typed, wrong
            or not. A frame ends at a line ^@, or at a NUL. No CONNECT, no heart-beats:
            nothing is sent that you did not write.

            EXAMPLES
              stomptap raw stomp://localhost frames.txt
              printf 'CONNECT\\nhost:/\\n\\n^@\\n' | stomptap raw ws://localhost:15674/ws
              stomptap raw stomp://localhost --connect -x
              stomptap raw --text ws://localhost:8000/chat/rooms/1
              stomptap raw --echo ws://localhost:9001/
              stomptap raw --sse http://localhost:8000/events

            \(exitStatuses)
            """)

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)"), completion: .endpoint)
    var endpoint: String

    @Argument(help: "What to send; without it, or as -, stdin.")
    var file: String?

    @Flag(help: "Plain WebSocket: each line is a message. No subprotocol is offered unless --subprotocol names one.")
    var text = false

    @Flag(help: "Plain WebSocket: send each message back as it came, until the server closes.")
    var echo = false

    @Flag(
        help:
            "Server-sent events at an http:// or https:// URL; a stream that ends is asked for anew, with Last-Event-ID."
    )
    var sse = false

    @Flag(help: "Make the STOMP handshake first: CONNECT as the options say, without heart-beats of ours.")
    var connect = false

    @Flag(help: "Understand \\r, \\n, \\t, \\0, \\\\ and \\xNN inside lines.")
    var escapes = false

    @Option(help: ArgumentHelp("How the lines of a frame's head end: lf, crlf.", valueName: "end"))
    var eol = LineEnd.lf

    @Flag(name: .customShort("x"), help: "Add a hex dump.")
    var hexDump = false

    @Option(
        help: ArgumentHelp(
            "How long to listen after the input has ended (default: 2s; with -W, as long as that).",
            valueName: "duration"), transform: DurationArgument.init)
    var wait: DurationArgument?

    @Option(
        name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional,
        help: ArgumentHelp("Stop after this many frames or messages have come.", valueName: "n"))
    var count: Int?

    @Option(
        name: [.customShort("W", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Stop after this long, connecting included; with -n, too little by then is status 75, and without a connection it is 75 or 69.",
            valueName: "duration"),
        transform: DurationArgument.init)
    var timeout: DurationArgument?

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: "Connection")
    var connection: ConnectionOptions

    private var mode: RawMode { sse ? .events : echo ? .echo : text ? .text : .frames }

    func validate() throws {
        if let count, count < 1 { throw ValidationError("-n is 1 or more") }
        guard !sse || !(text || echo) else { throw ValidationError("--sse does not go with --text and --echo") }
        guard mode == .frames || !connect && eol == .lf else {
            throw ValidationError("--connect and --eol are for frames: not with --text, --echo and --sse")
        }
        guard mode == .frames || mode == .text || file == nil else {
            throw ValidationError("--echo and --sse send nothing of their own: they take no file")
        }
    }

    func run() async throws {
        let input = try makeInput()
        let plan = RawExchange.Plan(
            mode: mode, connects: connect, count: count, timeout: timeout?.amount,
            wait: wait?.amount ?? (timeout == nil ? .seconds(2) : nil))
        let printer = RawPrinter(
            output.form, bodies: output.bodies(inflatedLimit: connection.maxMessage.bytes), hasDump: hexDump,
            diagnostics: connection.diagnostics)
        var options = connection
        // The output of these commands is only sent in CONNECT.
        if !connect { options.connectHeaderCommand = [] }
        try await EndpointArgument.with(endpoint) { [options] endpoints in
            var reconnection = try options.reconnection(to: plan.mode.fitting(endpoints), standard: .forever)
            for index in reconnection.servers.indices {
                // Invalid UTF-8 is reported, not replaced.
                reconnection.servers[index].configuration.transport.acceptsInvalidUTF8 = false
                guard plan.mode != .frames, options.subprotocol == nil else { continue }
                reconnection.servers[index].configuration.transport.subprotocols = []
            }
            try await Interrupts.endable { [reconnection] in
                if plan.mode == .events {
                    return try await EventStreamTail(reconnection, plan: plan, printer: printer).run()
                }
                let end = plan.timeout.map { NIODeadline.now() + $0 }
                let connection = try await RawConnection.open(reconnection.servers, mode: plan.mode, until: end)
                var plan = plan
                plan.timeout = end.map { max(.zero, $0 - .now()) }
                try await RawExchange(connection, plan: plan, input: input, printer: printer).run()
            }
        }
    }

    private func makeInput() throws -> RawInput? {
        let limit = connection.maxMessage.bytes
        switch mode {
        case .frames:
            return try .frames(
                file, FrameCutter(hasEscapes: escapes, endsLinesWithCRLF: eol == .crlf, limit: limit))
        case .text:
            return try .lines(
                file, LineCutter(hasEscapes: escapes, limit: limit), as: connection.wsBinary ? .binary : .text)
        case .echo, .events:
            return nil
        }
    }
}

/// `--eol`.
enum LineEnd: String, ExpressibleByArgument, CaseIterable, Sendable {
    case lf, crlf
}

extension RawMode {
    /// The endpoints that support these options.
    ///
    /// - Throws: ``Failure`` if there are none.
    fileprivate func fitting(_ endpoints: [Endpoint]) throws -> [Endpoint] {
        let fitting = endpoints.filter { endpoint in
            switch (self, endpoint.scheme) {
            case (.frames, _), (.text, .ws), (.text, .wss), (.echo, .ws), (.echo, .wss), (_, .http), (_, .https): true
            default: false
            }
        }
        guard fitting.isEmpty else { return fitting }
        throw Failure(
            .usage,
            self == .events
                ? "--sse asks by HTTP: the URL begins with http or https"
                : "--text and --echo are for messages: the URL begins with ws, wss, http or https")
    }
}
