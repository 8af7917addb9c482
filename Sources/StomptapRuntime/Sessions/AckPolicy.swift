import STOMPClient
import STOMPCore

/// How the messages of one subscription are acknowledged: what SUBSCRIBE says, and which messages are answered.
///
/// A look at a queue must lose nothing. Where a destination hands each message to one receiver, a message is therefore
/// acknowledged only after its output was written, and the server is asked to send few ahead.
package struct AckPolicy: Sendable, Equatable {
    /// What a subscription is read for.
    package enum Purpose: Sendable {
        /// To have its messages.
        case consume
        /// To find some of its messages; the others stay in the queue.
        case search
        /// To look at its messages, which all stay in the queue.
        case peek
    }

    /// Which messages are acknowledged.
    package enum Scope: Sendable, Equatable {
        case none
        /// Those that were searched for.
        case wanted
        case all
    }

    /// How many unacknowledged messages a server may send ahead by default.
    package static let defaultPrefetch = 100
    /// What ActiveMQ is asked for where a search must not stop at its own limit, and how many messages are held
    /// unacknowledged at the most.
    package static let searchLimit = 100_000

    /// The headers by which servers are told how much to send ahead.
    private enum PrefetchHeader {
        static let rabbitMQ = "prefetch-count"
        static let activeMQ = "activemq.prefetchSize"
    }

    /// What the `ack` header of SUBSCRIBE says.
    package private(set) var mode: AckMode
    package private(set) var scope = Scope.none
    /// Further headers of SUBSCRIBE.
    package private(set) var headers: HeaderList = [:]
    /// Whether the destination hands each message to one receiver.
    package let isQueue: Bool
    /// Whether its messages stay in a queue until they are acknowledged.
    package var isAnsweredQueue: Bool { isQueue && mode != .auto }
    /// Whether the user has named the mode.
    package let isChosen: Bool
    /// How many unacknowledged messages the server sends ahead; nil where it is not known to keep to a limit.
    package private(set) var prefetch: Int?
    /// Whether the server shows the queue from its first to its last message and takes none out: ActiveMQ.
    package private(set) var isBrowser = false
    /// Whether the server stops sending unless it is woken: ActiveMQ loads 200 messages of a queue at a time, the next
    /// ones when something is acknowledged or somebody subscribes.
    package private(set) var needsWaking = false

    /// - Parameters:
    ///   - headers: those of SUBSCRIBE that the user gives; no other header takes their place.
    ///   - ack: the mode that the user names; nil goes by the user's `ack` header, or the destination.
    ///   - prefetch: how many messages may be sent ahead; nil is ``defaultPrefetch``, or no limit for a search.
    ///   - wanted: how many messages are still wanted; nil is no limit.
    package init(
        to destination: String, headers: HeaderList = [:], ack: AckMode? = nil, purpose: Purpose = .consume,
        prefetch: Int? = nil, wanted: Int? = nil, handshake: Handshake
    ) {
        let ack = ack ?? headers["ack"].flatMap(AckMode.init)
        isChosen = ack != nil
        isQueue = Self.isQueue(destination, headers)
        // At 1.0 the mode client-individual is known to RabbitMQ and ActiveMQ alone.
        let isIndividual = handshake.version > .v10 || handshake.isRabbitMQ || handshake.isActiveMQ
        mode = ack ?? (isQueue ? (isIndividual ? .clientIndividual : .client) : .auto)
        guard mode != .auto else { return }
        var limit = prefetch
        if isQueue {
            switch purpose {
            case .consume:
                scope = .all
                limit = min(prefetch ?? Self.defaultPrefetch, max(wanted ?? .max, 1))
            // In the mode client an ACK would take the messages before it out of the queue as well.
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
            // ActiveMQ has a limit of its own otherwise.
            add(PrefetchHeader.activeMQ, "\(Self.searchLimit)", unlessIn: given)
        }
        if handshake.isRabbitMQ { self.prefetch = given[PrefetchHeader.rabbitMQ].map { Int($0) } ?? limit }
        if handshake.isActiveMQ { self.prefetch = given[PrefetchHeader.activeMQ].map { Int($0) } ?? limit }
    }

    private mutating func add(_ name: String, _ value: String, unlessIn given: HeaderList) {
        if !given.contains(name) { headers.append(name, value) }
    }

    /// All headers of SUBSCRIBE but `ack`, which ``mode`` stands for; those that the user gives come first.
    package func headers(behind given: HeaderList) -> HeaderList {
        var all = given
        if isChosen { all["ack"] = nil }
        all.append(contentsOf: headers)
        return all
    }

    /// From now on nothing is answered: the server gives its messages nothing to answer by, as Spring's simple broker,
    /// where `/queue/` is a topic; or an answer would cover a message that must not be acknowledged.
    package mutating func stopAnswering(isAuto: Bool) {
        if isAuto { mode = .auto }
        scope = .none
    }

    // MARK: Which destinations are queues

    /// What the names of destinations begin with that hand each message to one receiver: RabbitMQ's, ActiveMQ's, and
    /// ActiveMQ's queues behind a virtual topic.
    private static let queuePrefixes = [
        "/queue/", "/amq/queue/", "/reply-queue/", "/temp-queue/", "/remote-temp-queue/", "/dsub/", "Consumer.",
    ]

    private static func hasQueueName(_ destination: String) -> Bool {
        // ActiveMQ takes several destinations in one name.
        destination.split(separator: ",").contains { part in queuePrefixes.contains { part.hasPrefix($0) } }
    }

    /// Whether a subscription hands each message to one receiver and forgets what is acknowledged: a queue, or a topic's
    /// messages that the server keeps for a durable subscription.
    package static func isQueue(_ destination: String, _ headers: HeaderList) -> Bool {
        hasQueueName(destination) || headers["durable"] == "true" || headers.contains("activemq.subscriptionName")
            || headers.contains("durable-subscription-name") || headers.contains("x-queue-name")
    }
}

/// The servers whose ways of handing out messages are known.
extension Handshake {
    /// Whether a receipt is to be expected for a message to this destination. What RabbitMQ does not know as a destination
    /// goes to an application, with a relay between that has passed on RabbitMQ's CONNECTED: nobody answers it.
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
    /// How many of the acknowledged messages may come again where the session ended this way: a server that keeps to a
    /// limit has taken all acknowledgements but those of the last messages that it sent ahead.
    ///
    /// - Parameters:
    ///   - acknowledged: how many there were.
    ///   - policies: those of the subscriptions that were acknowledged.
    package static func repeats(of acknowledged: Int, under policies: [AckPolicy?], after goodbye: DisconnectOutcome?)
        -> Int
    {
        guard goodbye != .confirmed, goodbye != .closed else { return 0 }
        let limits = policies.map { $0?.prefetch }
        let limit = limits.isEmpty || limits.contains(nil) ? Int.max : limits.compactMap(\.self).reduce(0, +)
        return min(acknowledged, limit)
    }

    /// `1 message that was`, `3 messages that were`: what may come again.
    package static func repeated(_ count: Int) -> String {
        count == 1 ? "1 message that was" : "\(count) messages that were"
    }
}
