import ArgumentParser
import STOMPBroker
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// `serve`: the embedded broker.
struct ServeCommand: AsyncParsableCommand {
    private static let exitStatuses = ExitStatus.section(
        [.usage, .noInput, .writeFailed, .hungUp, .interrupted, .terminated],
        own: [.badInput: "an invalid certificate or key", .cannotCreate: "the port cannot be listened on"])

    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the embedded broker, for trying out, mocks and tests.",
        discussion: """
            STOMP 1.0 to 1.2 in memory: topics, queues under /queue/, ack modes,
            transactions, receipts, heart-beats. What is sent to /app/echo comes back on
            /topic/echo. It keeps nothing on disk, and is no broker for production. The
            URLs it listens on are printed on stdout, one a line.

            EXAMPLES
              stomptap serve
              stomptap serve --tcp 127.0.0.1:0 --clock
              stomptap serve --ws 127.0.0.1:8080 --ws-path /stomp --login 'guest:secret'
              stomptap serve --emulate spring \\
                --reply '/app/price=/user/queue/price {"id": {{body .id}}, "price": 9.5}'

            TEMPLATES
              The BODY of --reply may have {{body}}, {{body .path}} for a value of a JSON
              body, {{header NAME}}, and what publish --template has: {{count}}, {{time}},
              {{uuid}}, {{random A B}}, {{env NAME}}; {{{{ is {{ itself.

            \(exitStatuses)
            """)

    @Option(
        help: ArgumentHelp("Listen for STOMP over TCP (127.0.0.1:61613; port 0 picks one).", valueName: "host:port"),
        transform: ListenArgument.init)
    var tcp: ListenArgument?

    @Option(
        help: ArgumentHelp(
            "Listen for STOMP over WebSocket (127.0.0.1:15674; port 0 picks one).", valueName: "host:port"),
        transform: ListenArgument.init)
    var ws: ListenArgument?

    @Option(help: ArgumentHelp("The path of the WebSocket, and of SockJS.", valueName: "path"))
    var wsPath = "/ws"

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Let only these log in; repeatable (default: anyone).", valueName: "user:passcode"),
        transform: LoginArgument.init)
    var login: [LoginArgument] = []

    @Option(
        name: [.customShort("C", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Refuse a CONNECT without this header, as an interceptor of Spring's would; repeatable.",
            valueName: "name: value"), transform: HeaderArgument.init)
    var connectHeader: [HeaderArgument] = []

    @Option(
        help: ArgumentHelp(
            "Heart-beats in milliseconds: how often we send, how often a client should (default: 10000,10000; with --emulate spring 0,0).",
            valueName: "out,in"),
        transform: HeartBeatArgument.init)
    var heartBeat: HeartBeatArgument?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Serve only web pages of this origin, * for all; others get 403; repeatable (default: pages of localhost, of loopback addresses and of the host they connect to, at any port).",
            valueName: "origin"), transform: OriginArgument.init)
    var origin: [OriginArgument] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Also serve HTTP requests for this host name; repeatable (always: IP addresses, localhost, this machine's name, host.docker.internal; others get 421).",
            valueName: "name"), transform: HostNameArgument.init)
    var listenName: [HostNameArgument] = []

    @Option(
        help:
            "Behave as this server does, quirks included: standard is by the book, spring is 6.2, spring-5 5.3, spring-4 4.3."
    )
    var emulate = ServerProfile.standard

    /// The former name of `--emulate`.
    @Option(help: .hidden)
    var manner: ServerProfile?

    private var serverProfile: ServerProfile { manner ?? emulate }

    @Option(
        help: ArgumentHelp(
            "With --emulate spring: destinations that the broker passes on begin so; repeatable (default: /topic, /queue, /sub).",
            valueName: "prefix"))
    var prefix: [String] = []

    @Option(
        help: ArgumentHelp(
            "What is sent to the first destination comes on the second, as a handler of an application would have it; repeatable.",
            valueName: "from=to"), transform: RouteArgument.init)
    var route: [RouteArgument] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Answer what is sent to FROM with BODY on TO, as a handler of an application would; BODY is a template; repeatable.",
            valueName: "from=to body"), transform: ReplyArgument.init)
    var reply: [ReplyArgument] = []

    @OptionGroup
    var faults: ServeFaultOptions

    @OptionGroup
    var tls: ServerTLSArguments

    @Flag(help: "Send a JSON tick to /topic/clock each second.")
    var clock = false

    @Flag(
        name: .shortAndLong,
        help: "Print on stderr who comes, subscribes and goes, and each dropped frame and why; -vv every frame.")
    var verbose: Int

    func validate() throws {
        guard wsPath.hasPrefix("/") else { throw ValidationError("--ws-path begins with /") }
        let ofSpring = [("--prefix", !prefix.isEmpty)] + faults.ofSpring
        for (option, isGiven) in ofSpring where isGiven && !serverProfile.isSpring {
            throw ValidationError("\(option) goes with --emulate spring")
        }
    }

    func run() async throws {
        var configuration = BrokerConfiguration()
        configuration.listeners = listeners
        configuration.logins = login.isEmpty ? nil : LoginArgument.table(login)
        configuration.connectHeaders = Dictionary(connectHeader.map { ($0.header.name, $0.header.value) }) { _, last in
            last
        }
        configuration.heartBeat = heartBeat?.heartBeat
        configuration.serverProfile = serverProfile
        if !prefix.isEmpty { configuration.destinationPrefixes = prefix }
        configuration.routes = Dictionary(route.map { ($0.from, $0.to) }) { _, last in last }
        configuration.replies = try reply.map { try $0.reply(serverProfile) }
        faults.apply(to: &configuration, isVerbose: verbose > 0)
        configuration.tls = tls.options
        configuration.allowedOrigins = origin.isEmpty ? nil : origin.map(\.origin)
        configuration.listenNames = listenName.map(\.name)
        let refusals = Shared(RefusalFilter())
        configuration.refusalObserver = { refusal in
            switch refusals.update({ $0.check(refusal) }) {
            case .new: Diagnostics.warn(refusal.line(originOption: "--origin"))
            case .overflow: Diagnostics.warn(RefusalFilter.overflowLine)
            case .skipped: break
            }
        }
        configuration.hasClock = clock
        configuration.hasEcho = true
        configuration.server = "stomptap/\(Version.current)"
        if verbose > 0 {
            configuration.detail = verbose > 1 ? .frames : .drops
            configuration.observer = { event in
                if let trace = event.trace(.hiding) { Diagnostics.write(trace) } else { Diagnostics.note(event.line) }
            }
        }
        let settings = configuration
        try await Interrupts.endable {
            let broker = try await Broker.start(configuration: settings)
            let isOpen = settings.logins == nil
            if isOpen { Diagnostics.note("for tests only; keeps nothing on disk; Ctrl-C quits") }
            _ = try await StandardOutput.write(broker.addresses.map { "\($0.url)\n" }.joined())
            for address in [tcp, ws].compactMap({ $0 }) where !address.isLoopback {
                Diagnostics.warn("other machines can connect to \(address.host); 127.0.0.1 is this one alone")
            }
            if !isOpen { Diagnostics.note("serving in memory, for trying out, mocks and tests; Ctrl-C ends it") }
            // Runs until a signal comes.
            while !Task.isCancelled { try? await Task.sleep(nanoseconds: 3600 * 1_000_000_000) }
            await broker.shutdown()
        }
    }
}

extension ServeCommand {
    /// The listeners that are given; if none is, both at their default ports.
    private var listeners: [BrokerConfiguration.Listener] {
        let tcp = tcp.map { BrokerConfiguration.Listener.tcp(host: $0.host, port: $0.port) }
        let ws = ws.map { BrokerConfiguration.Listener.webSocket(host: $0.host, port: $0.port, path: wsPath) }
        let named = [tcp, ws].compactMap { $0 }
        guard named.isEmpty else { return named }
        return [.tcp(host: "127.0.0.1", port: 61613), .webSocket(host: "127.0.0.1", port: 15674, path: wsPath)]
    }
}
