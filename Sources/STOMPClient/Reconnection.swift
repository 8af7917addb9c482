import NIOCore
import NIOPosix

/// A session that comes back when its connection is lost.
public struct Reconnection: Sendable {
    /// What happens to the connection, for people.
    public enum Event: Sendable {
        /// An attempt at this server begins.
        case connecting(Endpoint)
        /// A session is open; `away` is how long there was none since the last one, nil for the first.
        case connected(STOMPConnection, away: TimeAmount?)
        /// The connection was lost, or an attempt failed; the next attempt follows after `wait`.
        case lost(STOMPClientError, attempt: Int, wait: TimeAmount)
    }

    /// Where the server is, each with what is said there; they are tried in their order.
    public var servers: [(endpoint: Endpoint, configuration: ClientConfiguration)]
    public var policy: ReconnectPolicy
    /// Told of each event, before anything else is done about it.
    public var report: @Sendable (Event) -> Void

    public init(
        servers: [(endpoint: Endpoint, configuration: ClientConfiguration)], policy: ReconnectPolicy,
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.servers = servers
        self.policy = policy
        self.report = report
    }

    /// Opens a session and does `body` with it; when the connection is lost, opens another and does `body` anew, until
    /// it returns. What must outlast a connection, such as which subscriptions there are, `body` keeps outside.
    ///
    /// - Throws: ``STOMPClientError`` that another attempt would not mend, or the last one when the attempts are used
    ///   up; `CancellationError`; what `body` throws.
    public func run<Result: Sendable>(
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(),
        _ body: (STOMPConnection) async throws -> Result
    ) async throws -> Result {
        var attempts = ReconnectAttempts(policy)
        while true {
            do {
                let connection = try await connect(on: eventLoop)
                report(.connected(connection, away: attempts.opened(at: eventLoop.now)))
                return try await body(connection)
            } catch let error as STOMPClientError where error.mayPass && !Task.isCancelled {
                switch attempts.failed(at: eventLoop.now, chance: .random(in: 0...1)) {
                case .giveUp: throw error
                case .retry(let attempt, let wait):
                    report(.lost(error, attempt: attempt, wait: wait))
                    try await Task.sleep(nanoseconds: UInt64(wait.nanoseconds))
                }
            }
        }
    }

    /// The first server that opens a session. One that refuses it is not passed over in silence.
    private func connect(on eventLoop: any EventLoop) async throws -> STOMPConnection {
        var failure: STOMPClientError?
        for (endpoint, configuration) in servers {
            do {
                report(.connecting(endpoint))
                return try await STOMPConnection.connect(to: endpoint, configuration: configuration, on: eventLoop)
            } catch let error as STOMPClientError where error.mayPass {
                failure = error
            }
        }
        throw failure ?? STOMPClientError.noEndpoint
    }
}

/// When a lost connection is tried again.
public struct ReconnectPolicy: Sendable, Hashable {
    /// How many attempts may fail one after the other; nil is no limit.
    public var attempts: Int?
    /// The wait before the second attempt of a series; the first one is made after half of it at the most. Default 1 s.
    public var delay: TimeAmount
    /// The longest wait. Default 30 s.
    public var longestDelay: TimeAmount
    /// Whether the first connection is tried again too, and not only one that had been open. Default false.
    public var includesFirst = false
    /// How long a session must have lasted for the next series to begin with the shortest wait again. A server that
    /// accepts and closes in a loop is so left alone for longer and longer. Default 5 s.
    public var stableAfter = TimeAmount.seconds(5)

    public static let never = ReconnectPolicy(attempts: 0)

    public init(
        attempts: Int? = nil, delay: TimeAmount = .seconds(1), longestDelay: TimeAmount = .seconds(30)
    ) {
        self.attempts = attempts
        self.delay = delay
        self.longestDelay = longestDelay
    }

    /// The wait before an attempt: it doubles each time up to ``longestDelay``, and half of it is left to chance, so
    /// that many clients of a server that comes back do not all come at once.
    ///
    /// - Parameters:
    ///   - attempt: counts from 1.
    ///   - chance: from 0 to 1.
    public func wait(before attempt: Int, chance: Double) -> TimeAmount {
        let doublings = min(max(attempt - 2, 0), 40)
        let full = attempt <= 1 ? Double(delay.nanoseconds) / 2 : Double(delay.nanoseconds) * Double(1 << doublings)
        let bounded = min(full, Double(longestDelay.nanoseconds))
        return .nanoseconds(Int64(bounded * (0.5 + 0.5 * min(max(chance, 0), 1))))
    }
}

/// The attempts at one server, or at several in turn: whether another follows, and after how long. A value that is given
/// the time.
struct ReconnectAttempts {
    /// What follows a failure.
    enum Action: Equatable {
        case giveUp
        /// Try again after `wait`. `attempt` counts from 1, for this series.
        case retry(attempt: Int, wait: TimeAmount)
    }

    private enum State {
        /// No session has been open.
        case never
        case open(since: NIODeadline)
        case lost(at: NIODeadline)
    }

    private let policy: ReconnectPolicy
    private var state = State.never
    /// How many attempts of this series were made, or are about to be.
    private var attempt = 0

    init(_ policy: ReconnectPolicy) {
        self.policy = policy
    }

    /// A session is open. Returns how long there was none; nil for the first.
    mutating func opened(at now: NIODeadline) -> TimeAmount? {
        defer { state = .open(since: now) }
        guard case .lost(let time) = state else { return nil }
        return now - time
    }

    /// The session was lost, or an attempt failed, for a reason that may pass.
    ///
    /// - Parameter chance: from 0 to 1 (see ``ReconnectPolicy/wait(before:chance:)``).
    mutating func failed(at now: NIODeadline, chance: Double) -> Action {
        switch state {
        case .never:
            guard policy.includesFirst else { return .giveUp }
        case .open(let start):
            if now - start >= policy.stableAfter { attempt = 0 }
            state = .lost(at: now)
        case .lost:
            break
        }
        attempt += 1
        guard attempt <= policy.attempts ?? .max else { return .giveUp }
        return .retry(attempt: attempt, wait: policy.wait(before: attempt, chance: chance))
    }
}
