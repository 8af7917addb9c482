import ArgumentParser
import STOMPBroker
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// The options that make the embedded broker reject, limit and lose frames on purpose.
struct ServeFaultOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Answer frames with an ERROR. RULE is connect|subscribe|send[:REGEX]=TEXT; REGEX is searched in the first 4 KiB of the header lines name:value, and for send also of the body. Repeatable.",
            valueName: "rule"), transform: FailArgument.init)
    var fail: [FailArgument] = []

    @Option(
        help: ArgumentHelp(
            "Refuse WebSocket handshakes with this status: 200 with no body, as a Spring interceptor does; 302, 401 or 403, as Spring Security does.",
            valueName: "status"), transform: RefusedHandshakeArgument.init)
    var refuseHandshake: RefusedHandshakeArgument?

    @Option(
        help: ArgumentHelp(
            "Drop connections after this time without traffic, as a proxy does, without a close frame.",
            valueName: "duration"), transform: DurationArgument.init)
    var idleTimeout: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Largest WebSocket message (a larger one closes with 1009), and over TCP the largest frame (default: 16MiB; with --emulate spring the limit of the container).",
            valueName: "size"), transform: SizeArgument.init)
    var maxMessage: SizeArgument?

    @Option(
        help: ArgumentHelp(
            "Limits and close codes of this server. Needs --emulate spring (default: tomcat).", valueName: "server"))
    var container: ServletContainer?

    @Option(
        help: ArgumentHelp(
            "Drop this share of early frames: those sent after a SUBSCRIBE in the same WebSocket message. Needs --emulate spring (default: 0%).",
            valueName: "percent"), transform: ServeFaultOptions.percent)
    var loseEarlySends: PercentArgument?

    @Option(
        help: ArgumentHelp(
            "Deliver this share of messages out of order: after the next one. Needs --emulate spring (default: 0%).",
            valueName: "percent"), transform: ServeFaultOptions.percent)
    var reorder: PercentArgument?

    func validate() throws {
        if let idleTimeout, idleTimeout.amount <= .zero {
            throw ValidationError("--idle-timeout must be more than 0, such as 60s")
        }
    }

    /// The percent sign is optional, because there is no other unit.
    private static func percent(_ text: String) throws -> PercentArgument {
        try PercentArgument(text.hasSuffix("%") ? text : text + "%")
    }

    /// The options that need `--emulate spring`, and whether each is given.
    var springOptions: [(option: String, isGiven: Bool)] {
        [
            ("--container", container != nil), ("--lose-early-sends", loseEarlySends != nil),
            ("--reorder", reorder != nil),
        ]
    }

    func apply(to configuration: inout BrokerConfiguration, isVerbose: Bool) {
        configuration.denials = fail.map(\.denial)
        configuration.handshakeRefusal = refuseHandshake?.status
        configuration.largestMessage = maxMessage?.bytes
        configuration.container = container ?? .tomcat
        configuration.earlySendLoss = loseEarlySends?.share ?? 0
        configuration.reordering = reorder?.share ?? 0
        guard let idleTimeout else { return }
        configuration.idleTimeout = idleTimeout.amount
        if isVerbose {
            configuration.idleObserver = { peer in
                Diagnostics.note("closed the connection from \(peer): idle for \(idleTimeout)")
            }
        }
    }
}
