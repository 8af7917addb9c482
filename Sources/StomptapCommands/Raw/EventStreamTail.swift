import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Prints server-sent events, reconnecting as needed: each connection asks for the events after the last one.
struct EventStreamTail: Sendable {
    private let servers: [(endpoint: Endpoint, configuration: ClientConfiguration)]
    private let plan: RawExchange.Plan
    private let policy: ReconnectPolicy
    private let printer: RawPrinter
    private let memory = Shared(EventStreamMemory())
    private let counted = Shared(0)
    private let watch = SessionWatch()

    init(_ reconnection: Reconnection, plan: RawExchange.Plan, printer: RawPrinter) {
        servers = reconnection.servers
        policy = reconnection.policy
        self.plan = plan
        self.printer = printer
    }

    /// - Throws: ``Failure``, or an error of the lower modules that a new connection would not fix.
    func run() async throws {
        let end = plan.timeout.map { NIODeadline.now() + $0 }
        try await policy.run { opened in
            try checkTime(end)
            let connection = try await RawConnection.open(
                serversFromHere, mode: .events, memory: memory, until: end, watch: watch)
            opened()
            var plan = plan
            if let end { plan.timeout = max(.zero, end - .now()) }
            let isClosed = try await RawExchange(
                connection, plan: plan, input: nil, printer: printer, counted: counted
            ).run()
            if isClosed { throw StreamEnded() }
        } lost: { error, attempts in
            if !(error is StreamEnded) {
                let isRetryable =
                    (error as? TransportError)?.isRetryable(hadSession: attempts.hadSession)
                    ?? (error as? STOMPClientError)?.isRetryable(hadSession: attempts.hadSession)
                guard isRetryable == true else { throw error }
            }
            let failure =
                error is StreamEnded ? Failure(.unavailable, "HTTP: the stream ended") : Failure(error)
            let retry =
                ((error as? TransportError)?.response?.retryAfter).map { min($0, policy.maximumDelay) }
                ?? memory.value.retry.map { Duration.milliseconds(min($0, Self.longestRetry)) }
            guard let time = attempts.delay(at: .now(), requested: retry, random: .random(in: 0...1)) else {
                throw error is StreamEnded ? failure : error
            }
            watch.lost(failure)
            let id = memory.value.lastEventID
            Diagnostics.note(
                Explanation.line(failure.line ?? "", tryingAgainIn: time) + (id.isEmpty ? "" : ", after event \(id)"))
            return end.map { min(time, max(.zero, Duration($0 - .now()))) } ?? time
        }
    }

    /// The server has ended the stream, which it may do.
    private struct StreamEnded: Error {}

    /// The maximum retry time that a server can set: one day, in milliseconds.
    private static let longestRetry = 86_400_000

    private func checkTime(_ end: NIODeadline?) throws {
        guard let end, .now() >= end else { return }
        let account = plan.count.map { "received \(counted.value) of \($0) events" }
        if let absence = watch.absence(account) { throw absence }
    }

    /// The servers, with requests for the events after the last one.
    private var serversFromHere: [(endpoint: Endpoint, configuration: ClientConfiguration)] {
        let id = memory.value.lastEventID
        guard !id.isEmpty else { return servers }
        return servers.map { endpoint, configuration in
            var configuration = configuration
            configuration.transport.httpHeaders.append(("Last-Event-ID", id))
            return (endpoint, configuration)
        }
    }
}
