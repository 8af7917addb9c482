import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// Tells the server, on one connection, what became of the messages of its subscriptions.
actor Acknowledger {
    enum Answer: Equatable, Sendable {
        case ack, nack
    }

    /// What is answered for a message, and whether that covers all messages of its subscription before it.
    struct Reply<Element> {
        var message: Element
        var answer: Answer
        var isCumulative: Bool
        var subscription: Int
    }

    private struct Entry: Sendable {
        var subscription: Subscription
        var policy: AckPolicy
        /// Whether ActiveMQ has shown all that is in the queue.
        var hasEnded = false
    }

    /// How often a server is woken that has sent something meanwhile.
    private static let wakingInterval = Duration.milliseconds(50)

    private let connection: STOMPConnection
    private var entries: [Entry] = []
    /// Messages of queues that were acknowledged.
    private(set) var acknowledged = 0
    /// Messages that came and are not acknowledged. The server has them all at the end.
    private var held = 0
    /// Messages that were looked at.
    private var seen = 0

    init(connection: STOMPConnection) {
        self.connection = connection
    }

    var subscriptions: [Subscription] { entries.map(\.subscription) }

    /// Subscribes as a policy has it.
    ///
    /// - Throws: `STOMPClientError`.
    func subscribe(
        to destination: String, id: String? = nil, headers: HeaderList = [:], policy: AckPolicy,
        into messages: MessageSequence? = nil
    ) async throws -> Subscription {
        let subscription = try await connection.subscribe(
            to: destination, id: id, ack: policy.mode, headers: policy.headers(behind: headers), into: messages)
        entries.append(Entry(subscription: subscription, policy: policy))
        return subscription
    }

    // MARK: What came

    /// The messages without those by which ActiveMQ says that it has shown a queue to its end.
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

    /// Whether nothing more comes: all queues were shown to their end.
    var isAtEnd: Bool { !entries.isEmpty && entries.allSatisfy(\.hasEnded) }

    /// Whether there is a queue whose messages stay until they are acknowledged.
    var readsQueue: Bool { entries.contains(where: \.policy.isAnsweredQueue) }

    /// Whether the server waits for answers at all.
    var answersAny: Bool { entries.contains { $0.policy.mode != .auto } }

    /// Whether the server waits for an answer for this message.
    func answers(_ message: Message) -> Bool {
        index(of: message).map { entries[$0].policy.mode != .auto } ?? false
    }

    /// Answers for messages whose output was written.
    ///
    /// - Parameters:
    ///   - seen: messages in the order in which they came.
    ///   - areTaken: whether they may be acknowledged; otherwise they are answered with NACK.
    ///   - wanted: for each of them, whether a search was for this message; nil, for all.
    ///   - refused: for each of them, whether it is answered with NACK in place of ACK; nil, for none.
    /// - Returns: how many messages of queues were acknowledged.
    /// - Throws: ``Failure`` with 76 where the server gives a message nothing to answer by though the user wants it
    ///   answered, and with 75 where more is held than may be; `STOMPClientError`.
    @discardableResult
    func answer(
        _ seen: some Collection<Message> & Sendable, areTaken: Bool = true, wanted: [Bool]? = nil,
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
            let answer = areTaken && !(refused?[place] ?? false) ? Answer.ack : .nack
            guard answer == .ack || version > .v10 else {
                // STOMP 1.0 has no NACK. A later ACK must not cover this message.
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
                "STOMP: \(AckPolicy.searchLimit) messages are held unacknowledged, which is the limit; they stay in the queue; try --selector"
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

    /// The fewest replies that say it all: a cumulative one answers for all messages of its subscription before it, so
    /// that only the last ones before another answer are needed.
    static func fewest<Element>(_ replies: [Reply<Element>]) -> [Reply<Element>] {
        guard replies.contains(where: \.isCumulative) else { return replies }
        var fewest: [Reply<Element>] = []
        /// Acknowledged and not yet answered for, by subscription.
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

    // MARK: A search

    /// Keeps messages coming where the server stops sending while nothing is acknowledged; returns when the task is
    /// cancelled. The subscription that wakes the server matches no message.
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

    // MARK: The end

    /// Leaves, and says how many of the messages that were acknowledged may come again because the server has not
    /// confirmed the end.
    func leave() async {
        // An ACK makes RabbitMQ send the next message, and one that meets an UNSUBSCRIBE ends the session with an ERROR.
        // DISCONNECT alone ends the subscriptions of queues as well.
        let leaving = entries.filter { !$0.policy.isAnsweredQueue }.map(\.subscription)
        let outcome = await connection.sayGoodbye(leaving: leaving)
        let answered = entries.map(\.policy).filter(\.isAnsweredQueue)
        let repeats = AckPolicy.repeats(of: acknowledged, under: answered, after: outcome)
        guard repeats > 0 else { return }
        Diagnostics.warn(
            "STOMP: the session ended without a receipt for DISCONNECT; "
                + "up to \(AckPolicy.repeated(repeats)) acknowledged may come again")
    }
}

extension STOMPConnection {
    /// Leaves as a polite client does. What fails on the way out is nothing that the user asked for.
    ///
    /// - Returns: how the session ended; nil where it had ended before.
    @discardableResult
    fileprivate func sayGoodbye(leaving subscriptions: [Subscription]) async -> DisconnectOutcome? {
        // Also where the task is cancelled, which the goodbye must not notice.
        await Task {
            for subscription in subscriptions { try? unsubscribe(subscription) }
            return try? await disconnect()
        }.value
    }
}
