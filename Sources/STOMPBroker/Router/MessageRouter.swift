import NIOCore
import STOMPCore
import STOMPTransport

/// Topics and queues, their subscriptions, and stored and unacknowledged messages.
///
/// A value without I/O: pass it a client's request, then call ``next()`` and perform the action, until it returns nil.
struct MessageRouter {
    enum Action {
        case deliver(Delivery)
        /// A message stays in its queue because the next receiver is paused.
        case wait(for: ConnectionID)
    }

    /// A step of a transaction, performed on commit.
    enum Step {
        case publish(Message)
        case settle(ClientRequest.Acknowledgement)
    }

    struct Client {
        var subscriptions: [SubscriptionName: Int] = [:]
        var transactions: [String: [Step]] = [:]
        var isPaused = false
        /// The user name by which other clients can address it; nil if it has none.
        var user: String?
    }

    /// An application's handler for messages to one of its destinations.
    enum Handler {
        /// Forwards the message unchanged.
        case route(to: String)
        case reply(BrokerReply)
    }

    let limits: BrokerLimits
    /// Whether destinations under `/queue/` are queues: each message goes to one receiver. All others are topics.
    private let hasQueues: Bool
    /// Whether a queue stays after it was used, so that `/amq/queue/NAME` names an existing queue.
    let queuesStay: Bool
    /// Whether destinations may contain wildcards, and those under `/user/` are separate for each session.
    private let isSpring: Bool
    /// The handlers by destination. Messages for these destinations go to the handlers only.
    private let handlers: [String: [Handler]]
    /// Sets the content type of a handler's reply.
    private let serverProfile: ServerProfile
    /// Whether ``drops`` are recorded.
    private let recordsDrops: Bool
    /// Requests without effect, until ``takeDrops()`` returns them.
    private(set) var drops: [FrameDrop] = []
    /// The size of the stored messages in bytes, as ``BrokerLimits/heldBytes`` counts them.
    var held = 0
    var clients: [ConnectionID: Client] = [:]
    var subscriptions: [Int: Subscription] = [:]
    var subscriptionsMade = 0
    /// The numbers of each topic's subscriptions, in the order of subscribing.
    var topics: [String: [Int]] = [:]
    /// Subscriptions to topics by wildcards, in the order of subscribing.
    var patterns: [(number: Int, pattern: PathPattern)] = []
    /// The number of subscriptions with a selector.
    var selectors = 0
    var queues: [String: MessageQueue] = [:]
    /// Deliveries of topics that are still to be made, in order.
    private var fanOut = CircularBuffer<(Message, subscription: Int)>()
    /// Queues that may have messages to deliver.
    private var ready = CircularBuffer<String>()

    init(
        _ serverProfile: ServerProfile = .standard, limits: BrokerLimits = BrokerLimits(),
        routes: [String: String] = [:], replies: [BrokerReply] = [], recordsDrops: Bool = false
    ) {
        self.serverProfile = serverProfile
        self.limits = limits
        hasQueues = serverProfile.hasQueues
        queuesStay = serverProfile.queuesStay
        isSpring = serverProfile.isSpring
        var handlers = routes.mapValues { [Handler.route(to: $0)] }
        for reply in replies { handlers[reply.from, default: []].append(.reply(reply)) }
        self.handlers = handlers
        self.recordsDrops = recordsDrops
    }

    /// Returns and removes the recorded drops.
    mutating func takeDrops() -> [FrameDrop] {
        defer { drops = [] }
        return drops
    }

    /// Performs a client's request; a request that throws has no effect.
    mutating func perform(_ request: ClientRequest, from connection: ConnectionID) throws(BrokerError) {
        switch request {
        case .send(let message, nil): try publish(message, from: connection)
        case .send(let message, let transaction?): try add(message, to: transaction, from: connection)
        case .subscribe(let name, let destination, let ack):
            guard let destination = address(of: destination) else {
                throw .unknownQueue(destination)
            }
            try subscribe(
                Subscription(
                    connection: connection, name: name, destination: topic(of: destination, for: connection),
                    isQueue: isQueue(destination), ack: ack))
        case .select(let name, let destination, let selector):
            var subscription = Subscription(
                connection: connection, name: name, destination: topic(of: destination, for: connection),
                isQueue: false, ack: .auto)
            subscription.selector = selector
            try subscribe(subscription)
        case .unsubscribe(let name): try unsubscribe(name, from: connection)
        case .acknowledge(let acknowledgement, nil): try settle(acknowledgement, from: connection)
        case .acknowledge(let acknowledgement, let transaction?):
            try add(acknowledgement, to: transaction, from: connection)
        case .begin(let transaction): try begin(transaction, from: connection)
        case .commit(let transaction): try commit(transaction, from: connection)
        case .abort(let transaction): try abort(transaction, from: connection)
        }
    }

    /// Publishes a message to its destination or to its handlers.
    ///
    /// - Parameter connection: the sender; nil for the broker itself.
    mutating func publish(_ message: Message, from connection: ConnectionID? = nil) throws(BrokerError) {
        guard let handlers = handlers[message.destination] else {
            guard isSpring, let user = UserDestination(message.destination, isNamed: true) else {
                return try put(message)
            }
            return publish(message, to: user)
        }
        for handler in handlers { try handle(message, from: connection, handler) }
    }

    private mutating func handle(
        _ message: Message, from connection: ConnectionID?, _ handler: Handler
    ) throws(BrokerError) {
        switch handler {
        case .route(let destination) where !isSpring:
            try put(Message(destination: destination, frame: message.frame))
        case .route(let destination):
            let body = message.frame.body
            guard message.mediaType?.isJSON != true || body.withUnsafeReadableBytes({ JSONReader.accepts($0) }) else {
                return drop(.noReply(.notJSON(contentType: message.frame.headers["content-type"])))
            }
            let type = body.isUTF8 ? serverProfile.contentType(ofReply: body) : "application/octet-stream"
            try reply(body, type, to: destination, for: connection)
        case .reply(let handler):
            let body: ByteBuffer
            do throws(BrokerReply.Failure) {
                body = try handler.body(message.frame)
            } catch {
                return drop(.noReply(error))
            }
            try reply(body, serverProfile.contentType(ofReply: body), to: handler.to, for: connection)
        }
    }

    /// Publishes the reply of a handler, with new headers.
    private mutating func reply(
        _ body: ByteBuffer, _ contentType: String, to destination: String, for connection: ConnectionID?
    ) throws(BrokerError) {
        guard body.readableBytes <= limits.reply,
            let frame = try? FrameEncoder(version: .v12).frame(.send, ["content-type": contentType], body: body)
        else { return drop(.noReply(.tooLarge(limit: limits.reply))) }
        let message = Message(destination: destination, frame: frame)
        guard isSpring, UserDestination(destination, isNamed: false) != nil else { return try put(message) }
        guard let connection else { return drop(.noSubscriber(destination)) }
        distribute(message, topic: topic(of: destination, for: connection))
    }

    /// Publishes a message to all sessions of a user.
    private mutating func publish(_ message: Message, to destination: UserDestination) {
        let own = "\(UserDestination.prefix.dropLast())\(destination.rest)"
        let sessions = clients.filter { $0.value.user != nil && $0.value.user == destination.user }.keys.sorted()
        guard !sessions.isEmpty else { return drop(.noSubscriber(message.destination)) }
        for session in sessions {
            distribute(Message(destination: own, frame: message.frame), topic: topic(of: own, for: session))
        }
    }

    /// The topic of a destination; under `/user/`, each connection has its own topic.
    private func topic(of destination: String, for connection: ConnectionID) -> String {
        isSpring && destination.hasPrefix(UserDestination.prefix) ? "\(destination)\0\(connection)" : destination
    }

    private mutating func drop(_ reason: FrameDrop) {
        if recordsDrops { drops.append(reason) }
    }

    /// Delivers a message to the subscribers of a topic.
    private mutating func distribute(_ message: Message, topic: String) {
        let before = fanOut.count
        for number in topics[topic] ?? [] where selects(number, message) { fanOut.append((message, number)) }
        // Messages for one session do not match the wildcards of other sessions.
        if !patterns.isEmpty, topic == message.destination, let parts = PathPattern.parts(of: topic) {
            for (number, pattern) in patterns where pattern.matches(parts) && selects(number, message) {
                fanOut.append((message, number))
            }
        }
        if recordsDrops, fanOut.count == before { drop(.noSubscriber(message.destination)) }
    }

    private func selects(_ number: Int, _ message: Message) -> Bool {
        selectors == 0 || subscriptions[number]?.selector?.matches(message.frame) ?? true
    }

    /// Publishes a message to its destination, without handlers.
    private mutating func put(_ message: Message) throws(BrokerError) {
        var message = message
        // RabbitMQ drops messages for a queue that does not exist.
        guard let destination = address(of: message.destination) else {
            return drop(.unknownQueue(message.destination))
        }
        if destination != message.destination { message = Message(destination: destination, frame: message.frame) }
        guard isQueue(message.destination) else { return distribute(message, topic: message.destination) }
        if let queue = queues[message.destination], queue.waiting.count >= limits.queuedMessages {
            throw .queueFull(message.destination, messages: queue.waiting.count)
        }
        try hold(message)
        queues[message.destination, default: MessageQueue()].append(message.kept())
        look(at: message.destination)
    }

    /// The actual destination; nil for a queue that must exist but does not.
    private func address(of destination: String) -> String? {
        guard queuesStay, destination.hasPrefix("/amq/queue/") else { return destination }
        let queue = String(destination.dropFirst("/amq".count))
        return queues[queue] == nil ? nil : queue
    }

    func isQueue(_ destination: String) -> Bool { hasQueues && destination.hasPrefix("/queue/") }

    // MARK: Actions

    /// The next action to perform; nil if there are no more.
    mutating func next() -> Action? {
        while let (message, number) = fanOut.popFirst() {
            if let action = deliver(message, to: number) { return action }
        }
        while let name = ready.first {
            if let action = handOut(from: name) { return action }
            ready.removeFirst()
        }
        return nil
    }

    private mutating func deliver(
        _ message: Message, to number: Int, from entry: MessageQueue.Entry? = nil
    ) -> Action? {
        guard let delivered = subscriptions[number]?.deliver(entry), let subscription = subscriptions[number] else {
            return nil
        }
        return .deliver(
            Delivery(
                message: message, connection: subscription.connection, subscription: subscription.name.header,
                id: Delivery.ID(subscription: number, number: delivered),
                wantsAcknowledgement: subscription.ack != .auto, isRedelivered: entry?.isRedelivered ?? false))
    }

    private mutating func handOut(from name: String) -> Action? {
        guard let number = receiver(of: name) else { return nil }
        if isPaused(number), let subscription = subscriptions[number] {
            ready.removeFirst()
            return .wait(for: subscription.connection)
        }
        guard let entry = queues[name]?.dequeue(for: number) else { return nil }
        if subscriptions[number]?.ack == .auto { held -= entry.message.cost }
        return deliver(entry.message, to: number, from: entry)
    }

    /// Marks a queue that may have messages to deliver.
    mutating func look(at queue: String) {
        if ready.last != queue { ready.append(queue) }
    }

    /// The subscription that gets the first message of a queue; a paused one only if no other can get it.
    private func receiver(of name: String) -> Int? {
        guard let queue = queues[name], !queue.waiting.isEmpty else { return nil }
        return queue.nextReceiver { hasRoom($0) && !isPaused($0) } ?? queue.nextReceiver { hasRoom($0) }
    }

    private func hasRoom(_ number: Int) -> Bool {
        guard let subscription = subscriptions[number] else { return false }
        return subscription.unacknowledged.count < limits.unacknowledged
    }

    private func isPaused(_ number: Int) -> Bool {
        guard let connection = subscriptions[number]?.connection else { return false }
        return clients[connection]?.isPaused ?? false
    }

    /// The wildcard pattern of a subscription; nil if it has none.
    func pattern(of subscription: Subscription) -> PathPattern? {
        isSpring ? PathPattern(subscription.destination) : nil
    }

    // MARK: Stored messages

    /// Counts a message that will be stored.
    mutating func hold(_ message: Message) throws(BrokerError) {
        guard held + message.cost <= limits.heldBytes else {
            throw .brokerFull(bytes: held, limit: limits.heldBytes)
        }
        held += message.cost
    }

    /// Stops counting a step that is no longer stored.
    mutating func release(_ step: Step) {
        if case .publish(let message) = step { held -= message.cost }
    }
}

/// Transactions: they have no effect until COMMIT, which performs all steps or none.
extension MessageRouter {
    mutating func begin(_ transaction: String, from connection: ConnectionID) throws(BrokerError) {
        let open = clients[connection]?.transactions ?? [:]
        guard open[transaction] == nil else {
            throw .duplicateTransaction(transaction)
        }
        guard open.count < limits.transactions else {
            throw .tooManyTransactions(limit: limits.transactions)
        }
        clients[connection, default: Client()].transactions[transaction] = []
    }

    mutating func add(_ message: Message, to transaction: String, from connection: ConnectionID) throws(BrokerError) {
        try checkRoom(in: transaction, of: connection)
        try hold(message)
        clients[connection]?.transactions[transaction]?.append(.publish(message.kept()))
    }

    mutating func add(
        _ acknowledgement: ClientRequest.Acknowledgement, to transaction: String, from connection: ConnectionID
    ) throws(BrokerError) {
        try checkRoom(in: transaction, of: connection)
        try check(acknowledgement, from: connection)
        clients[connection]?.transactions[transaction]?.append(.settle(acknowledgement))
    }

    /// Performs the steps on a copy, which replaces the router if all of them have succeeded.
    mutating func commit(_ transaction: String, from connection: ConnectionID) throws(BrokerError) {
        var trial = self
        for step in try trial.remove(transaction, of: connection) {
            switch step {
            case .publish(let message): try trial.publish(message, from: connection)
            case .settle(let acknowledgement): try trial.settle(acknowledgement, from: connection)
            }
        }
        self = trial
    }

    mutating func abort(_ transaction: String, from connection: ConnectionID) throws(BrokerError) {
        _ = try remove(transaction, of: connection)
    }

    private mutating func remove(_ transaction: String, of connection: ConnectionID) throws(BrokerError) -> [Step] {
        guard let steps = clients[connection]?.transactions.removeValue(forKey: transaction) else {
            throw .unknownTransaction(transaction)
        }
        for step in steps { release(step) }
        return steps
    }

    private func checkRoom(in transaction: String, of connection: ConnectionID) throws(BrokerError) {
        guard let open = clients[connection]?.transactions, open[transaction] != nil else {
            throw .unknownTransaction(transaction)
        }
        guard open.values.reduce(0, { $0 + $1.count }) < limits.transactionFrames else {
            throw .transactionsFull(limit: limits.transactionFrames)
        }
    }
}
