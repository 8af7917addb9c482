import ArgumentParser
import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// The connection options that all connecting commands share.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup(title: "Credentials")
    var credentials: CredentialOptions

    @Option(
        name: [.customShort("C", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a header to CONNECT; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init)
    var connectHeader: [HeaderArgument] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Add a header to CONNECT, with the first line of COMMAND's output as its value. sh runs COMMAND before each connection attempt, within --connect-timeout, and once more after a refusal. Repeatable.",
            valueName: "name: command"), transform: HeaderCommand.init)
    var connectHeaderCommand: [HeaderCommand] = []

    @OptionGroup
    var http: HTTPOptions

    @Option(
        help: ArgumentHelp(
            "The 'host' header of CONNECT (default: the URL's host name; RabbitMQ needs /).", valueName: "host"))
    var virtualHost: String?

    @Option(
        help: ArgumentHelp(
            "STOMP versions to accept, separated by commas (default: 1.2,1.1,1.0).", valueName: "versions"),
        transform: VersionsArgument.init)
    var stompVersion = VersionsArgument.all

    @Option(
        help: ArgumentHelp(
            "Heart-beat intervals in milliseconds: ours and the server's; 0 turns them off (default: 10000,10000; for publish and raw 0,10000, for check 1000,1000, for bench 0,0).",
            valueName: "out,in"), transform: HeartBeatArgument.init)
    var heartBeat: HeartBeatArgument?

    @Option(
        help: ArgumentHelp(
            "Time limit from DNS to CONNECTED, including TCP, TLS and HTTP (default: 5s).",
            valueName: "duration"),
        transform: DurationArgument.init)
    var connectTimeout = DurationArgument(seconds: 5)

    @Option(
        help: ArgumentHelp(
            "Time limit for each receipt, for the reply to DISCONNECT, and for a write without progress (default: 5s).",
            valueName: "duration"),
        transform: DurationArgument.init)
    var receiptTimeout = DurationArgument(seconds: 5)

    @Option(
        help: ArgumentHelp(
            "If the server sends no receipts (Spring), a subscription is taken as active after this time (default: 100ms).",
            valueName: "duration"), transform: DurationArgument.init)
    var settle = DurationArgument(milliseconds: 100)

    @Option(
        help: ArgumentHelp(
            "Retry a lost connection: never, N times, or forever. If given, also retries the first connection (default: forever at the prompt of connect and for subscribe without -n, otherwise never).",
            valueName: "when"), transform: ReconnectArgument.init)
    var reconnect: ReconnectArgument?

    @Option(
        help: ArgumentHelp(
            "Wait before the second attempt; doubles with each attempt (default: 1s).", valueName: "duration"),
        transform: DurationArgument.init)
    var reconnectDelay = DurationArgument(seconds: 1)

    @Option(
        help: ArgumentHelp("Longest wait between attempts (default: 30s).", valueName: "duration"),
        transform: DurationArgument.init)
    var reconnectMaxDelay = DurationArgument(seconds: 30)

    @OptionGroup(title: "TLS")
    var tls: TLSArguments

    @Option(
        help: ArgumentHelp(
            "SockJS transport for http:// endpoints: websocket, xhr-streaming, eventsource, xhr-polling; auto tries them in this order.",
            valueName: "name"))
    var sockjsTransport = SockJSTransport.auto

    @OptionGroup
    var proxy: ProxyOptions

    @Option(
        help: ArgumentHelp(
            "WebSocket subprotocols to offer, separated by commas (default: v12.stomp,v11.stomp,v10.stomp).",
            valueName: "names"))
    var subprotocol: String?

    @Flag(help: "Send binary WebSocket messages. Frames that are not UTF-8 are always sent as binary.")
    var wsBinary = false

    @Option(
        help: ArgumentHelp(
            "Send each frame in WebSocket messages of at most this size (Tomcat accepts at most \(ServerLimits.tomcatMessage)).",
            valueName: "size"),
        transform: SizeArgument.init)
    var split: SizeArgument?

    @Flag(help: "Offer to compress WebSocket messages (permessage-deflate).")
    var compress = false

    @Option(
        help: ArgumentHelp("Largest message or frame to accept (default: 16MiB).", valueName: "size"),
        transform: SizeArgument.init)
    var maxMessage = SizeArgument(mebibytes: 16)

    @OptionGroup(title: "Diagnostics")
    var diagnostics: DiagnosticOptions

    /// Sessions with the servers, with the connection and reconnection settings of these options.
    ///
    /// - Parameters:
    ///   - endpoints: the servers, in the order in which they are tried.
    ///   - standard: the policy if `--reconnect` is not given.
    ///   - heartBeat: the offer if `--heart-beat` is not given.
    ///   - trace: the trace of the command, if it already has one.
    func reconnection(
        to endpoints: [Endpoint], standard: ReconnectArgument, heartBeat: HeartBeat? = nil,
        trace: CommandTrace? = nil
    ) throws -> Reconnection {
        var policy = ReconnectPolicy(delay: reconnectDelay.duration, maximumDelay: reconnectMaxDelay.duration)
        // If `--reconnect` is given, the first connection is also retried.
        policy.includesFirst = reconnect != nil
        switch reconnect ?? standard {
        case .never: policy.attempts = 0
        case .times(let times): policy.attempts = times
        case .forever: policy.attempts = nil
        }
        return Reconnection(
            servers: try servers(endpoints, heartBeat: heartBeat, trace: trace), policy: policy,
            report: ConnectionReport.reporter(isLocal: diagnostics.appearance.timestamps != .utc))
    }

    /// The servers, each with its configuration. Warns if `-k` turns off the verification of certificates.
    func servers(
        _ endpoints: [Endpoint], heartBeat: HeartBeat? = nil, trace: CommandTrace? = nil
    ) throws -> [(endpoint: Endpoint, configuration: ClientConfiguration)] {
        tls.warn(of: endpoints)
        let trace = try trace ?? diagnostics.trace()
        return try endpoints.map { endpoint in
            var configuration = try configuration(for: endpoint)
            if self.heartBeat == nil, let heartBeat { configuration.session.heartBeat = heartBeat }
            configuration.transport.trace = trace.wire
            configuration.transport.capture = trace.capture
            return (endpoint, configuration)
        }
    }

    /// The configuration for `endpoint` that these options give.
    private func configuration(for endpoint: Endpoint) throws -> ClientConfiguration {
        var configuration = ClientConfiguration(endpoint)
        configuration.session.versions = stompVersion.versions
        if let virtualHost { configuration.session.virtualHost = virtualHost }
        if let login = credentials.login { configuration.session.login = login }
        if let passcode = try credentials.readPasscode() { configuration.session.passcode = passcode }
        if let heartBeat { configuration.session.heartBeat = heartBeat.heartBeat }
        configuration.session.headers = HeaderList(connectHeader)
        configuration.connectTimeout = connectTimeout.duration
        configuration.receiptTimeout = receiptTimeout.duration
        configuration.settleTime = settle.duration
        configuration.limits = FrameLimits(line: maxMessage.bytes, frame: maxMessage.bytes)
        http.apply(to: &configuration.transport)
        configuration.attemptHeaders = attemptHeaders
        if let subprotocol {
            configuration.transport.subprotocols = subprotocol.split(separator: ",").map {
                String($0.drop(while: { $0 == " " }))
            }
        } else {
            // A server picks one of the subprotocols offered, so only accepted versions may be offered.
            configuration.transport.subprotocols = stompVersion.versions.sorted(by: >).map(\.subprotocol)
        }
        configuration.transport.tls = try tls.options()
        configuration.transport.proxy = try proxy.target(for: endpoint)
        configuration.sockJSTransport = sockjsTransport
        configuration.transport.sendsBinary = wsBinary
        configuration.transport.offersCompression = compress
        configuration.transport.split = split?.bytes
        configuration.transport.maximumMessage = maxMessage.bytes
        configuration.transport.closeTimeout = receiptTimeout.duration
        configuration.notice = { if let warning = $0.warning { Diagnostics.warn(warning) } }
        return configuration
    }
}

extension STOMPVersion {
    /// The WebSocket subprotocol for this version.
    var subprotocol: String {
        "v" + rawValue.filter { $0 != "." } + ".stomp"
    }
}

extension SockJSTransport: ExpressibleByArgument {}

/// `--stomp-version`: versions, separated by commas.
struct VersionsArgument: CustomStringConvertible, Sendable {
    let versions: [STOMPVersion]

    static let all = VersionsArgument(versions: STOMPVersion.allCases)

    private init(versions: [STOMPVersion]) {
        self.versions = versions
    }

    init(_ text: String) throws {
        versions = try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
            guard let version = STOMPVersion(rawValue: String(name)) else {
                throw ValidationError("expected 1.0, 1.1 or 1.2; separate several by commas")
            }
            return version
        }
    }

    var description: String { versions.sorted(by: >).map(\.rawValue).joined(separator: ",") }
}

/// `--heart-beat`: two times in milliseconds.
struct HeartBeatArgument: CustomStringConvertible, Sendable {
    let heartBeat: HeartBeat

    init(outgoing: Int, incoming: Int) {
        heartBeat = HeartBeat(outgoing: outgoing, incoming: incoming)
    }

    init(_ text: String) throws {
        guard let value = try? HeartBeat(header: text), text.contains(where: \.isNumber) else {
            throw ValidationError("expected two numbers of milliseconds, such as 4000,4000 or 0,0")
        }
        heartBeat = value
    }

    var description: String { heartBeat.description }
}

/// `--reconnect`.
enum ReconnectArgument: Sendable {
    case never, times(Int), forever

    init(_ text: String) throws {
        switch text {
        case "never": self = .never
        case "forever": self = .forever
        default:
            guard let times = Int(text), times >= 1 else {
                throw ValidationError("expected never, forever, or a number of attempts")
            }
            self = .times(times)
        }
    }
}

extension DurationArgument {
    init(seconds: Int) { self.init(text: "\(seconds)s", amount: .seconds(Int64(seconds))) }
    init(milliseconds: Int) { self.init(text: "\(milliseconds)ms", amount: .milliseconds(Int64(milliseconds))) }
}

extension SizeArgument {
    init(mebibytes: Int) { self.init(text: "\(mebibytes)MiB", bytes: mebibytes << 20) }
}

/// Reports the state of a connection on stderr.
enum ConnectionReport {
    /// - Parameter isLocal: whether times are in the local time zone; otherwise they are in UTC.
    static func reporter(isLocal: Bool) -> @Sendable (Reconnection.Event) -> Void {
        // The wall clock, which continues while the machine sleeps.
        let lostAt = Shared<Timestamp?>(nil)
        return { event in
            switch event {
            case .connecting: break
            case .connected(_, let away):
                if away != nil, let start = lostAt.value {
                    Diagnostics.note("reconnected; offline \(interval(from: start, to: .now(), isLocal: isLocal))")
                }
                lostAt.update { $0 = nil }
            case .lost(let error, _, let wait):
                lostAt.update { $0 = $0 ?? .now() }
                Diagnostics.note(Explanation(error).line(tryingAgainIn: wait))
            }
        }
    }

    /// `from 14:03:22 to 14:03:25 (2.9 s)`.
    static func interval(from start: Timestamp, to end: Timestamp, isLocal: Bool) -> String {
        let clocks = [start, end].map { time in
            var text: [UInt8] = []
            text.appendClock(time.calendar(isLocal: isLocal))
            return String(decoding: text, as: UTF8.self)
        }
        let span = TimeAmount.nanoseconds(max(0, end.nanoseconds - start.nanoseconds))
        return "from \(clocks[0]) to \(clocks[1]) (\(span.readable))"
    }
}
