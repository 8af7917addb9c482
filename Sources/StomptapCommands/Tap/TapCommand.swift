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
            .success: "the reader closed stdout", .badInput: "invalid certificate or key",
            .cannotCreate: "cannot create a file or open the port",
        ])

    static let configuration = CommandConfiguration(
        commandName: "tap", abstract: "Proxy an app's connection to its server, and print every frame.",
        discussion: """
            Use the printed URL in the app instead of the server's URL. For an ENDPOINT
            with ws, wss, http or https, the tap accepts WebSocket, SockJS and any other
            HTTP, and keeps the path; for stomp or stomps, it accepts STOMP over TCP. It
            forwards everything in both directions, and prints each frame with the time,
            the connection number, the app's address, and the direction: > to the
            server, < to the app. Opened and closed connections, and injected faults,
            are printed on stderr.

            The app never waits for the terminal: frames that cannot be printed in time
            are counted, and the count is printed. --record and --summary always include
            all frames; filters affect only what is printed.

            A WebSocket or SockJS message that ends inside a frame, for example without
            its NUL, is printed when the next frame starts or after a second; stderr
            reports what is missing, and in JSON it is a "text" with "unfinished": true.
            After an invalid frame, the next message is read as a frame again. If the
            server refuses a request for a WebSocket or for /info, stderr reports it
            with the Origin that was sent.

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
        help: ArgumentHelp("Address for apps to connect to; port 0 picks a free port.", valueName: "host:port"),
        transform: ListenArgument.init)
    var listen: ListenArgument

    @Flag(help: "Allow an address that other machines can reach.")
    var allowRemote = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Also accept HTTP requests for this host name; repeatable (always accepted: IP addresses, localhost, this machine's name, host.docker.internal; others get 421).",
            valueName: "name"), transform: HostNameArgument.init)
    var listenName: [HostNameArgument] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Also accept requests of web pages from this origin, or * for all; repeatable. Needed only with --cookie, --http-header, --http-header-command, --origin or --cert (always accepted: pages from localhost, the tap and the server; others get 403).",
            valueName: "origin"), transform: OriginArgument.init)
    var allowOrigin: [OriginArgument] = []

    @OptionGroup
    var serverTLS: ServerTLSArguments

    @Option(
        help: ArgumentHelp(
            "Print only frames with these commands, separated by commas; repeatable.", valueName: "commands"),
        transform: CommandsArgument.init)
    var command: [CommandsArgument] = []

    @Option(
        help: ArgumentHelp(
            "Print only frames with a destination that matches: * is any text including / and ., ? any character. Separate several patterns by commas; repeatable.",
            valueName: "glob"), transform: DestinationsArgument.init)
    var destination: [DestinationsArgument] = []

    @Option(
        help: ArgumentHelp("Print frames and messages only if the body matches.", valueName: "regex"),
        transform: BodyPattern.init)
    var grep: BodyPattern?

    @Option(
        help: ArgumentHelp(
            "Append all traffic to this file, in the format of -o json, even what is not printed. 'publish --json-lines' sends the messages of the apps again.",
            valueName: "file"), completion: .file())
    var record: String?

    @Flag(
        help:
            "At the end, print a table on stderr: frames, bytes, heart-beats and receipt times for each connection and destination."
    )
    var summary = false

    @Option(help: ArgumentHelp("Create this file when the tap is listening.", valueName: "file"), completion: .file())
    var readyFile: String?

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: "Faults")
    var faults: TapFaultOptions

    @OptionGroup(title: OptionHeading.serverConnection)
    var connection: TapConnectionOptions

    @OptionGroup(title: OptionHeading.diagnostics)
    var diagnostics: TapDiagnosticOptions

    func run() async throws {
        guard listen.isLoopback || allowRemote else {
            throw Failure(
                .usage,
                "tap: other machines can connect to \(listen.host) and reach the server through this one; listen on 127.0.0.1, or use --allow-remote"
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
        configuration.reportsLayers = diagnostics.detail != nil
        return configuration
    }

    /// Prints the URL that the app must use, and creates the ready file.
    private func announce(_ tap: Tap, _ endpoints: [Endpoint]) throws {
        let servers = endpoints.map(\.description).joined(separator: ", ")
        let urls = endpoints.prefix(1).map {
            $0.tapped(host: tap.host, port: tap.port, isSecure: serverTLS.tlsCert != nil)
        }
        Diagnostics.note("tap: use \(urls.joined()) in the app instead of \(servers); Ctrl-C quits")
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
