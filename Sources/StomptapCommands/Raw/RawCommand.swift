import ArgumentParser
import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// `raw`: sends bytes as they are written, and prints bytes as they arrive.
struct RawCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(own: [.timedOut: "too few frames in time"])

    static let configuration = CommandConfiguration(
        commandName: "raw", abstract: "Send hand-written frames or WebSocket messages; print server-sent events.",
        discussion: """
            Frames are read as text from FILE or stdin, and sent unchanged, even if they
            are invalid. A frame ends with a line ^@ or a NUL. Nothing else is sent: no
            CONNECT and no heart-beats.

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

    @Argument(help: "File to send (default, or if -: stdin).")
    var file: String?

    @Flag(help: "Plain WebSocket: send each line as a message. Offers no subprotocol without --subprotocol.")
    var text = false

    @Flag(help: "Plain WebSocket: echo each message; ends when the server closes.")
    var echo = false

    @Flag(
        help:
            "Server-sent events from an http:// or https:// URL; reconnects with Last-Event-ID when the stream ends."
    )
    var sse = false

    @Flag(help: "Send CONNECT first, with the given options; send no heart-beats.")
    var connect = false

    @Flag(help: "Expand \\r, \\n, \\t, \\0, \\\\ and \\xNN in lines.")
    var escapes = false

    @Option(help: ArgumentHelp("Line end in the head of a frame: lf, crlf.", valueName: "end"))
    var eol = LineEnd.lf

    @Flag(name: .customShort("x"), help: "Add a hex dump.")
    var hexDump = false

    @Option(
        help: ArgumentHelp(
            "Time to keep receiving after the end of the input (default: 2s; with -W, until that ends).",
            valueName: "duration"), transform: DurationArgument.init)
    var wait: DurationArgument?

    @Option(
        name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional,
        help: ArgumentHelp("Stop after this many received frames or messages.", valueName: "n"))
    var count: Int?

    @Option(
        name: [.customShort("W", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Stop after this time, including connecting. With -n, exit with 75 if too few frames arrived; if not connected then, exit with 75 or 69.",
            valueName: "duration"),
        transform: DurationArgument.init)
    var timeout: DurationArgument?

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: OptionHeading.connection)
    var connection: ConnectionOptions

    private var mode: RawMode { sse ? .events : echo ? .echo : text ? .text : .frames }

    func validate() throws {
        if let count, count < 1 { throw ValidationError("-n must be 1 or more") }
        guard !sse || !(text || echo) else { throw ValidationError("--sse cannot be combined with --text or --echo") }
        guard mode == .frames || !connect && eol == .lf else {
            throw ValidationError(
                "--connect and --eol are for frames; they cannot be combined with --text, --echo or --sse")
        }
        guard mode == .frames || mode == .text || file == nil else {
            throw ValidationError("--echo and --sse cannot be combined with a file")
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
                ? "--sse needs a URL with http:// or https://"
                : "--text and --echo need a URL with ws://, wss://, http:// or https://")
    }
}
