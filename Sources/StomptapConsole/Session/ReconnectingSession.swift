import NIOCore
import STOMPClient
import StomptapOutput
import StomptapRuntime

/// The session of a REPL: its connection may be replaced, and its subscriptions are kept.
///
/// A task keeps it open with ``Reconnection``: on each connection it renews the subscriptions and passes on the
/// messages. All other operations use the current connection.
final class ReconnectingSession: Sendable {
    // Internal only for the extensions in other files.
    let state = Shared(State())
    /// Signalled when the session or its messages change.
    let events: ChangeSignal
    let log: MessageLog
    private let output: @Sendable ([LoggedMessage]) async throws -> [LoggedMessage]
    private let report: @Sendable (Event) -> Void
    private let session = SessionWatch()

    /// - Parameters:
    ///   - log: keeps the messages.
    ///   - output: receives the messages as they come, and returns those that were printed; no more is read from the
    ///     connection until it returns.
    ///   - report: called with each event after it has happened.
    init(
        events: ChangeSignal, log: MessageLog,
        output: @escaping @Sendable ([LoggedMessage]) async throws -> [LoggedMessage],
        report: @escaping @Sendable (Event) -> Void
    ) {
        self.events = events
        self.log = log
        self.output = output
        self.report = report
    }

    // MARK: State

    var view: View {
        let state = state.value
        return View(
            place: state.place, phase: state.phase, subscriptions: state.wanted, transaction: state.transaction)
    }

    /// The number of the current or last connection.
    var connectionNumber: Int { state.value.connections }

    /// Why the last connection ended; nil if the user has ended it.
    var failure: Failure? { state.value.failure }

    /// Whether this failure ended the last session and was already reported.
    func hasReported(_ failure: Failure) -> Bool {
        let state = state.value
        return state.isFailureReported && state.failure?.line == failure.line
    }

    /// Whether a session has ended unexpectedly and is not being reopened.
    var hasFailed: Bool {
        let state = state.value
        return state.phase == .closed && state.failure != nil
    }

    /// Why there is no session although one is being opened; nil otherwise.
    var absence: Failure? {
        switch state.value.phase {
        case .connecting, .lost: session.absence()
        case .connected, .closed: nil
        }
    }

    /// The current connection.
    ///
    /// - Throws: ``Failure`` with the reason if there is none.
    func connection() throws -> STOMPConnection { try state.value.current().connection }

    /// Waits for a connection that is being opened.
    ///
    /// - Throws: ``Failure`` if the session has failed permanently; `CancellationError`.
    func settled() async throws {
        _ = try await events.wait { () throws -> Bool? in
            switch self.state.value.phase {
            case .connected: return true
            case .connecting, .lost: return nil
            case .closed:
                if let failure = self.failure { throw failure }
                return true
            }
        }
    }

    // MARK: Opening and closing

    /// Opens a session in place of the current one. Returns after the first attempt, even if that has failed and
    /// more attempts follow.
    ///
    /// - Parameter keepsSubscriptions: whether the existing subscriptions are renewed.
    /// - Throws: ``Failure`` if no more attempts are made; `CancellationError`, after which none are made either.
    func open(_ reconnection: Reconnection, keepsSubscriptions: Bool) async throws {
        _ = try? await close()
        var reconnection = reconnection
        reconnection.report = { [weak self] event in self?.handle(event) }
        reconnection = session.watching(reconnection)
        let servers = reconnection.servers.map(\.endpoint)
        state.update { [reconnection] state in
            state.reconnection = reconnection
            state.place = servers.first?.place ?? ""
            state.phase = .connecting
            state.failure = nil
            state.lostAt = nil
            state.isLeaving = false
            if !keepsSubscriptions {
                state.wanted = []
                state.idsMade = 0
            }
            state.keeper = Task { [reconnection] in await self.keep(reconnection) }
        }
        events.pass()
        do {
            try await attempted()
        } catch let error as CancellationError {
            // The caller no longer wants the session.
            _ = try? await close()
            throw error
        }
    }

    /// Opens a session with the last server.
    func reopen() async throws {
        guard var reconnection = state.value.reconnection else { return }
        // A lost connection that is retried now may still need several attempts.
        reconnection.policy.includesFirst = state.value.phase == .lost || reconnection.policy.includesFirst
        try await open(reconnection, keepsSubscriptions: true)
    }

    private func attempted() async throws {
        _ = try await events.wait { () throws -> Bool? in
            let state = self.state.value
            switch state.phase {
            case .connecting: return nil
            case .connected, .lost: return true
            case .closed:
                if let failure = state.failure { throw failure }
                return true
            }
        }
    }

    /// Disconnects, or stops trying to connect.
    ///
    /// - Returns: whether the server has confirmed it; nil if there was no session.
    /// - Throws: `STOMPClientError` if the session ended in another way.
    @discardableResult
    func close() async throws -> DisconnectOutcome? {
        let connection = state.value.connection
        state.update { $0.isLeaving = true }
        defer { state.update { $0.isLeaving = false } }
        do {
            // Messages already received are still passed on.
            let outcome = try await connection?.disconnect()
            if connection == nil { state.value.keeper?.cancel() }
            await state.value.keeper?.value
            return outcome
        } catch {
            state.value.keeper?.cancel()
            await state.value.keeper?.value
            throw error
        }
    }

    /// Closes the WebSocket without DISCONNECT, like a client that knows nothing of STOMP.
    func close(code: Int, reason: String) async throws {
        let connection = try connection()
        state.update { $0.isLeaving = true }
        do {
            try await connection.close(code: code, reason: reason)
        } catch {
            state.update { $0.isLeaving = false }
            throw error
        }
        await state.value.keeper?.value
        state.update { $0.isLeaving = false }
    }

    // MARK: The session task

    /// The user has ended the session without DISCONNECT.
    private struct Left: Error {}

    private func keep(_ reconnection: Reconnection) async {
        var failure: Failure?
        var refusedID: String?
        do {
            try await reconnection.sessions { connection in try await self.attend(connection) }
        } catch is CancellationError {
        } catch is Left {
        } catch {
            failure = Failure(error)
            // An ERROR right after SUBSCRIBE is the answer to it: repeating the SUBSCRIBE would end the next
            // session too.
            if case STOMPClientError.serverError(let frame, _, let preceding) = error,
                case .frame(.subscribe, _, let id)? = preceding.subject(of: frame) ?? preceding.last
            {
                refusedID = id
            }
        }
        var transaction: String?
        var isNews = false
        var refused: Wanted?
        state.update { [failure, refusedID] state in
            transaction = state.transaction
            if let index = state.wanted.firstIndex(where: { $0.id == refusedID }) {
                refused = state.wanted.remove(at: index)
            }
            // Otherwise the caller of `open` reports it.
            isNews = state.phase != .connecting
            state.isFailureReported = isNews
            state.connection = nil
            state.messages = nil
            state.transaction = nil
            state.phase = .closed
            state.failure = state.isLeaving ? nil : failure
        }
        if isNews, let failure = self.failure { report(.ended(failure, transaction: transaction, refused: refused)) }
        events.pass()
    }

    private func attend(_ connection: STOMPConnection) async throws {
        let messages = await connection.makeMessageSequence(includesUnclaimed: true)
        var number = 0
        var wanted: [Wanted] = []
        state.update { state in
            state.connections += 1
            number = state.connections
            state.acknowledged = 0
            for index in state.wanted.indices {
                let subscription = state.wanted[index]
                state.wanted[index].policy = AckPolicy(
                    to: subscription.destination, headers: subscription.headers, ack: subscription.ack,
                    handshake: connection.handshake)
                state.wanted[index].isConfirmed = false
            }
            wanted = state.wanted
        }
        for subscription in wanted {
            let headers = subscription.policy?.headers(after: subscription.headers) ?? subscription.headers
            _ = try await connection.subscribe(
                to: subscription.destination, id: subscription.id, ack: subscription.mode, headers: headers,
                into: messages)
        }
        var lostAt: NIODeadline?
        state.update { state in
            lostAt = state.lostAt
            state.lostAt = nil
            state.connection = connection
            state.messages = messages
            state.phase = .connected
            state.place = connection.endpoint.place
            state.failure = nil
        }
        report(.connected(connection, away: lostAt.map { Duration(.now() - $0) }, subscriptions: wanted.count))
        events.pass()
        do {
            for try await batch in messages.batches {
                var logged = log.numbered(batch, connection: number) { awaitsOutput($0) }
                // Added to the log only after printing and acknowledging, so that a command that waits for a
                // message finds both done.
                let printed = try await output(logged)
                do {
                    let demanded = try await log.demanded(logged)
                    let answered = try await acknowledge(printed + demanded, amongNew: logged)
                    for index in logged.indices where answered.contains(logged[index].number) {
                        logged[index].isSettled = true
                    }
                } catch {
                    log.add(logged)
                    throw error
                }
                log.add(logged)
                // Messages that a command started to count in the meantime.
                try await acknowledge(log.demanded(logged.filter { !$0.isSettled }))
            }
        } catch let error as STOMPClientError {
            if state.value.isLeaving { throw Left() }
            throw error
        }
    }

    private func handle(_ event: Reconnection.Event) {
        guard case .lost(let error, _, let wait) = event else { return }
        var transaction: String?
        state.update { state in
            transaction = state.transaction
            state.connection = nil
            state.messages = nil
            state.transaction = nil
            state.phase = .lost
            state.lostAt = state.lostAt ?? .now()
            state.failure = Failure(error)
        }
        report(.lost(error, wait: wait, transaction: transaction))
        events.pass()
    }
}
