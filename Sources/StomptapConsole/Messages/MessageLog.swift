import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapRuntime
import Synchronization

/// A message that has come, by its number.
struct LoggedMessage: Sendable {
    /// Counts from 1 over all connections.
    let number: Int
    let message: Message
    /// The connection that it came on.
    let connection: Int
    /// Whether it is acknowledged once it is printed or counted.
    var awaitsOutput = false
    /// Whether the server was told what became of it.
    var isSettled = false
}

/// What has come: the last messages, and how many there were.
///
/// Memory is bounded: by the number of messages that are kept and by their bytes, whichever is less.
final class MessageLog: Sendable {
    /// What came on a subscription.
    struct Tally: Sendable {
        var messages = 0
        var bytes = 0
        var last: Timestamp
    }

    /// Names that were seen, for completion.
    struct Names: Sendable {
        var destinations: Set<String> = []
        var headers: Set<String> = []
    }

    /// What is waited for.
    enum Demand: Sendable {
        case none
        /// All messages up to this number.
        case number(Int)
        /// All messages up to the first whose body matches.
        case match(BodyPattern)
    }

    struct Limits: Sendable {
        var messages = 10_000
        /// Of the frames, of which each counts ``overhead`` more.
        var bytes = 64 << 20
        /// Subscriptions, destinations and header names that are remembered: a server can make up many.
        var names = 500
        /// Longer names than of so many bytes are not remembered.
        var name = 1024
    }

    /// What a message takes beside its frame, in bytes.
    static let overhead = 256

    private static func cost(_ frame: Frame) -> Int { frame.bytes.readableBytes + overhead }

    private struct State {
        var kept: CircularBuffer<LoggedMessage> = []
        var bytes = 0
        var total = 0
        /// What `wait` and `expect` have counted, from the first message on.
        var counted = 0
        /// Which messages `wait` or `expect` is going to count.
        var demand = Demand.none
        /// Counts the demands.
        var demands = 0
        /// Looks for the message that the present demand is up to.
        var search: Task<Int?, any Error>?
        var tallies: [String: Tally] = [:]
        var names = Names()
    }

    private let state = Mutex(State())
    private let events: ChangeSignal
    private let limits: Limits

    /// - Parameter events: passed when messages have come.
    init(events: ChangeSignal, limits: Limits = Limits()) {
        self.events = events
        self.limits = limits
    }

    // MARK: Taking

    /// The numbers of the messages that come next, in the order in which they are given.
    ///
    /// - Parameter awaitsOutput: whether a message is acknowledged once it is printed or counted.
    func numbered(
        _ messages: [Message], connection: Int, awaitsOutput: (Message) -> Bool = { _ in false }
    ) -> [LoggedMessage] {
        let total = total
        return messages.enumerated().map { index, message in
            // A frame that is kept must not keep the whole buffer that it came in.
            LoggedMessage(
                number: total + index + 1,
                message: Message(frame: message.frame.detached(), receivedAt: message.receivedAt),
                connection: connection, awaitsOutput: awaitsOutput(message))
        }
    }

    /// Keeps messages that ``numbered(_:connection:)`` has numbered.
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

    /// Remembers a destination that was sent to.
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

    // MARK: Looking

    /// How many messages have come.
    var total: Int { state.withLock { $0.total } }

    /// How many are kept, and the bytes of their frames.
    var size: (messages: Int, bytes: Int) {
        state.withLock { ($0.kept.count, $0.bytes - $0.kept.count * Self.overhead) }
    }

    var names: Names { state.withLock { $0.names } }

    func tally(of subscription: String) -> Tally? { state.withLock { $0.tallies[subscription] } }

    /// All that are kept.
    var kept: [LoggedMessage] { state.withLock { Array($0.kept) } }

    /// Those of a range that are kept.
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

    /// The message that is meant, where it is kept. The last one is the last for which `matches` holds.
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

    /// Notes that the server was told what became of this message and, where `isCumulative`, of those before it on its
    /// subscription.
    ///
    /// - Returns: false where it was told before.
    @discardableResult
    func settle(_ settled: LoggedMessage, isCumulative: Bool) -> Bool {
        state.withLock { state in
            // Without a place it is no longer kept.
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

    /// Whether a message before this one, on the same subscription, is kept for which the server was told nothing.
    ///
    /// - Parameter others: the numbers of messages that do not count.
    func hasUnsettled(before message: LoggedMessage, besides others: Set<Int>) -> Bool {
        state.withLock { state in
            state.kept.contains { logged in
                logged.number < message.number && !logged.isSettled && logged.connection == message.connection
                    && logged.message.subscription == message.message.subscription && !others.contains(logged.number)
            }
        }
    }

    // MARK: Waiting

    /// Counts so many messages, if they have come.
    func count(_ count: Int) -> Bool {
        state.withLock { state in
            guard state.total - state.counted >= count else { return false }
            state.counted += count
            return true
        }
    }

    /// The number of the last message that is counted.
    var counted: Int { state.withLock { $0.counted } }

    /// Says which messages are counted as they come. Those that a server sends only when others were acknowledged would
    /// otherwise never come. What was still looked for is not looked for any more.
    func demand(_ demand: Demand) {
        let search = state.withLock { state in
            state.demand = demand
            state.demands += 1
            return state.search.take()
        }
        search?.cancel()
    }

    /// Those of some messages that are counted as they come. To be asked in the order of the messages.
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
                // Nobody waits for it any more.
                return []
            }
            guard let found else { return messages }
            state.withLock { if $0.demands == number { $0.demand = .none } }
            return Array(messages[...found])
        }
    }

    /// How many have come and are not counted.
    var uncounted: Int { state.withLock { $0.total - $0.counted } }

    /// Those that are not counted and have a number from `number` on, as far as they are kept.
    func uncounted(from number: Int) -> [LoggedMessage] {
        state.withLock { state in
            guard let first = state.kept.first?.number else { return [] }
            return Array(state.kept.dropFirst(max(0, max(number, state.counted + 1) - first)))
        }
    }

    /// Counts all up to this number.
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
