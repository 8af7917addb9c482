import ArgumentParser
import STOMPClient
import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// `tap`: a proxy between an app and its server that prints every frame.
struct TapCommand: EndpointCommand {
    private static let exitStatuses = ExitStatus.section(
        [.usage, .noInput, .writeFailed, .badConfiguration, .hungUp, .interrupted, .terminated],
        own: [
            .success: "the reader of stdout has gone", .badInput: "an invalid certificate or key",
            .cannotCreate: "a file cannot be made or the port not listened on",
        ])

    static let configuration = CommandConfiguration(
        commandName: "tap", abstract: "Stand between an app and its server, and print every frame of both.",
        discussion: """
            Give the app the URL that is printed in place of its server's. By ENDPOINT's
            scheme the tap takes WebSocket, SockJS and all other HTTP, whose path it
            keeps, or STOMP over TCP; it passes everything on, both ways, and prints what
            passes: the time, the connection's number, the app's address, app > server or
            app < server, the frame. Connections that come and go, and faults, are told
            on stderr.

            The app never waits for the terminal: what cannot be printed in time is
            counted and said, and --record has it all the same. Filters concern what is
            printed; --record and --summary take everything.

            A message that ends inside a frame, as when its NUL was cut off, is printed
            once the next frame begins or nothing has come for a second; stderr says what
            is missing, and in JSON it is a "text" with "unfinished": true. After an
            invalid frame the next message is read as a frame again. Requests for a
            WebSocket or for /info that the server refuses are told with the Origin that
            was sent.

            EXAMPLES
              stomptap tap ws://localhost:15674/ws --listen 127.0.0.1:9000
              stomptap tap http://localhost:8080 --listen 127.0.0.1:9000 -v
              stomptap tap stomp://localhost --listen 127.0.0.1:61700 --command SEND,ERROR
              stomptap tap wss://a.example --listen 127.0.0.1:9000 --destination '/topic/*'
              stomptap tap stomp://localhost --listen 127.0.0.1:61700 --record a.jsonl
              stomptap pub stomp://localhost --json-lines a.jsonl
              stomptap tap ws://localhost/ws --listen 127.0.0.1:9000 --close-after 30s
              stomptap tap ws://localhost/ws --listen 127.0.0.1:9000 --drop heart-beats

            \(exitStatuses)
            """)

    @Argument(help: ArgumentHelp("\(EndpointArgument.help)"), completion: .endpoint)
    var endpoint: String

    @Option(
        help: ArgumentHelp("Where apps connect; port 0 picks one.", valueName: "host:port"),
        transform: ListenArgument.init)
    var listen: ListenArgument

    @Flag(help: "Listen also where other machines can connect.")
    var allowRemote = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Also pass on HTTP requests for this host name; repeatable (always: IP addresses, localhost, this machine's name, host.docker.internal; others get 421).",
            valueName: "name"), transform: HostNameArgument.init)
    var listenName: [HostNameArgument] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "With --cookie, --http-header, --http-header-command, --origin or --cert, also pass on requests of web pages of this origin, * for all; repeatable (always: pages of localhost, the tap and the server; others get 403).",
            valueName: "origin"), transform: OriginArgument.init)
    var allowOrigin: [OriginArgument] = []

    @OptionGroup
    var serverTLS: ServerTLSArguments

    @Option(
        help: ArgumentHelp(
            "Print only frames with these commands, commas between; repeatable.", valueName: "commands"),
        transform: CommandsArgument.init)
    var command: [CommandsArgument] = []

    @Option(
        help: ArgumentHelp(
            "Print only frames with such a destination: * is any text, / and . too, ? any character; commas part several; repeatable.",
            valueName: "glob"), transform: DestinationsArgument.init)
    var destination: [DestinationsArgument] = []

    @Option(
        help: ArgumentHelp("Print only frames and messages whose body matches.", valueName: "regex"),
        transform: BodyPattern.init)
    var grep: BodyPattern?

    @Option(
        help: ArgumentHelp(
            "Append everything that passes to this file, as -o json has it, whatever is printed; 'publish --json-lines' sends again what the apps sent.",
            valueName: "file"), completion: .file())
    var record: String?

    @Flag(
        help:
            "At the end, tell on stderr for each connection and destination: frames, octets, heart-beats, and how long receipts took."
    )
    var summary = false

    @Option(help: ArgumentHelp("Create this file once it listens.", valueName: "file"), completion: .file())
    var readyFile: String?

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: "Faults")
    var faults: TapFaultOptions

    @OptionGroup(title: "Connection to the server")
    var connection: TapConnectionOptions

    @OptionGroup(title: "Diagnostics")
    var diagnostics: TapDiagnosticOptions

    func run() async throws {
        guard listen.isLoopback || allowRemote else {
            throw Failure(
                .usage,
                "tap: other machines could connect to \(listen.host), and pass to the server as this one: listen on 127.0.0.1, or say --allow-remote"
            )
        }
        if let readyFile { OutputFile.removeReadyFile(readyFile) }
        let watch = try watch()
        let form = output.form
        try await EndpointArgument.with(endpoint) { endpoints in
            let configuration = try configuration(for: endpoints)
            try await Interrupts.endable {
                let tap = try await Tap.start(configuration) { events in watch.see(events) }
                try announce(tap, endpoints)
                var isOver = false
                if !form.isNone { isOver = await StandardOutput.readerIsGone() }
                // Runs until a signal comes.
                while !isOver, !Task.isCancelled { try? await Task.sleep(nanoseconds: 3600 * 1_000_000_000) }
                await tap.shutdown()
                await watch.finish()
            }
        }
    }

    private func watch() throws -> TapWatch {
        let appearance = diagnostics.appearance
        let filter = TapFilter(
            commands: Set(command.flatMap(\.commands)), destinations: destination.flatMap(\.globs), grep: grep)
        let printer = TapPrinter(
            output.form,
            style: appearance.style(
                of: STDOUT_FILENO, bodies: output.bodies(inflatedLimit: connection.maxMessage.bytes)),
            notices: TapNotices(diagnostics.detail, style: appearance.style(of: STDERR_FILENO)), filter: filter)
        return TapWatch(
            printer: printer, record: try record.map { try TapRecord($0, mask: appearance.mask) },
            summary: TapSummary(isDetailed: summary), mask: appearance.mask)
    }

    private func configuration(for endpoints: [Endpoint]) throws -> TapConfiguration {
        var configuration = try connection.configuration(listen: listen, for: endpoints)
        configuration.tls = serverTLS.options
        configuration.listenNames = listenName.map(\.name)
        configuration.allowedOrigins = allowOrigin.map(\.origin)
        configuration.faults = try faults.faults(isTCP: endpoints.contains(where: \.isTCP))
        configuration.tellsLayers = diagnostics.detail != nil
        return configuration
    }

    /// Prints the URL that the app must use, and creates the ready file.
    private func announce(_ tap: Tap, _ endpoints: [Endpoint]) throws {
        let servers = endpoints.map(\.description).joined(separator: ", ")
        let urls = endpoints.prefix(1).map {
            $0.tapped(host: tap.host, port: tap.port, isSecure: serverTLS.tlsCert != nil)
        }
        Diagnostics.note("tap: give the app \(urls.joined()) in place of \(servers); Ctrl-C ends it")
        if let readyFile { try OutputFile.makeReadyFile(readyFile) }
    }
}

extension Endpoint {
    /// The URL that the app must use instead of this one, to connect through the tap.
    func tapped(host: String, port: Int, isSecure: Bool) -> String {
        let scheme: Scheme =
            switch self.scheme {
            case .stomp, .stomps: isSecure ? .stomps : .stomp
            case .ws, .wss: isSecure ? .wss : .ws
            case .http, .https: isSecure ? .https : .http
            }
        var url = self
        (url.scheme, url.host, url.port) = (scheme, host, port)
        return "\(url)" + (virtualHost.map { "/\(PercentEncoding.encode($0))" } ?? "")
    }
}
