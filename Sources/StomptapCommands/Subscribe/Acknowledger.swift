import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// Acknowledges or rejects the messages of the subscriptions on one connection.
actor Acknowledger {
    enum Answer: Equatable, Sendable {
        case ack, nack
    }

    /// The answer to a message, and whether it covers all earlier messages of its subscription.
    struct Reply<Element> {
        var message: Element
        var answer: Answer
        var isCumulative: Bool
        var subscription: Int
    }

    private struct Entry: Sendable {
        var subscription: Subscription
        var policy: AckPolicy
        /// Whether ActiveMQ has sent all messages that are in the queue.
        var hasEnded = false
    }

    /// The interval at which a server that pauses is made to continue.
    private static let wakingInterval = Duration.milliseconds(50)

    private let connection: STOMPConnection
    private var entries: [Entry] = []
    /// The number of messages from queues that were acknowledged.
    private(set) var acknowledged = 0
    /// The number of messages received and not acknowledged. They are still in the queue at the end.
    private var held = 0
    /// The number of messages that were processed.
    private var seen = 0

    init(connection: STOMPConnection) {
        self.connection = connection
    }

    var subscriptions: [Subscription] { entries.map(\.subscription) }

    /// Subscribes with the given policy.
    ///
    /// - Throws: `STOMPClientError`.
    func subscribe(
        to destination: String, id: String? = nil, headers: HeaderList = [:], policy: AckPolicy,
        into messages: MessageSequence? = nil
    ) async throws -> Subscription {
        let subscription = try await connection.subscribe(
            to: destination, id: id, ack: policy.mode, headers: policy.headers(after: headers), into: messages)
        entries.append(Entry(subscription: subscription, policy: policy))
        return subscription
    }

    // MARK: Receiving

    /// The messages without the markers with which ActiveMQ reports the end of a queue.
    func withoutEnds(_ batch: [Message]) -> [Message] {
        guard entries.contains(where: \.policy.isBrowser) else { return batch }
        return batch.filter { message in
            guard let index = index(of: message), entries[index].policy.isBrowser,
                message.headers.has("browser", "end")
            else { return true }
            entries[index].hasEnded = true
            return false
        }
    }

    /// Whether no more messages will come: all queues were read to their end.
    var isAtEnd: Bool { !entries.isEmpty && entries.allSatisfy(\.hasEnded) }

    /// Whether there is a subscription to a queue that requires acknowledgement.
    var readsQueue: Bool { entries.contains(where: \.policy.isAnsweredQueue) }

    /// Whether the server expects any ACK or NACK.
    var answersAny: Bool { entries.contains { $0.policy.mode != .auto } }

    /// Whether the server expects an answer to this message.
    func answers(_ message: Message) -> Bool {
        index(of: message).map { entries[$0].policy.mode != .auto } ?? false
    }

    /// Answers the messages whose output was written.
    ///
    /// - Parameters:
    ///   - seen: messages in the order in which they came.
    ///   - mayAcknowledge: whether they may be acknowledged; otherwise they are answered with NACK.
    ///   - wanted: for each of them, whether it matched the search; nil means that all did.
    ///   - refused: for each of them, whether it is answered with NACK instead of ACK; nil means that none is.
    /// - Returns: how many messages of queues were acknowledged.
    /// - Throws: ``Failure`` with 76 if a message has no header to acknowledge it by although the user chose a
    ///   mode, and with 75 if too many messages are held; `STOMPClientError`.
    @discardableResult
    func answer(
        _ seen: some Collection<Message> & Sendable, mayAcknowledge: Bool = true, wanted: [Bool]? = nil,
        refused: [Bool]? = nil
    ) async throws -> Int {
        guard answersAny else { return 0 }
        let before = acknowledged
        let version = connection.handshake.version
        var replies: [Reply<Message>] = []
        self.seen += seen.count
        for (place, message) in seen.enumerated() {
            guard let index = index(of: message), entries[index].policy.mode != .auto else { continue }
            let policy = entries[index].policy
            guard message.frame.canBeAcknowledged(in: version) else {
                try refuse(policy, version)
                entries[index].policy.stopAnswering(isAuto: true)
                continue
            }
            guard policy.scope == .all || (policy.scope == .wanted && wanted?[place] ?? true) else {
                if policy.isQueue { held += 1 }
                continue
            }
            let answer = mayAcknowledge && !(refused?[place] ?? false) ? Answer.ack : .nack
            guard answer == .ack || version > .v10 else {
                // STOMP 1.0 has no NACK. No later ACK may cover this message.
                if policy.mode == .client { entries[index].policy.stopAnswering(isAuto: false) }
                continue
            }
            if answer == .ack, policy.isQueue { acknowledged += 1 }
            replies.append(
                Reply(
                    message: message, answer: answer, isCumulative: policy.mode == .client, subscription: index))
        }
        try await send(Self.fewest(replies))
        guard held <= AckPolicy.searchLimit else {
            throw Failure(
                .timedOut,
                "STOMP: reached the limit of \(AckPolicy.searchLimit) unacknowledged messages, which stay in the queue; try --selector"
            )
        }
        return acknowledged - before
    }

    private func refuse(_ policy: AckPolicy, _ version: STOMPVersion) throws {
        guard policy.isChosen else { return }
        let header = version >= .v12 ? "ack" : "message-id"
        throw Failure(
            .protocolError,
            "STOMP: MESSAGE has no '\(header)' header, so it cannot be acknowledged; use --ack auto")
    }

    private func index(of message: Message) -> Int? {
        if entries.count == 1 { return 0 }
        return entries.firstIndex { message.headers.has("subscription", $0.subscription.id) }
            ?? entries.firstIndex { message.headers.has("destination", $0.subscription.destination) }
    }

    private func send(_ replies: [Reply<Message>]) async throws {
        var acknowledged: [Message] = []
        for reply in replies {
            switch reply.answer {
            case .ack: acknowledged.append(reply.message)
            case .nack:
                try await connection.ack(acknowledged)
                acknowledged = []
                try await connection.nack(reply.message)
            }
        }
        try await connection.ack(acknowledged)
    }

    /// The minimum replies with the same effect. A cumulative reply covers all earlier messages of its
    /// subscription, so only the last one before a different answer is needed.
    static func fewest<Element>(_ replies: [Reply<Element>]) -> [Reply<Element>] {
        guard replies.contains(where: \.isCumulative) else { return replies }
        var fewest: [Reply<Element>] = []
        /// By subscription, the index of the last ACK that is not sent yet.
        var pending: [Int: Int] = [:]
        for (index, reply) in replies.enumerated() {
            guard reply.isCumulative else {
                fewest.append(reply)
                continue
            }
            switch reply.answer {
            case .ack: pending[reply.subscription] = index
            case .nack:
                if let before = pending.removeValue(forKey: reply.subscription) { fewest.append(replies[before]) }
                fewest.append(reply)
            }
        }
        return fewest + pending.values.sorted().map { replies[$0] }
    }

    // MARK: Search

    /// Keeps messages coming from a server that stops sending until messages are acknowledged; returns when the
    /// task is cancelled. It subscribes with a selector that matches no message.
    func keepAwake() async throws {
        let asleep = entries.filter(\.policy.needsWaking).map(\.subscription.destination)
        var seenBefore = -1
        while !asleep.isEmpty {
            if seen != seenBefore {
                seenBefore = seen
                for destination in asleep {
                    let waking = try await connection.subscribe(to: destination, headers: ["selector": "1=0"])
                    try await connection.unsubscribe(waking)
                }
            }
            try await Task.sleep(for: Self.wakingInterval)
        }
    }

    // MARK: Closing

    /// Disconnects, and warns how many acknowledged messages may be delivered again, because the server has not
    /// confirmed the end of the session.
    func leave() async {
        // An ACK makes RabbitMQ send the next message; if that meets an UNSUBSCRIBE, RabbitMQ ends the session with
        // an ERROR. DISCONNECT ends the subscriptions of queues as well.
        let leaving = entries.filter { !$0.policy.isAnsweredQueue }.map(\.subscription)
        let outcome = await connection.disconnect(unsubscribing: leaving)
        let answered = entries.map(\.policy).filter(\.isAnsweredQueue)
        let repeats = AckPolicy.repeats(of: acknowledged, under: answered, after: outcome)
        guard repeats > 0 else { return }
        Diagnostics.warn(
            "STOMP: no receipt for DISCONNECT; "
                + "up to \(AckPolicy.repeated(repeats)) acknowledged may be delivered again")
    }
}

extension STOMPConnection {
    /// Unsubscribes and disconnects. Errors are ignored, because the user's task is already done.
    ///
    /// - Returns: how the session ended; nil if it had already ended.
    @discardableResult
    fileprivate func disconnect(unsubscribing subscriptions: [Subscription]) async -> DisconnectOutcome? {
        for subscription in subscriptions { try? unsubscribe(subscription) }
        return try? await disconnect()
    }
}
