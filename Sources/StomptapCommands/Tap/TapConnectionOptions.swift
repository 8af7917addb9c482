import ArgumentParser
import STOMPClient
import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// The options of a tap for its connections to the server.
struct TapConnectionOptions: ParsableArguments {
    @OptionGroup
    var http: HTTPOptions

    @Option(
        help: ArgumentHelp(
            "Time limit for a connection to the server: DNS, TCP and TLS (default: 5s).", valueName: "duration"),
        transform: DurationArgument.init)
    var connectTimeout = DurationArgument(seconds: 5)

    @OptionGroup
    var tls: TLSArguments

    @OptionGroup
    var proxy: ProxyOptions

    @Option(
        help: ArgumentHelp(
            "Largest message or frame to decode. A larger one is forwarded, and nothing after it is decoded (default: 16MiB).",
            valueName: "size"),
        transform: SizeArgument.init)
    var maxMessage = SizeArgument(mebibytes: 16)

    func validate() throws { try http.check() }

    /// The configuration of a tap that listens on `listen` and connects to `endpoints`. Warns about settings that
    /// may surprise.
    ///
    /// - Throws: ``Failure`` or `TransportError` if the options are invalid.
    func configuration(listen: ListenArgument, for endpoints: [Endpoint]) throws -> TapConfiguration {
        guard Set(endpoints.map(\.isTCP)).count < 2 else {
            throw Failure(.usage, "tap: cannot mix STOMP over TCP and HTTP; use URLs of one kind")
        }
        for endpoint in endpoints where endpoint.login != nil {
            Diagnostics.warn("tap: the login in the URL of \(endpoint) is ignored; apps log in themselves")
        }
        tls.warn(of: endpoints)
        var configuration = TapConfiguration(host: listen.host, port: listen.port, targets: [])
        configuration.servers = try endpoints.map {
            TapConfiguration.Server($0.target(sockJS: .auto), proxy: try proxy.target(for: $0))
        }
        http.apply(to: &configuration.transport)
        configuration.connectionHeaders = http.headerProvider
        configuration.transport.tls = try tls.options()
        configuration.transport.maximumMessage = maxMessage.bytes
        configuration.connectTimeout = connectTimeout.amount
        return configuration
    }
}

/// The options for what a tap prints on stderr, and for the style of all output.
struct TapDiagnosticOptions: ParsableArguments {
    @Flag(
        name: .shortAndLong,
        help:
            "Print the lower layers on stderr: HTTP, WebSocket control frames, SockJS, heart-beats; -vv adds hex dumps."
    )
    var verbose: Int

    @OptionGroup
    var appearance: AppearanceOptions

    /// How much of the lower layers is shown; nil means nothing.
    var detail: WireEvent.Detail? { verbose > 1 ? .bytes : verbose > 0 ? .layers : nil }
}

extension Endpoint {
    var isTCP: Bool { scheme == .stomp || scheme == .stomps }
}
