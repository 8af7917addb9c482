import NIOCore
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// Subscriptions, acknowledgement and transactions.
extension ReconnectingSession {
    // MARK: Subscriptions

    /// Subscribes, and waits until the subscription is active.
    ///
    /// - Returns: its id, and whether the server has confirmed it.
    func subscribe(
        to destination: String, id: String?, ack: AckMode?, headers: HeaderList
    ) async throws -> (id: String, confirmation: SubscriptionConfirmation) {
        let (connection, messages) = try state.value.current()
        let policy = AckPolicy(to: destination, headers: headers, ack: ack, handshake: connection.handshake)
        if let id, state.value.wanted.contains(where: { $0.id == id }) {
            throw Failure(.badInput, "STOMP: subscription id \(id.debugDescription) is already in use")
        }
        // Added before the first message can come.
        var wanted = Wanted(id: id ?? "", destination: destination, ack: ack, headers: headers, policy: policy)
        state.update { [wanted] state in
            var wanted = wanted
            if id == nil { wanted.id = state.makeID() }
            state.wanted.append(wanted)
        }
        wanted = state.value.wanted.last ?? wanted
        events.pass()
        do {
            let subscription = try await connection.subscribe(
                to: destination, id: wanted.id, ack: policy.mode, headers: policy.headers(after: headers),
                into: messages)
            let confirmation = try await connection.confirmation(of: subscription)
            state.update { state in
                guard let index = state.wanted.firstIndex(where: { $0.id == subscription.id }) else { return }
                state.wanted[index].isConfirmed = confirmation == .confirmed
            }
            return (wanted.id, confirmation)
        } catch let error as STOMPClientError {
            // A subscription that the server rejected would end the next session too.
            forget(wanted.id)
            throw error
        }
    }

    /// Ends the subscriptions with this id or destination.
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

    // MARK: Acknowledgement

    /// Whether a message is acknowledged automatically when it is printed or counted.
    func awaitsOutput(_ message: Message) -> Bool { subscription(of: message)?.acknowledgesByItself ?? false }

    private func subscription(of message: Message) -> Wanted? {
        let wanted = state.value.wanted
        return wanted.first { message.headers.has("subscription", $0.id) }
            ?? wanted.first { message.headers.has("destination", $0.destination) }
    }

    /// Acknowledges the messages whose subscription acknowledges automatically, after they were printed or counted.
    ///
    /// - Parameter new: the messages that came with them and are not in the log yet.
    /// - Returns: the numbers of the messages that were acknowledged.
    /// - Throws: `STOMPClientError`.
    @discardableResult
    func acknowledge(_ messages: [LoggedMessage], amongNew new: [LoggedMessage] = []) async throws -> Set<Int> {
        guard let connection = state.value.connection else { return [] }
        let connectionNumber = connectionNumber
        var ready: [LoggedMessage] = []
        var numbers: Set<Int> = []
        for logged in messages where logged.connection == connectionNumber && !numbers.contains(logged.number) {
            guard let subscription = subscription(of: logged.message), subscription.acknowledgesByItself else {
                continue
            }
            guard logged.message.frame.canBeAcknowledged(in: connection.handshake.version) else {
                // Spring's simple broker, which treats a queue as a topic.
                stopAnswering(subscription.id)
                continue
            }
            // An ACK in the mode `client` covers all earlier messages, whether printed or not.
            if subscription.mode == .client {
                let leaves = { (other: LoggedMessage) in
                    other.number < logged.number && !numbers.contains(other.number)
                        && other.message.subscription == logged.message.subscription
                }
                guard !new.contains(where: leaves), !log.hasUnsettled(before: logged, besides: numbers) else {
                    continue
                }
            }
            guard log.settle(logged, isCumulative: false) else { continue }
            ready.append(logged)
            numbers.insert(logged.number)
        }
        guard !ready.isEmpty else { return [] }
        let count = try await connection.ackSubscribed(ready.map(\.message))
        state.update { $0.acknowledged += count }
        return numbers
    }

    private func stopAnswering(_ id: String) {
        state.update { state in
            for index in state.wanted.indices where state.wanted[index].id == id {
                state.wanted[index].policy?.stopAnswering(isAuto: true)
            }
        }
    }

    /// How many acknowledged messages may be delivered again, because the server has not confirmed the end of the
    /// session.
    func repeats(after outcome: DisconnectOutcome?) -> Int {
        let state = state.value
        let policies = state.wanted.filter(\.acknowledgesByItself).map(\.policy)
        return AckPolicy.repeats(of: state.acknowledged, under: policies, after: outcome)
    }

    // MARK: Transactions

    /// - Throws: ``Failure`` if a transaction is open.
    func checkTransaction() throws {
        guard let open = state.value.transaction else { return }
        throw Failure(.badInput, "STOMP: transaction \(open) is open; 'commit' or 'abort' it first")
    }

    func begin(_ id: String?) async throws -> String {
        try checkTransaction()
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
            throw Failure(.badInput, "STOMP: no transaction is open; use 'begin' first")
        }
        let receipt = commits ? try await connection.commit(transaction) : nil
        if !commits { try await connection.abort(transaction) }
        state.update { $0.transaction = nil }
        events.pass()
        return (transaction, receipt)
    }
}

/// The state of the session, and its events.
extension ReconnectingSession {
    /// A requested subscription, which is renewed on each new connection.
    struct Wanted: Sendable, Equatable {
        var id: String
        var destination: String
        /// The requested mode; nil depends on the destination.
        var ack: AckMode?
        var headers: HeaderList
        /// How its messages are acknowledged on the current or last connection.
        var policy: AckPolicy?
        /// Whether the current server has confirmed it.
        var isConfirmed = false

        var mode: AckMode { policy?.mode ?? ack ?? .auto }

        /// Whether its messages are acknowledged when they are printed, without the command 'ack'.
        var acknowledgesByItself: Bool { policy.map { !$0.isChosen && $0.scope == .all } ?? false }
    }

    enum Phase: Sendable, Equatable {
        /// The first attempt to connect is in progress.
        case connecting
        case connected
        /// The connection was lost, and is being reopened.
        case lost
        /// No attempt is being made.
        case closed
    }

    /// Events that are reported as they happen.
    enum Event: Sendable {
        /// `away` is how long there was no session; nil if the user has opened this one.
        case connected(STOMPConnection, away: Duration?, subscriptions: Int)
        /// `transaction` is the one that was lost with the connection.
        case lost(STOMPClientError, wait: Duration, transaction: String?)
        /// A session has ended unexpectedly, and is not reopened.
        ///
        /// `refused` is a subscription that was removed because the server's ERROR was the answer to it.
        case ended(Failure, transaction: String?, refused: Wanted?)
    }

    /// The state that the prompt and completion show.
    struct View: Sendable, Equatable {
        /// The server, in short form.
        var place: String
        var phase: Phase
        var subscriptions: [Wanted]
        var transaction: String?
    }

    struct State: Sendable {
        var reconnection: Reconnection?
        var place = ""
        var phase = Phase.closed
        var connection: STOMPConnection?
        var messages: MessageSequence?
        /// The number of connections so far: a message from an earlier one cannot be acknowledged any more.
        var connections = 0
        var wanted: [Wanted] = []
        var transaction: String?
        /// The number of ids generated for subscriptions.
        var idsMade = 0
        /// The number of messages from queues acknowledged automatically on this connection.
        var acknowledged = 0
        var keeper: Task<Void, Never>?
        /// Since when there has been no session, while it is being reopened.
        var lostAt: NIODeadline?
        /// Why the last connection ended; nil if the user has ended it.
        var failure: Failure?
        /// Whether that was already reported.
        var isFailureReported = false
        /// Whether the user is ending the session.
        var isLeaving = false

        /// An unused subscription id: `sub-0`, `sub-1` and so on.
        mutating func makeID() -> String {
            while true {
                let id = "sub-\(idsMade)"
                idsMade += 1
                if !wanted.contains(where: { $0.id == id }) { return id }
            }
        }

        /// The current connection, and the sequence of its messages.
        ///
        /// - Throws: ``Failure`` with the reason if there is none.
        func current() throws -> (connection: STOMPConnection, messages: MessageSequence) {
            if let connection, let messages { return (connection, messages) }
            switch phase {
            case .connecting, .lost: throw Failure(.unavailable, "STOMP: not connected; connecting to \(place)")
            case .connected, .closed:
                throw Failure(.unavailable, "STOMP: not connected; use 'reconnect'")
            }
        }
    }
}

extension Endpoint {
    /// A short name for the prompt.
    var place: String { isInProcess ? "demo" : host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
