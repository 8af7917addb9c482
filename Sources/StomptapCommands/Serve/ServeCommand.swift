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
        own: [.badInput: "invalid certificate or key", .cannotCreate: "cannot open a port"])

    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run a built-in STOMP broker, for tests and mocks.",
        discussion: """
            STOMP 1.0 to 1.2 in memory: topics, queues under /queue/, ack modes,
            transactions, receipts and heart-beats. Messages to /app/echo are delivered
            to /topic/echo. Nothing is stored on disk; do not use it in production. It
            prints the URLs that it listens on to stdout, one per line.

            EXAMPLES
              stomptap serve
              stomptap serve --tcp 127.0.0.1:0 --clock
              stomptap serve --ws 127.0.0.1:8080 --ws-path /stomp --login 'guest:secret'
              stomptap serve --emulate spring \\
                --reply '/app/price=/user/queue/price {"id": {{body .id}}, "price": 9.5}'

            TEMPLATES
              The BODY of --reply can contain {{body}}, {{body .path}} for a value of a
              JSON body, {{header NAME}}, and the fields of publish --template: {{count}},
              {{time}}, {{uuid}}, {{random A B}}, {{env NAME}}; {{{{ is a literal {{.

            \(exitStatuses)
            """)

    @Option(
        help: ArgumentHelp(
            "Listen for STOMP over TCP (default: 127.0.0.1:61613; port 0 picks a free port).", valueName: "host:port"),
        transform: ListenArgument.init)
    var tcp: ListenArgument?

    @Option(
        help: ArgumentHelp(
            "Listen for STOMP over WebSocket (default: 127.0.0.1:15674; port 0 picks a free port).",
            valueName: "host:port"),
        transform: ListenArgument.init)
    var ws: ListenArgument?

    @Option(help: ArgumentHelp("Path for WebSocket and SockJS.", valueName: "path"))
    var wsPath = "/ws"

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Accept only these logins; repeatable (default: anyone).", valueName: "user:passcode"),
        transform: LoginArgument.init)
    var login: [LoginArgument] = []

    @Option(
        name: [.customShort("C", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Refuse a CONNECT without this header, as a Spring interceptor does; repeatable.",
            valueName: "name: value"), transform: HeaderArgument.init)
    var connectHeader: [HeaderArgument] = []

    @Option(
        help: ArgumentHelp(
            "Heart-beat intervals in milliseconds: ours and the client's; 0 turns them off (default: 10000,10000; with --emulate spring 0,0).",
            valueName: "out,in"),
        transform: HeartBeatArgument.init)
    var heartBeat: HeartBeatArgument?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Accept only web pages from this origin, or * for all; others get 403; repeatable (default: localhost, loopback addresses and the host that the page connects to, at any port).",
            valueName: "origin"), transform: OriginArgument.init)
    var origin: [OriginArgument] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Also accept HTTP requests for this host name; repeatable (always accepted: IP addresses, localhost, this machine's name, host.docker.internal; others get 421).",
            valueName: "name"), transform: HostNameArgument.init)
    var listenName: [HostNameArgument] = []

    @Option(
        help: ArgumentHelp(
            "Behave like this server, including its quirks. standard follows the STOMP specification; spring is Spring 6.2, spring-5 is 5.3, spring-4 is 4.3.",
            valueName: "server"))
    var emulate = ServerProfile.standard

    /// The former name of `--emulate`.
    @Option(help: .hidden)
    var manner: ServerProfile?

    private var serverProfile: ServerProfile { manner ?? emulate }

    @Option(
        help: ArgumentHelp(
            "Prefix of destinations that the broker handles; repeatable. Needs --emulate spring (default: /topic, /queue, /sub).",
            valueName: "prefix"))
    var prefix: [String] = []

    @Option(
        help: ArgumentHelp(
            "Deliver messages sent to FROM on TO, as an application's handler does; repeatable.",
            valueName: "from=to"), transform: RouteArgument.init)
    var route: [RouteArgument] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Answer each message sent to FROM with BODY on TO, as an application's handler does. BODY is a template. Repeatable.",
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
        help: "Log connections and subscriptions on stderr, and dropped frames with the reason; -vv every frame.")
    var verbose: Int

    func validate() throws {
        guard wsPath.hasPrefix("/") else { throw ValidationError("--ws-path must start with /") }
        let springOptions = [("--prefix", !prefix.isEmpty)] + faults.springOptions
        for (option, isGiven) in springOptions where isGiven && !serverProfile.isSpring {
            throw ValidationError("\(option) needs --emulate spring")
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
                Diagnostics.warn("other machines can connect to \(address.host); use 127.0.0.1 for this machine only")
            }
            if !isOpen { Diagnostics.note("running in memory, for tests and mocks; Ctrl-C quits") }
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
