import NIOCore
import NIOPosix
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Checks the connection to one server layer by layer, and reports each step.
struct Check: Sendable {
    /// The message that is sent to a destination and expected back from it.
    struct Echo: Sendable {
        var destination: String
        var headers: HeaderList
    }

    /// The check does not wait for a heart-beat with a longer interval than this.
    private static let timeout = TimeAmount.seconds(2)
    /// The limit of wire events that wait to be processed. If a server floods, further events are dropped.
    private static let mostWaitingEvents = 1000

    let endpoint: Endpoint
    let configuration: ClientConfiguration
    let echo: Echo?
    let printer: CheckPrinter

    /// - Throws: ``Failure`` for the first step that failed, after all checks that do not depend on it.
    func run() async throws {
        try await printer.title(endpoint.description)
        let connection = try await open()
        do {
            try await look(at: connection)
        } catch {
            _ = try? await connection.disconnect()
            throw error
        }
    }

    private func report(_ step: CheckStep) async throws {
        try await printer.print(step, of: endpoint.description)
    }

    /// Reports a failure as a step, and returns it as the result of the program.
    private func fail(
        _ error: STOMPClientError, _ step: (_ explanation: Explanation) -> CheckStep
    ) async throws -> Failure {
        try await report(step(Explanation(error)))
        return Failure(error)
    }

    // MARK: Connecting

    private func open() async throws -> STOMPConnection {
        do {
            return try await open(isLastAttempt: configuration.attemptHeaders == nil)
        } catch is RefusedHeaders {
            return try await open(isLastAttempt: true)
        }
    }

    /// The server rejected the headers that came from commands; the commands must run once more.
    private struct RefusedHeaders: Error {}

    private func open(isLastAttempt: Bool) async throws -> STOMPConnection {
        let deadline = NIODeadline.now() + TimeAmount(configuration.connectTimeout)
        var configuration = try await attempt(until: deadline)
        // With a proxy, the proxy resolves the name.
        if configuration.transport.proxy == nil {
            let step = try await lookUp(endpoint.host)
            try await report(step)
            // The connection gets the time that the look-up has left. A small difference is ignored, so that a
            // message does not print 4.9 s instead of 5 s.
            let left = Duration(deadline - .now())
            if left < configuration.connectTimeout - .milliseconds(50) {
                configuration.connectTimeout = max(.zero, left)
            }
        }
        let (events, stream) = AsyncStream.makeStream(
            of: (event: WireEvent, time: NIODeadline).self, bufferingPolicy: .bufferingOldest(Self.mostWaitingEvents))
        let trace = configuration.transport.trace
        configuration.transport.trace = WireTrace(detail: max(trace.detail ?? .layers, .layers)) { event in
            trace.record(event.detail) { event }
            stream.yield((event, .now()))
        }
        let walk = CheckWalk(start: .now(), now: .now())
        let steps = Task {
            var walk = walk
            for await (event, time) in events {
                for step in walk.receive(event, at: time) { try await report(step) }
            }
            return walk
        }
        defer { steps.cancel() }
        let opening: Result<STOMPConnection, any Error>
        do {
            opening = .success(try await STOMPConnection.connect(to: endpoint, configuration: configuration))
        } catch {
            opening = .failure(error)
        }
        let end = NIODeadline.now()
        stream.finish()
        let walked = try await steps.value
        switch opening {
        case .success(let connection):
            for step in session(of: connection, after: walked.connected(at: end)) { try await report(step) }
            return connection
        case .failure(let error as STOMPClientError) where !isLastAttempt && isRefusal(error):
            let explanation = Explanation(error)
            var step = walked.failed(
                in: explanation.layer, at: end, explanation.sentence, remedy: "retrying with new headers")
            step.result = .warn
            try await report(step)
            throw RefusedHeaders()
        case .failure(let error as STOMPClientError):
            throw try await fail(error) {
                walked.failed(in: $0.layer, at: end, $0.sentence, remedy: $0.hint)
            }
        case .failure(let error):
            throw error
        }
    }

    /// The configuration of an attempt, with the headers from the header commands.
    private func attempt(until deadline: NIODeadline) async throws -> ClientConfiguration {
        guard configuration.attemptHeaders != nil else { return configuration }
        let start = NIODeadline.now()
        do {
            let attempt = try await configuration.forAttempt(until: deadline)
            let names =
                attempt.session.headers.dropFirst(configuration.session.headers.count).map { "\($0.name) for CONNECT" }
                + attempt.transport.httpHeaders.dropFirst(configuration.transport.httpHeaders.count).map {
                    "\($0.name) for HTTP"
                }
            let end = NIODeadline.now()
            try await report(CheckStep(.headers, .ok, end - start, "from commands: \(names.joined(separator: ", "))"))
            return attempt
        } catch let error as STOMPClientError {
            let duration = NIODeadline.now() - start
            throw try await fail(error) { CheckStep(.headers, .fail, duration, $0.sentence, remedy: $0.hint) }
        }
    }

    /// Resolves the host name.
    private func lookUp(_ host: String) async throws -> CheckStep {
        let start = NIODeadline.now()
        do {
            let addresses = try await NameLookup.addresses(of: host, within: configuration.connectTimeout)
            let found = addresses.joined(separator: ", ")
            return CheckStep(
                .name, .ok, NIODeadline.now() - start, found == host ? host : "resolved \(host) to \(found)")
        } catch let error as STOMPClientError {
            let duration = NIODeadline.now() - start
            throw try await fail(error) { CheckStep(.name, .fail, duration, $0.sentence, remedy: $0.hint) }
        }
    }

    private func session(of connection: STOMPConnection, after duration: TimeAmount?) -> [CheckStep] {
        var steps: [CheckStep] = []
        if connection.transport.kind == .webSocket, !configuration.transport.subprotocols.isEmpty {
            steps.append(subprotocol(of: connection))
        }
        let handshake = connection.handshake
        var parts = ["CONNECTED", "version \(handshake.version.rawValue)"]
        if let server = handshake.server { parts.append(server) }
        if let session = handshake.session { parts.append("session \(session)") }
        if !handshake.answersReceipts {
            parts.append("no server or session header, like Spring's simple broker")
        }
        steps.append(CheckStep(.stomp, .ok, duration, parts.joined(separator: ", ")))
        return steps
    }

    private func subprotocol(of connection: STOMPConnection) -> CheckStep {
        guard let chosen = connection.transport.subprotocol else {
            return CheckStep(.subprotocol, .ok, nil, "the server selected none of those offered")
        }
        let best = configuration.transport.subprotocols.first
        return chosen == best
            ? CheckStep(.subprotocol, .ok, nil, chosen)
            : CheckStep(.subprotocol, .warn, nil, "\(chosen) instead of the preferred \(best ?? "none")")
    }

    // MARK: The session

    private func look(at connection: STOMPConnection) async throws {
        var failure: Failure?
        var (name, start) = (CheckStep.Name.receipt, NIODeadline.now())
        do {
            try await report(try await receipt(on: connection))
            if let echo {
                (name, start) = (.echo, .now())
                let step = try await self.echo(echo, on: connection)
                try await report(step)
                if step.result == .fail {
                    failure = Failure(.timedOut, "STOMP: \(step.detail); \(step.remedy ?? "")")
                }
            }
            (name, start) = (.heartBeat, .now())
            try await report(try await heartBeat(on: connection))
            (name, start) = (.disconnect, .now())
            try await report(try await disconnect(connection))
        } catch let error as STOMPClientError {
            let duration = NIODeadline.now() - start
            let later = try await fail(error) { CheckStep(name, .fail, duration, $0.sentence, remedy: $0.hint) }
            throw failure ?? later
        }
        if let failure { throw failure }
    }

    /// Requests the receipt of an empty transaction.
    private func receipt(on connection: STOMPConnection) async throws -> CheckStep {
        guard connection.handshake.answersReceipts else {
            return CheckStep(
                .receipt, .warn, nil,
                "this server only answers DISCONNECT with a receipt; 'publish' relies on that")
        }
        let start = NIODeadline.now()
        let receipt = try await connection.commit(try await connection.begin())
        do {
            try await receipt.confirmation()
            return CheckStep(.receipt, .ok, NIODeadline.now() - start, "RECEIPT for COMMIT of an empty transaction")
        } catch STOMPClientError.timedOut {
            return CheckStep(
                .receipt, .warn, NIODeadline.now() - start, "no RECEIPT for COMMIT of an empty transaction",
                remedy: "use publish --receipt none, or a longer --receipt-timeout")
        }
    }

    private func echo(_ echo: Echo, on connection: STOMPConnection) async throws -> CheckStep {
        let acknowledger = Acknowledger(connection: connection)
        // Only the message sent here is removed from a queue.
        let policy = AckPolicy(
            to: echo.destination, headers: echo.headers, purpose: .search, handshake: connection.handshake)
        let subscription = try await acknowledger.subscribe(
            to: echo.destination, headers: echo.headers, policy: policy)
        _ = try await connection.confirmation(of: subscription)
        let body = ByteBuffer(string: "stomptap check \(UInt64.random(in: 0 ... .max))")
        let start = NIODeadline.now()
        var headers = echo.headers
        _ = try ContentType.add(nil, for: body, to: &headers)
        try await connection.send(OutgoingMessage(to: echo.destination, body: body, headers: headers))
        let came = try await withThrowingTaskGroup(of: Bool?.self) { group in
            group.addTask {
                for try await batch in subscription.messages.batches {
                    try await acknowledger.answer(batch, wanted: batch.map { $0.body == body })
                    if batch.contains(where: { $0.body == body }) { return true }
                }
                return false
            }
            group.addTask {
                try await acknowledger.keepAwake()
                return nil
            }
            group.addTask {
                try await Task.sleep(for: configuration.receiptTimeout)
                return false
            }
            defer { group.cancelAll() }
            while let came = try await group.next() {
                if let came { return came }
            }
            return false
        }
        let duration = NIODeadline.now() - start
        // With a queue, a message may still be on its way, and must not meet an UNSUBSCRIBE.
        if !policy.isAnsweredQueue { try await connection.unsubscribe(subscription) }
        if came { return CheckStep(.echo, .ok, duration, "sent to \(echo.destination) and received back") }
        return CheckStep(
            .echo, .fail, duration,
            "the message to \(echo.destination) was not received back within \(configuration.receiptTimeout.readable)",
            remedy: subscription.isConfirmed
                ? "the subscription is confirmed, so the server delivers the message elsewhere or to an application; try a destination that it echoes, such as /topic/check"
                : "the destination may be outside the server's prefixes (Spring reports no error), or an application may consume the message; try a destination that it echoes, such as /topic/check"
        )
    }

    /// Waits for a heart-beat, if one is due soon.
    private func heartBeat(on connection: STOMPConnection) async throws -> CheckStep {
        let agreed = connection.handshake.heartBeat
        guard agreed.incoming > 0 else {
            return CheckStep(
                .heartBeat, .warn, nil, "the server sends no heart-beats, so a dead connection is detected late",
                remedy: "RabbitMQ and ActiveMQ send them by default; Spring's simple broker needs a TaskScheduler")
        }
        let both =
            "every \(TimeAmount.milliseconds(Int64(agreed.incoming)).readable) from the server"
            + (agreed.outgoing > 0
                ? ", every \(TimeAmount.milliseconds(Int64(agreed.outgoing)).readable) to it" : ", none to it")
        let interval = TimeAmount.milliseconds(Int64(agreed.incoming))
        guard interval <= Self.timeout else {
            return CheckStep(
                .heartBeat, .ok, nil,
                "negotiated: \(both); not tested, because the interval is over \(Self.timeout.readable)")
        }
        let start = NIODeadline.now()
        var silence = await connection.silence
        while NIODeadline.now() - start < interval * 3 {
            try await Task.sleep(nanoseconds: 20_000_000)
            let now = await connection.silence
            if now < silence {
                return CheckStep(.heartBeat, .ok, NIODeadline.now() - start, "received; negotiated: \(both)")
            }
            silence = now
        }
        return CheckStep(
            .heartBeat, .warn, NIODeadline.now() - start, "negotiated: \(both), but none received",
            remedy: "a proxy may hold them back; check its buffering and idle timeout")
    }

    private func disconnect(_ connection: STOMPConnection) async throws -> CheckStep {
        let start = NIODeadline.now()
        switch try await connection.disconnect() {
        case .confirmed:
            return CheckStep(.disconnect, .ok, NIODeadline.now() - start, "RECEIPT for DISCONNECT")
        case .closed, .ended:
            return CheckStep(
                .disconnect, .ok, NIODeadline.now() - start,
                "connection closed without a RECEIPT for DISCONNECT, as RabbitMQ does over WebSocket")
        case .unanswered:
            return CheckStep(
                .disconnect, .warn, NIODeadline.now() - start,
                "no RECEIPT for DISCONNECT within \(configuration.receiptTimeout.readable)")
        }
    }
}
