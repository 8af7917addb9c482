import STOMPCore

/// Where messages wait for their readers, and which subscription goes where. A value: readers who are to be resumed are
/// handed to the caller.
///
/// `Reader` is what waits for messages: a continuation in the program, a name in a test.
struct Inboxes<Reader> {
    private var inboxes: [Inbox<Reader>] = []
    private var routes: [String: Int] = [:]
    /// The inbox for what belongs to no subscription.
    var unclaimed: Int?
    /// What waits in all of them, and whether the socket is read.
    var budget: ReadingBudget
    var strays = StrayMessages()
    private var ended = EndedSubscriptions()
    /// Those that something was added to since the last ``deliver(_:)``.
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

    /// Removes a subscription's route. Returns its inbox where no other subscription goes there: it ends.
    mutating func unroute(_ subscription: String) -> Int? {
        guard let inbox = routes.removeValue(forKey: subscription) else { return nil }
        ended.add(subscription)
        return inbox == unclaimed || routes.values.contains(inbox) ? nil : inbox
    }

    /// Puts messages where they belong. What belongs nowhere is counted as stray, unless it may have been on its way when
    /// its subscription ended.
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

    /// Hands what was placed to those who wait for it.
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

    /// What is there for a reader now.
    mutating func next(of inbox: Int) -> Inbox<Reader>.Next {
        inboxes[inbox].next()
    }

    /// Keeps a reader until there is something. Returns one that cannot be kept, whose sequence ends: an inbox has one
    /// reader at a time.
    mutating func wait(for inbox: Int, _ reader: Reader) -> Reader? {
        inboxes[inbox].wait(reader)
    }

    /// Returns the waiting reader, who waits no longer.
    mutating func removeReader(of inbox: Int) -> Reader? {
        inboxes[inbox].removeReader()
    }

    /// Nothing more will come to an inbox. What waits there counts no longer: nobody may come for it, and the others
    /// must not wait for that.
    ///
    /// - Returns: the reader who waits for it in vain, and what is to be done with the socket.
    mutating func finish(
        _ inbox: Int, _ end: Result<Void, STOMPClientError>
    ) -> (reader: Reader?, ReadingBudget.Action) {
        let reader = inboxes[inbox].finish(end)
        return (reader, budget.remove(inboxes[inbox].discount()))
    }

    /// Nothing more will come at all. Returns the readers who wait in vain.
    mutating func finishAll(_ end: Result<Void, STOMPClientError>) -> [Reader] {
        inboxes.indices.compactMap { inboxes[$0].finish(end) }
    }
}

/// Messages that belong to no subscription of this side, and are dropped.
struct StrayMessages {
    private(set) var count = 0
    /// The first one, until somebody has it.
    private var first: Frame?

    mutating func add(_ frame: Frame) {
        if count == 0 { first = frame.detached() }
        count += 1
    }

    /// The first one, once.
    mutating func takeNews() -> Frame? { first.take() }
}

/// The subscriptions that this side has ended last, whose messages may still be on their way.
private struct EndedSubscriptions {
    private static let limit = 1000
    private var ids: Set<String> = []

    mutating func add(_ id: String) {
        if ids.count == Self.limit { ids = [] }
        ids.insert(id)
    }

    /// Whether messages are for one of them; those of STOMP 1.0 may not say for which they are.
    func contains(_ id: String?) -> Bool { id.map(ids.contains) ?? !ids.isEmpty }
}

/// Messages between the socket and one reader.
struct Inbox<Reader> {
    /// Messages, and what they take, in bytes.
    typealias Batch = (messages: [Message], bytes: Int)

    /// What a reader finds.
    enum Next {
        case batch(Batch)
        /// Nothing yet: he has to wait.
        case wait
        case end(Result<Void, STOMPClientError>)
    }

    private var messages: [Message] = []
    private var bytes = 0
    /// Who waits; only while there are no messages.
    private var reader: Reader?
    /// Set once nothing more will come.
    private var end: Result<Void, STOMPClientError>?

    mutating func append(_ added: ArraySlice<Message>, bytes: Int) {
        // A whole read for one reader, which is the usual case, is passed on without a copy.
        if messages.isEmpty {
            messages = Array(added)
        } else {
            messages.append(contentsOf: added)
        }
        self.bytes += bytes
    }

    /// The reader that waits, and what is there for it; nil where one of both is missing.
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

    /// What waits costs nothing from here on. Returns what it cost, in bytes.
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

/// Back-pressure: while more than a limit waits for its readers, the socket is not read, so that the server slows down
/// and memory does not grow.
struct ReadingBudget {
    /// What is to be done with the socket.
    enum Action: Equatable {
        case none
        /// Stop reading.
        case pause
        /// Read again.
        case resume
    }

    /// Bytes that may wait. Reading goes on when half of it is left.
    let limit: Int
    /// Bytes that wait.
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

    /// What one read brought was placed and delivered.
    mutating func endRead() -> Action {
        guard isReading, waiting > limit else { return .none }
        isReading = false
        return .pause
    }

    /// The socket is read whatever waits: DISCONNECT was sent, whose receipt comes after all messages.
    mutating func resume() -> Action {
        guard !isReading else { return .none }
        isReading = true
        return .resume
    }
}
