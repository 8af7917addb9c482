import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Prints server-sent events, over as many connections as it takes: each asks for what came after the last one.
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

    /// - Throws: ``Failure``, or an error of the modules beneath that another connection would not mend.
    func run() async throws {
        let end = plan.timeout.map { NIODeadline.now() + $0 }
        var hadStream = false
        var attempt = 0
        while true {
            var plan = plan
            do {
                let connection = try await RawConnection.open(
                    serversFromHere, mode: .events, memory: memory, until: end, watch: watch)
                (hadStream, attempt) = (true, 0)
                if let end { plan.timeout = max(.zero, end - .now()) }
                let isClosed = try await RawExchange(
                    connection, plan: plan, input: nil, printer: printer, counted: counted
                ).run()
                guard isClosed else { return }
                try await wait(after: Failure(.unavailable, "HTTP: the stream has ended"), attempt: 1, until: end)
            } catch let error as TransportError
                where Self.mayPass(error) && (hadStream || policy.includesFirst) && !Task.isCancelled
            {
                attempt += 1
                guard attempt <= policy.attempts ?? .max else { throw error }
                try await wait(after: Failure(error), attempt: attempt, until: end)
            }
            guard let end, .now() >= end else { continue }
            let account = plan.count.map { "\(counted.value) of \($0) events came" }
            if let absence = watch.absence(account) { throw absence }
        }
    }

    /// The servers, asked for what came after the last event.
    private var serversFromHere: [(endpoint: Endpoint, configuration: ClientConfiguration)] {
        let id = memory.value.lastEventID
        guard !id.isEmpty else { return servers }
        return servers.map { endpoint, configuration in
            var configuration = configuration
            configuration.transport.httpHeaders.append(("Last-Event-ID", id))
            return (endpoint, configuration)
        }
    }

    private func wait(after failure: Failure, attempt: Int, until end: NIODeadline?) async throws {
        guard policy.attempts != 0 else { throw failure }
        watch.lost(failure)
        var time = policy.wait(before: attempt, chance: .random(in: 0...1))
        // No server can ask for more than a day.
        if let retry = memory.value.retry {
            time = max(attempt > 1 ? time : .zero, .milliseconds(Int64(min(retry, 86_400_000))))
        }
        let id = memory.value.lastEventID
        Diagnostics.note(
            Explanation.line(failure.line ?? "", tryingAgainIn: time) + (id.isEmpty ? "" : ", from event \(id) on"))
        if let end { time = min(time, max(.zero, end - .now())) }
        try await Task.sleep(nanoseconds: UInt64(time.nanoseconds))
    }

    /// Whether another connection may mend it: a server that answers otherwise would answer so again.
    private static func mayPass(_ error: TransportError) -> Bool {
        error.response == nil && [.connectionLost, .cannotConnect, .timedOut, .nameNotFound].contains(error.kind)
    }
}
