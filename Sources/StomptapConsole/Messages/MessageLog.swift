import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapRuntime
import Synchronization

/// A received message with its number.
struct LoggedMessage: Sendable {
    /// Numbered from 1 over all connections.
    let number: Int
    let message: Message
    /// The number of the connection on which it came.
    let connection: Int
    /// Whether it is acknowledged when it is printed or counted.
    var awaitsOutput = false
    /// Whether ACK or NACK was sent for it.
    var isSettled = false
}

/// The log of received messages: the most recent ones, and the total number.
///
/// Memory is bounded both by the number of messages kept and by their bytes.
final class MessageLog: Sendable {
    /// What was received on a subscription.
    struct Tally: Sendable {
        var messages = 0
        var bytes = 0
        var last: Timestamp
    }

    /// Destinations and header names for completion.
    struct Names: Sendable {
        var destinations: Set<String> = []
        var headers: Set<String> = []
    }

    /// The messages that `wait` or `expect` waits for.
    enum Demand: Sendable {
        case none
        /// All messages up to this number.
        case number(Int)
        /// All messages up to the first whose body matches.
        case match(BodyPattern)
    }

    struct Limits: Sendable {
        var messages = 10_000
        /// The total of the frames; each counts ``overhead`` more.
        var bytes = 64 << 20
        /// The maximum number of subscriptions, destinations and header names kept, because a server can make up
        /// any number.
        var names = 500
        /// The maximum length of such a name, in bytes.
        var name = 1024
    }

    /// The memory of a message in addition to its frame, in bytes.
    static let overhead = 256

    private static func cost(_ frame: Frame) -> Int { frame.bytes.readableBytes + overhead }

    private struct State {
        var kept: CircularBuffer<LoggedMessage> = []
        var bytes = 0
        var total = 0
        /// The number of the last message counted by `wait` or `expect`.
        var counted = 0
        /// The messages that `wait` or `expect` will count.
        var demand = Demand.none
        /// The number of demands so far.
        var demands = 0
        /// The search for the last message of the current demand.
        var search: Task<Int?, any Error>?
        var tallies: [String: Tally] = [:]
        var names = Names()
    }

    private let state = Mutex(State())
    private let events: ChangeSignal
    private let limits: Limits

    /// - Parameter events: signalled when messages have come.
    init(events: ChangeSignal, limits: Limits = Limits()) {
        self.events = events
        self.limits = limits
    }

    // MARK: Receiving

    /// Assigns the next numbers to messages, in the given order.
    ///
    /// - Parameter awaitsOutput: whether a message is acknowledged when it is printed or counted.
    func numbered(
        _ messages: [Message], connection: Int, awaitsOutput: (Message) -> Bool = { _ in false }
    ) -> [LoggedMessage] {
        let total = total
        return messages.enumerated().map { index, message in
            // Detached, so that a frame in the log does not keep the whole buffer in which it was received.
            LoggedMessage(
                number: total + index + 1,
                message: Message(frame: message.frame.detached(), receivedAt: message.receivedAt),
                connection: connection, awaitsOutput: awaitsOutput(message))
        }
    }

    /// Adds messages that ``numbered(_:connection:)`` has numbered.
    func add(_ messages: [LoggedMessage]) {
        state.withLock { state in
            for message in messages { add(message, to: &state) }
            if let first = messages.first { note(first.message, in: &state.names) }
        }
        events.pass()
    }

    private func add(_ logged: LoggedMessage, to state: inout State) {
        let frame = logged.message.frame
        state.total = logged.number
        state.kept.append(logged)
        state.bytes += Self.cost(frame)
        while state.kept.count > limits.messages || state.bytes > limits.bytes, let first = state.kept.popFirst() {
            state.bytes -= Self.cost(first.message.frame)
        }
        guard let subscription = logged.message.subscription,
            state.tallies[subscription] != nil
                || state.tallies.count < limits.names && subscription.utf8.count <= limits.name
        else { return }
        state.tallies[subscription, default: Tally(last: logged.message.receivedAt)].count(logged.message)
    }

    /// Remembers a destination to which a message was sent.
    func note(destination: String) {
        state.withLock { note(destination, in: &$0.names) }
    }

    private func note(_ destination: String, in names: inout Names) {
        guard names.destinations.count < limits.names, destination.utf8.count <= limits.name else { return }
        names.destinations.insert(destination)
    }

    private func note(_ message: Message, in names: inout Names) {
        if let destination = message.destination { note(destination, in: &names) }
        for header in message.headers
        where names.headers.count < limits.names && header.name.utf8.count <= limits.name {
            names.headers.insert(header.name)
        }
    }

    // MARK: Reading

    /// The number of messages received.
    var total: Int { state.withLock { $0.total } }

    /// The number of messages kept, and the bytes of their frames.
    var size: (messages: Int, bytes: Int) {
        state.withLock { ($0.kept.count, $0.bytes - $0.kept.count * Self.overhead) }
    }

    var names: Names { state.withLock { $0.names } }

    func tally(of subscription: String) -> Tally? { state.withLock { $0.tallies[subscription] } }

    /// All messages kept.
    var kept: [LoggedMessage] { state.withLock { Array($0.kept) } }

    /// The messages of a range that are still kept.
    func messages(_ range: MessageRange) -> [LoggedMessage] {
        state.withLock { state in
            guard let first = state.kept.first?.number else { return [] }
            switch range {
            case .last(let count): return Array(state.kept.suffix(count))
            case .numbers(let numbers):
                let wanted = numbers.clamped(to: first...state.total)
                guard numbers.overlaps(first...state.total) else { return [] }
                return Array(state.kept.dropFirst(wanted.lowerBound - first).prefix(wanted.count))
            }
        }
    }

    /// The message that is meant, if it is still kept. `last` means the last one for which `matches` is true.
    func find(_ reference: MessageReference, where matches: (LoggedMessage) -> Bool) -> LoggedMessage? {
        state.withLock { state in
            switch reference {
            case .last: state.kept.last(where: matches)
            case .number(let number): state.kept.last { $0.number == number }
            case .id(let id):
                state.kept.last { $0.message.headers.has("ack", id) || $0.message.headers.has("message-id", id) }
                    ?? Int(id).flatMap { number in state.kept.last { $0.number == number } }
            }
        }
    }

    /// Marks this message as answered with ACK or NACK and, if `isCumulative`, also those before it on its
    /// subscription.
    ///
    /// - Returns: false if it was already marked.
    @discardableResult
    func settle(_ settled: LoggedMessage, isCumulative: Bool) -> Bool {
        state.withLock { state in
            // The message is no longer in the log.
            guard let first = state.kept.first?.number, settled.number >= first, settled.number <= state.total else {
                return true
            }
            let index = state.kept.index(state.kept.startIndex, offsetBy: settled.number - first)
            let isNews = !state.kept[index].isSettled
            state.kept[index].isSettled = true
            guard isCumulative else { return isNews }
            for index in state.kept.indices where state.kept[index].number < settled.number {
                let logged = state.kept[index]
                if logged.connection == settled.connection,
                    logged.message.subscription == settled.message.subscription
                {
                    state.kept[index].isSettled = true
                }
            }
            return isNews
        }
    }

    /// Whether an earlier message on the same subscription is still unanswered.
    ///
    /// - Parameter others: the numbers of messages to ignore.
    func hasUnsettled(before message: LoggedMessage, besides others: Set<Int>) -> Bool {
        state.withLock { state in
            state.kept.contains { logged in
                logged.number < message.number && !logged.isSettled && logged.connection == message.connection
                    && logged.message.subscription == message.message.subscription && !others.contains(logged.number)
            }
        }
    }

    // MARK: Waiting

    /// Counts this many messages, if they have come.
    func count(_ count: Int) -> Bool {
        state.withLock { state in
            guard state.total - state.counted >= count else { return false }
            state.counted += count
            return true
        }
    }

    /// The number of the last message counted.
    var counted: Int { state.withLock { $0.counted } }

    /// Sets which messages are counted as they come, so that they are acknowledged: a server may send more only
    /// then. Cancels the search of the previous demand.
    func demand(_ demand: Demand) {
        let search = state.withLock { state in
            state.demand = demand
            state.demands += 1
            return state.search.take()
        }
        search?.cancel()
    }

    /// The messages that are counted as they come. Must be called in the order of the messages.
    ///
    /// - Throws: `CancellationError`.
    func demanded(_ messages: [LoggedMessage]) async throws -> [LoggedMessage] {
        let (demand, number) = state.withLock { ($0.demand, $0.demands) }
        switch demand {
        case .none: return []
        case .number(let last): return messages.filter { $0.number <= last }
        case .match(let pattern):
            let search = Task { try await pattern.firstMatch(in: messages.map(\.message.frame.body)) }
            let isStillWanted = state.withLock { state in
                if state.demands == number { state.search = search }
                return state.demands == number
            }
            guard isStillWanted else { return [] }
            let found: Int?
            do {
                found = try await withTaskCancellationHandler {
                    try await search.value
                } onCancel: {
                    search.cancel()
                }
            } catch {
                try Task.checkCancellation()
                // The demand has been replaced.
                return []
            }
            guard let found else { return messages }
            state.withLock { if $0.demands == number { $0.demand = .none } }
            return Array(messages[...found])
        }
    }

    /// The number of messages that are received and not counted.
    var uncounted: Int { state.withLock { $0.total - $0.counted } }

    /// The messages kept that are not counted, with numbers from `number`.
    func uncounted(from number: Int) -> [LoggedMessage] {
        state.withLock { state in
            guard let first = state.kept.first?.number else { return [] }
            return Array(state.kept.dropFirst(max(0, max(number, state.counted + 1) - first)))
        }
    }

    /// Counts all messages up to this number.
    func count(upTo number: Int) {
        state.withLock { $0.counted = max($0.counted, number) }
    }
}

extension MessageLog.Tally {
    fileprivate mutating func count(_ message: Message) {
        messages += 1
        bytes += message.frame.bodySize
        last = message.receivedAt
    }
}
