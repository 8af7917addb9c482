import STOMPCore

/// Messages that wait for their readers, and the route of each subscription. A value: it returns the readers to
/// resume to the caller.
///
/// `Reader` is the type of a waiting reader: a continuation in the program, a name in a test.
struct Inboxes<Reader> {
    private var inboxes: [Inbox<Reader>] = []
    private var routes: [String: Int] = [:]
    /// The inbox for messages that belong to no subscription.
    var unclaimed: Int?
    /// The bytes that wait in all inboxes, and whether the socket is read.
    var budget: ReadingBudget
    var strays = StrayMessages()
    private var ended = EndedSubscriptions()
    /// The inboxes with new messages since the last ``deliver(_:)``.
    private var touched: [Int] = []

    init(limit: Int) {
        budget = ReadingBudget(limit: limit)
    }

    /// Makes an inbox and returns its number.
    mutating func add() -> Int {
        inboxes.append(Inbox())
        return inboxes.count - 1
    }

    mutating func route(_ subscription: String, to inbox: Int) {
        routes[subscription] = inbox
    }

    /// Removes a subscription's route. Returns its inbox if no other subscription uses it; the caller then ends it.
    mutating func unroute(_ subscription: String) -> Int? {
        guard let inbox = routes.removeValue(forKey: subscription) else { return nil }
        ended.add(subscription)
        return inbox == unclaimed || routes.values.contains(inbox) ? nil : inbox
    }

    /// Puts messages into their inboxes. A message without an inbox is counted as stray, unless it may have been in
    /// transit when its subscription ended.
    mutating func place(_ received: inout ReceivedMessages) {
        var start = 0
        for run in received.runs {
            let end = start + run.count
            if let inbox = run.subscription.flatMap({ routes[$0] }) ?? unclaimed {
                inboxes[inbox].append(received.messages[start..<end], bytes: run.bytes)
                budget.add(run.bytes)
                if touched.last != inbox { touched.append(inbox) }
            } else {
                for message in received.messages[start..<end] where !ended.contains(message.headers["subscription"]) {
                    strays.add(message.frame)
                }
            }
            start = end
        }
        received.removeAll()
    }

    /// Delivers the placed messages to waiting readers.
    mutating func deliver(_ resume: (Reader, [Message]) -> Void) -> ReadingBudget.Action {
        var action = ReadingBudget.Action.none
        for inbox in touched {
            guard let (reader, batch) = inboxes[inbox].deliver() else { continue }
            resume(reader, batch.messages)
            if budget.remove(batch.bytes) == .resume { action = .resume }
        }
        touched.removeAll(keepingCapacity: true)
        return action
    }

    /// What a reader gets now.
    mutating func next(of inbox: Int) -> Inbox<Reader>.Next {
        inboxes[inbox].next()
    }

    /// Stores a reader until messages arrive. An inbox has one reader at a time; if there is one already, returns
    /// the reader that cannot be stored, and its sequence ends.
    mutating func wait(for inbox: Int, _ reader: Reader) -> Reader? {
        inboxes[inbox].wait(reader)
    }

    /// Removes and returns the waiting reader.
    mutating func removeReader(of inbox: Int) -> Reader? {
        inboxes[inbox].removeReader()
    }

    /// Ends an inbox. The messages in it no longer count in ``budget``: they may never be read, and must not stop
    /// the other readers.
    ///
    /// - Returns: the waiting reader, and what to do with the socket.
    mutating func finish(
        _ inbox: Int, _ end: Result<Void, STOMPClientError>
    ) -> (reader: Reader?, ReadingBudget.Action) {
        let reader = inboxes[inbox].finish(end)
        return (reader, budget.remove(inboxes[inbox].discount()))
    }

    /// Ends all inboxes. Returns the waiting readers.
    mutating func finishAll(_ end: Result<Void, STOMPClientError>) -> [Reader] {
        inboxes.indices.compactMap { inboxes[$0].finish(end) }
    }
}

/// Messages that belong to no subscription of this side; they are dropped.
struct StrayMessages {
    private(set) var count = 0
    /// The first one, until ``takeNews()`` returns it.
    private var first: Frame?

    mutating func add(_ frame: Frame) {
        if count == 0 { first = frame.detached() }
        count += 1
    }

    /// Returns the first one, once.
    mutating func takeNews() -> Frame? { first.take() }
}

/// Recently ended subscriptions, whose messages may still be in transit.
private struct EndedSubscriptions {
    private static let limit = 1000
    private var ids: Set<String> = []

    mutating func add(_ id: String) {
        if ids.count == Self.limit { ids = [] }
        ids.insert(id)
    }

    /// Whether `id` is one of them. STOMP 1.0 messages may have no id; then whether there is any.
    func contains(_ id: String?) -> Bool { id.map(ids.contains) ?? !ids.isEmpty }
}

/// Messages that were received and wait for one reader.
struct Inbox<Reader> {
    /// Messages, and their memory cost in bytes.
    typealias Batch = (messages: [Message], bytes: Int)

    /// The result for a reader.
    enum Next {
        case batch(Batch)
        /// Nothing yet: the reader has to wait.
        case wait
        case end(Result<Void, STOMPClientError>)
    }

    private var messages: [Message] = []
    private var bytes = 0
    /// The waiting reader; nil if there are messages.
    private var reader: Reader?
    /// Set when no more messages will be added.
    private var end: Result<Void, STOMPClientError>?

    mutating func append(_ added: ArraySlice<Message>, bytes: Int) {
        // In the usual case all messages of a read are for one reader, and are passed on without a copy.
        if messages.isEmpty {
            messages = Array(added)
        } else {
            messages.append(contentsOf: added)
        }
        self.bytes += bytes
    }

    /// The waiting reader and the messages for it; nil if either is missing.
    mutating func deliver() -> (reader: Reader, Batch)? {
        guard !messages.isEmpty, let reader = reader.take() else { return nil }
        return (reader, removeAll())
    }

    mutating func next() -> Next {
        if !messages.isEmpty { return .batch(removeAll()) }
        return end.map { .end($0) } ?? .wait
    }

    mutating func wait(_ reader: Reader) -> Reader? {
        guard self.reader == nil else { return reader }
        self.reader = reader
        return nil
    }

    mutating func removeReader() -> Reader? {
        reader.take()
    }

    mutating func finish(_ result: Result<Void, STOMPClientError>) -> Reader? {
        guard end == nil else { return nil }
        end = result
        return messages.isEmpty ? reader.take() : nil
    }

    /// Stops counting the waiting messages. Returns their cost in bytes.
    mutating func discount() -> Int {
        defer { bytes = 0 }
        return bytes
    }

    private mutating func removeAll() -> Batch {
        defer {
            messages = []
            bytes = 0
        }
        return (messages, bytes)
    }
}

/// Back-pressure: while more than a limit waits for readers, the socket is not read, so that the server slows down
/// and memory does not grow.
struct ReadingBudget {
    /// What to do with the socket.
    enum Action: Equatable {
        case none
        /// Stop reading.
        case pause
        /// Read again.
        case resume
    }

    /// The number of bytes that may wait. Reading resumes when half of it is left.
    let limit: Int
    /// The number of bytes that wait.
    private(set) var waiting = 0
    private(set) var isReading = true

    init(limit: Int) {
        self.limit = limit
    }

    mutating func add(_ bytes: Int) {
        waiting += bytes
    }

    mutating func remove(_ bytes: Int) -> Action {
        waiting -= bytes
        return waiting <= limit / 2 ? resume() : .none
    }

    /// Called after the messages of one read were placed and delivered.
    mutating func endRead() -> Action {
        guard isReading, waiting > limit else { return .none }
        isReading = false
        return .pause
    }

    /// Resumes reading regardless of waiting messages: DISCONNECT was sent, and its receipt comes after all messages.
    mutating func resume() -> Action {
        guard !isReading else { return .none }
        isReading = true
        return .resume
    }
}
