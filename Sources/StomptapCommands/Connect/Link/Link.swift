import NIOCore
import STOMPClient
import STOMPCore

/// The connection of a REPL: it comes and goes, and its subscriptions stay.
///
/// A task of its own keeps it, by ``Reconnection``: for each connection it subscribes anew and hands on what comes. All
/// else is done to the connection that is there at the moment.
final class Link: Sendable {
    /// A subscription that is wanted, on this connection and those after it.
    struct Wanted: Sendable, Equatable {
        var id: String
        var destination: String
        var ack: AckMode
        var headers: HeaderList
    }

    enum Phase: Sendable, Equatable {
        /// An attempt is being made, and none has succeeded before.
        case connecting
        case connected
        /// The connection was lost, and is tried again.
        case lost
        /// Nobody tries.
        case closed
    }

    /// What is told as it happens.
    enum Event: Sendable {
        /// `away` is how long there was no session; nil where the person has asked for this one.
        case connected(STOMPConnection, away: TimeAmount?, subscriptions: Int)
        /// The transaction is the one that was lost with the connection.
        case lost(STOMPClientError, wait: TimeAmount, transaction: String?)
        /// A session has ended, not by the person's will, and nobody tries any more.
        case ended(Failure, transaction: String?)
    }

    /// What the prompt and completion show of it.
    struct View: Sendable, Equatable {
        /// Where the server is, in short.
        var place: String
        var phase: Phase
        var subscriptions: [Wanted]
        var transaction: String?
    }

    private struct State: Sendable {
        var reconnection: Reconnection?
        var place = ""
        var phase = Phase.closed
        var connection: STOMPConnection?
        var messages: MessageSequence?
        /// How many connections there were: what came on an earlier one cannot be acknowledged any more.
        var connections = 0
        var wanted: [Wanted] = []
        var transaction: String?
        var keeper: Task<Void, Never>?
        /// Since when there is no session, where it is tried again.
        var lostAt: NIODeadline?
        /// Why the last connection ended, where the person has not ended it.
        var failure: Failure?
        /// Whether the end that follows is the person's will.
        var isLeaving = false
    }

    private let state = Shared(State())
    /// Passed whenever something happens to the link or its messages.
    let events: Turnstile
    private let take: @Sendable ([Message], _ connection: Int) async throws -> Void
    private let report: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - take: given the messages as they come; the connection is read no further until it returns.
    ///   - report: told of each event after it has happened.
    init(
        events: Turnstile, take: @escaping @Sendable ([Message], _ connection: Int) async throws -> Void,
        report: @escaping @Sendable (Event) -> Void
    ) {
        self.events = events
        self.take = take
        self.report = report
    }

    // MARK: What it is

    var view: View {
        let state = state.value
        return View(
            place: state.place, phase: state.phase, subscriptions: state.wanted, transaction: state.transaction)
    }

    /// The number of the connection that is there, or was last.
    var connectionNumber: Int { state.value.connections }

    /// Why the last connection ended, where the person has not ended it.
    var failure: Failure? { state.value.failure }

    /// Whether a session has ended, not by the person's will, and nobody tries any more.
    var hasFailed: Bool {
        let state = state.value
        return state.phase == .closed && state.failure != nil
    }

    /// The connection that is there at the moment.
    ///
    /// - Throws: ``Failure`` that says why there is none.
    func connection() throws -> STOMPConnection { try current(state.value).connection }

    private func current(_ state: State) throws -> (connection: STOMPConnection, messages: MessageSequence) {
        if let connection = state.connection, let messages = state.messages { return (connection, messages) }
        switch state.phase {
        case .connecting, .lost: throw Failure(.unavailable, "STOMP: not connected; \(state.place) is being tried")
        case .connected, .closed: throw Failure(.unavailable, "STOMP: not connected; 'reconnect' opens a session")
        }
    }

    /// Waits for a connection that is on its way.
    ///
    /// - Throws: ``Failure`` where none is, or it has failed for good; `CancellationError`.
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

    // MARK: Coming and going

    /// Opens a session, in place of the one that is there; returns after the first attempt, also where that has failed and
    /// others follow.
    ///
    /// - Parameter keepsSubscriptions: whether those of before are wanted there too.
    /// - Throws: ``Failure`` where nobody tries any more.
    func open(_ reconnection: Reconnection, keepsSubscriptions: Bool) async throws {
        _ = try? await close()
        var reconnection = reconnection
        reconnection.report = { [weak self] event in self?.happened(event) }
        let servers = reconnection.servers.map(\.endpoint)
        state.update { [reconnection] state in
            state.reconnection = reconnection
            state.place = servers.first?.place ?? ""
            state.phase = .connecting
            state.failure = nil
            state.lostAt = nil
            state.isLeaving = false
            if !keepsSubscriptions { state.wanted = [] }
            state.keeper = Task { [reconnection] in await self.keep(reconnection) }
        }
        events.pass()
        try await attempted()
    }

    /// Opens a session with the server that was there last.
    func reopen() async throws {
        guard var reconnection = state.value.reconnection else { return }
        // A lost connection that is tried now is still one to be waited for.
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

    /// Says goodbye to the server, or gives up trying.
    ///
    /// - Returns: how the server took it; nil where there was no session.
    /// - Throws: `STOMPClientError`, where it ended otherwise.
    @discardableResult
    func close() async throws -> Goodbye? {
        let connection = state.value.connection
        state.update { $0.isLeaving = true }
        defer { state.update { $0.isLeaving = false } }
        do {
            // What has come before is still handed on.
            let goodbye = try await connection?.disconnect()
            if connection == nil { state.value.keeper?.cancel() }
            await state.value.keeper?.value
            return goodbye
        } catch {
            state.value.keeper?.cancel()
            await state.value.keeper?.value
            throw error
        }
    }

    /// Ends the WebSocket as a client does that knows nothing of STOMP.
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

    // MARK: The task that keeps it

    /// The person has ended the session by other means than DISCONNECT.
    private struct Left: Error {}

    private func keep(_ reconnection: Reconnection) async {
        var failure: Failure?
        do {
            try await reconnection.run { connection in try await self.attend(connection) }
        } catch is CancellationError {
        } catch is Left {
        } catch {
            failure = Failure(error)
        }
        var transaction: String?
        var isNews = false
        state.update { [failure] state in
            transaction = state.transaction
            // Otherwise whoever has opened it is told.
            isNews = state.phase != .connecting
            state.connection = nil
            state.messages = nil
            state.transaction = nil
            state.phase = .closed
            state.failure = state.isLeaving ? nil : failure
        }
        if isNews, let failure = self.failure { report(.ended(failure, transaction: transaction)) }
        events.pass()
    }

    private func attend(_ connection: STOMPConnection) async throws {
        let messages = await connection.makeMessageSequence(takesUnclaimed: true)
        var number = 0
        var wanted: [Wanted] = []
        state.update { state in
            state.connections += 1
            number = state.connections
            wanted = state.wanted
        }
        for subscription in wanted {
            _ = try await connection.subscribe(
                to: subscription.destination, id: subscription.id, ack: subscription.ack,
                headers: subscription.headers, into: messages)
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
        report(.connected(connection, away: lostAt.map { .now() - $0 }, subscriptions: wanted.count))
        events.pass()
        do {
            for try await batch in messages.batches { try await take(batch, number) }
        } catch let error as STOMPClientError {
            if state.value.isLeaving { throw Left() }
            throw error
        }
    }

    private func happened(_ event: Reconnection.Event) {
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

    // MARK: Subscriptions

    /// Subscribes, and waits until the subscription stands.
    ///
    /// - Returns: its id, and since when it is known to stand.
    func subscribe(
        to destination: String, id: String?, ack: AckMode, headers: HeaderList
    ) async throws -> (id: String, standing: SubscriptionStanding) {
        let (connection, messages) = try current(state.value)
        let subscription = try await connection.subscribe(
            to: destination, id: id, ack: ack, headers: headers, into: messages)
        state.update {
            $0.wanted.append(Wanted(id: subscription.id, destination: destination, ack: ack, headers: headers))
        }
        events.pass()
        do {
            return (subscription.id, try await connection.standing(of: subscription))
        } catch let error as STOMPClientError {
            // One that the server never took would end the next session too.
            forget(subscription.id)
            throw error
        }
    }

    /// Ends the subscriptions of this id, or to this destination.
    ///
    /// - Returns: those that were ended.
    func unsubscribe(_ name: String, headers: HeaderList) async throws -> [Wanted] {
        let wanted = state.value.wanted
        let meant = wanted.first { $0.id == name }.map { [$0] } ?? wanted.filter { $0.destination == name }
        let connection = state.value.connection
        for subscription in meant {
            if let connection {
                try await connection.unsubscribe(id: subscription.id, headers: headers)
            }
            forget(subscription.id)
        }
        return meant
    }

    private func forget(_ id: String) {
        state.update { state in state.wanted.removeAll { $0.id == id } }
        events.pass()
    }

    // MARK: Transactions

    func begin(_ id: String?) async throws -> String {
        if let open = state.value.transaction {
            throw Failure(.badInput, "STOMP: transaction \(open) is open: 'commit' or 'abort' it first")
        }
        let transaction = try await connection().begin(id)
        state.update { $0.transaction = transaction }
        events.pass()
        return transaction
    }

    /// Ends the open transaction by COMMIT or ABORT.
    ///
    /// - Returns: the transaction, and for COMMIT its receipt.
    func endTransaction(commits: Bool) async throws -> (id: String, receipt: Receipt?) {
        let connection = try connection()
        guard let transaction = state.value.transaction else {
            throw Failure(.badInput, "STOMP: no transaction is open: 'begin' opens one")
        }
        let receipt = commits ? try await connection.commit(transaction) : nil
        if !commits { try await connection.abort(transaction) }
        state.update { $0.transaction = nil }
        events.pass()
        return (transaction, receipt)
    }
}

extension Endpoint {
    /// A short name for the prompt.
    var place: String { isInProcess ? "demo" : host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
