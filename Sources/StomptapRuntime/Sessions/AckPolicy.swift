import STOMPClient
import STOMPCore

/// How the messages of one subscription are acknowledged: the headers of SUBSCRIBE, and which messages get an ACK.
///
/// Reading a queue must not lose messages. If a destination delivers each message to one receiver, a message is
/// therefore acknowledged only after its output was written, and the server is asked for a small prefetch.
package struct AckPolicy: Sendable, Equatable {
    /// The purpose of a subscription.
    package enum Purpose: Sendable {
        /// To receive its messages.
        case consume
        /// To find some of its messages; the others stay in the queue.
        case search
        /// To look at its messages; all of them stay in the queue.
        case peek
    }

    /// Which messages are acknowledged.
    package enum Scope: Sendable, Equatable {
        case none
        /// The messages that the search was for.
        case wanted
        case all
    }

    /// The default prefetch: how many unacknowledged messages a server may send ahead.
    package static let defaultPrefetch = 100
    /// The prefetch that ActiveMQ is asked for in a search, so that the search does not stop at ActiveMQ's default;
    /// also the most messages that are held unacknowledged.
    package static let searchLimit = 100_000

    /// The headers that set the prefetch, by server.
    private enum PrefetchHeader {
        static let rabbitMQ = "prefetch-count"
        static let activeMQ = "activemq.prefetchSize"
    }

    /// The `ack` header of SUBSCRIBE.
    package private(set) var mode: AckMode
    package private(set) var scope = Scope.none
    /// Additional headers of SUBSCRIBE.
    package private(set) var headers: HeaderList = [:]
    /// Whether the destination delivers each message to one receiver.
    package let isQueue: Bool
    /// Whether messages stay in a queue until they are acknowledged.
    package var isAnsweredQueue: Bool { isQueue && mode != .auto }
    /// Whether the user chose the mode.
    package let isChosen: Bool
    /// The number of unacknowledged messages that the server sends ahead; nil if it is not known to respect a limit.
    package private(set) var prefetch: Int?
    /// Whether this browses a queue, with ActiveMQ: the server sends its messages from first to last and removes
    /// none.
    package private(set) var isBrowser = false
    /// Whether the server stops sending until it is triggered: ActiveMQ loads 200 messages of a queue at a time, and
    /// the next ones only after an acknowledgement or a new subscription.
    package private(set) var needsWaking = false

    /// - Parameters:
    ///   - headers: the user's headers of SUBSCRIBE; they take precedence.
    ///   - ack: the user's mode; nil uses the user's `ack` header, or a default for the destination.
    ///   - prefetch: how many messages may be sent ahead; nil is ``defaultPrefetch``, or no limit for a search.
    ///   - wanted: how many more messages are wanted; nil is no limit.
    package init(
        to destination: String, headers: HeaderList = [:], ack: AckMode? = nil, purpose: Purpose = .consume,
        prefetch: Int? = nil, wanted: Int? = nil, handshake: Handshake
    ) {
        let ack = ack ?? headers["ack"].flatMap(AckMode.init)
        isChosen = ack != nil
        isQueue = Self.isQueue(destination, headers)
        // In STOMP 1.0, only RabbitMQ and ActiveMQ support client-individual.
        let isIndividual = handshake.version > .v10 || handshake.isRabbitMQ || handshake.isActiveMQ
        mode = ack ?? (isQueue ? (isIndividual ? .clientIndividual : .client) : .auto)
        guard mode != .auto else { return }
        var limit = prefetch
        if isQueue {
            switch purpose {
            case .consume:
                scope = .all
                limit = min(prefetch ?? Self.defaultPrefetch, max(wanted ?? .max, 1))
            // In client mode, an ACK would also remove the messages before it from the queue.
            case .search: scope = mode == .client ? .none : .wanted
            case .peek:
                isBrowser =
                    handshake.isActiveMQ && handshake.version > .v10 && Self.hasQueueName(destination)
                if isBrowser { add("browser", "true", unlessIn: headers) }
            }
            needsWaking = handshake.isActiveMQ && purpose != .consume && !isBrowser
        } else {
            scope = .all
        }
        setPrefetch(limit, headers, handshake)
    }

    private mutating func setPrefetch(_ limit: Int?, _ given: HeaderList, _ handshake: Handshake) {
        let isOther = !handshake.isRabbitMQ && !handshake.isActiveMQ && !handshake.isArtemis
        if let limit {
            if handshake.isRabbitMQ || isOther { add(PrefetchHeader.rabbitMQ, "\(limit)", unlessIn: given) }
            if handshake.isActiveMQ || isOther { add(PrefetchHeader.activeMQ, "\(limit)", unlessIn: given) }
        } else if isQueue, handshake.isActiveMQ || isOther {
            // Otherwise ActiveMQ applies its own limit.
            add(PrefetchHeader.activeMQ, "\(Self.searchLimit)", unlessIn: given)
        }
        if handshake.isRabbitMQ { self.prefetch = given[PrefetchHeader.rabbitMQ].map { Int($0) } ?? limit }
        if handshake.isActiveMQ { self.prefetch = given[PrefetchHeader.activeMQ].map { Int($0) } ?? limit }
    }

    private mutating func add(_ name: String, _ value: String, unlessIn given: HeaderList) {
        if !given.contains(name) { headers.append(name, value) }
    }

    /// All headers of SUBSCRIBE except `ack`, which is in ``mode``; the user's headers come first.
    package func headers(after given: HeaderList) -> HeaderList {
        var all = given
        if isChosen { all["ack"] = nil }
        all.append(contentsOf: headers)
        return all
    }

    /// Stops acknowledging, for one of two reasons. The server's messages have no id to acknowledge by, as with
    /// Spring's simple broker, where `/queue/` is a topic; or an ACK would also cover a message that must not be
    /// acknowledged.
    package mutating func stopAnswering(isAuto: Bool) {
        if isAuto { mode = .auto }
        scope = .none
    }

    // MARK: Which destinations are queues

    /// The prefixes of destinations that deliver each message to one receiver: those of RabbitMQ and ActiveMQ, and
    /// ActiveMQ's queues for consumers of a virtual topic.
    private static let queuePrefixes = [
        "/queue/", "/amq/queue/", "/reply-queue/", "/temp-queue/", "/remote-temp-queue/", "/dsub/", "Consumer.",
    ]

    private static func hasQueueName(_ destination: String) -> Bool {
        // ActiveMQ allows several destinations in one name.
        destination.split(separator: ",").contains { part in queuePrefixes.contains { part.hasPrefix($0) } }
    }

    /// Whether a subscription delivers each message to one receiver and the server removes acknowledged ones: a
    /// queue, or the messages of a topic that the server stores for a durable subscription.
    package static func isQueue(_ destination: String, _ headers: HeaderList) -> Bool {
        hasQueueName(destination) || headers["durable"] == "true" || headers.contains("activemq.subscriptionName")
            || headers.contains("durable-subscription-name") || headers.contains("x-queue-name")
    }
}

/// Servers whose delivery behaviour is known.
extension Handshake {
    /// Whether to expect a receipt for a message to this destination. A relay that passed on RabbitMQ's CONNECTED
    /// gives destinations that RabbitMQ does not know to an application, which sends no receipt.
    package func answersReceipt(ofMessageTo destination: String) -> Bool {
        answersReceipts
            && (!isRabbitMQ || Self.destinationsOfRabbitMQ.contains(where: destination.hasPrefix)
                || !destination.hasPrefix("/"))
    }

    private static let destinationsOfRabbitMQ = [
        "/topic/", "/queue/", "/exchange/", "/amq/queue/", "/reply-queue/", "/temp-queue/",
    ]

    package var isRabbitMQ: Bool { server?.hasPrefix("RabbitMQ") ?? false }
    fileprivate var isActiveMQ: Bool { server?.hasPrefix("ActiveMQ/") ?? false }
    fileprivate var isArtemis: Bool { server?.hasPrefix("ActiveMQ-Artemis") ?? false }
}

extension AckPolicy {
    /// How many acknowledged messages may be delivered again after the session ended this way. A server that
    /// respects a prefetch has processed all acknowledgements except those of the last messages it sent ahead.
    ///
    /// - Parameters:
    ///   - acknowledged: the number of acknowledged messages.
    ///   - policies: the policies of their subscriptions.
    package static func repeats(of acknowledged: Int, under policies: [AckPolicy?], after outcome: DisconnectOutcome?)
        -> Int
    {
        guard outcome != .confirmed, outcome != .closed else { return 0 }
        let limits = policies.map { $0?.prefetch }
        let limit = limits.isEmpty || limits.contains(nil) ? Int.max : limits.compactMap(\.self).reduce(0, +)
        return min(acknowledged, limit)
    }

    /// The messages that may be delivered again, in a sentence: `1 message that was`, `3 messages that were`.
    package static func repeated(_ count: Int) -> String {
        count == 1 ? "1 message that was" : "\(count) messages that were"
    }
}
