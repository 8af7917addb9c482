import NIOCore
import NIOPosix

/// A session that reconnects when its connection is lost.
public struct Reconnection: Sendable {
    /// An event of the connection, to report to the user.
    public enum Event: Sendable {
        /// An attempt at this server begins.
        case connecting(Endpoint)
        /// A session is open; `away` is the time since the last session was lost, nil for the first one.
        case connected(STOMPConnection, away: TimeAmount?)
        /// The connection was lost, or an attempt failed; the next attempt follows after `wait`.
        case lost(STOMPClientError, attempt: Int, wait: TimeAmount)
    }

    /// The servers, each with its configuration; they are tried in this order.
    public var servers: [(endpoint: Endpoint, configuration: ClientConfiguration)]
    public var policy: ReconnectPolicy
    /// Called with each event before it is handled.
    public var report: @Sendable (Event) -> Void

    public init(
        servers: [(endpoint: Endpoint, configuration: ClientConfiguration)], policy: ReconnectPolicy,
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.servers = servers
        self.policy = policy
        self.report = report
    }

    /// Opens a session and runs `body` with it. When the connection is lost, opens a new session and runs `body` again,
    /// until it returns. `body` must keep any state that outlives a connection, such as its subscriptions, elsewhere.
    ///
    /// - Throws: a ``STOMPClientError`` that another attempt would not fix, or the last error when no attempts are
    ///   left; `CancellationError`; errors of `body`.
    public func run<Result: Sendable>(
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(),
        _ body: (STOMPConnection) async throws -> Result
    ) async throws -> Result {
        var lostAt: NIODeadline?
        return try await policy.run { opened in
            let connection = try await connect(on: eventLoop, hadSession: lostAt != nil)
            opened()
            report(.connected(connection, away: lostAt.map { .now() - $0 }))
            return try await body(connection)
        } lost: { error, attempts in
            guard let error = error as? STOMPClientError else { throw error }
            let now = NIODeadline.now()
            if attempts.isOpen { lostAt = now }
            guard error.mayPass(hadSession: lostAt != nil),
                let wait = attempts.wait(
                    at: now, asked: error.retryAfter.map { min($0, policy.longestDelay) }, chance: .random(in: 0...1))
            else { throw error }
            report(.lost(error, attempt: attempts.count, wait: wait))
            return wait
        }
    }

    /// Connects to the first server that opens a session. An error that another attempt would not fix is thrown
    /// immediately, without trying the next server.
    private func connect(on eventLoop: any EventLoop, hadSession: Bool) async throws -> STOMPConnection {
        var failure: STOMPClientError?
        for (endpoint, configuration) in servers {
            do {
                report(.connecting(endpoint))
                return try await STOMPConnection.connect(to: endpoint, configuration: configuration, on: eventLoop)
            } catch let error as STOMPClientError where error.mayPass(hadSession: hadSession) {
                failure = error
            }
        }
        throw failure ?? STOMPClientError.noEndpoint
    }
}

/// When and how often to reconnect.
public struct ReconnectPolicy: Sendable, Hashable {
    /// The maximum number of consecutive failed attempts; nil means no limit.
    public var attempts: Int?
    /// The delay before the second attempt of a series; the first attempt is made after at most half of it.
    /// Default 1 s.
    public var delay: TimeAmount
    /// The maximum delay. Default 30 s.
    public var longestDelay: TimeAmount
    /// Whether the first connection is retried too, not only a connection that was open before. Default false.
    public var includesFirst = false
    /// The minimum duration of a session after which the delay is reset. If a server accepts and closes connections
    /// in a loop, the delay therefore keeps growing. Default 5 s.
    public var stableAfter = TimeAmount.seconds(5)

    public static let never = ReconnectPolicy(attempts: 0)

    public init(
        attempts: Int? = nil, delay: TimeAmount = .seconds(1), longestDelay: TimeAmount = .seconds(30)
    ) {
        self.attempts = attempts
        self.delay = delay
        self.longestDelay = longestDelay
    }

    /// The delay before an attempt. It doubles each time up to ``longestDelay``, and half of it is random, so that
    /// the clients of a restarted server do not all connect at once.
    ///
    /// - Parameters:
    ///   - attempt: counts from 1.
    ///   - chance: a random number from 0 to 1.
    public func wait(before attempt: Int, chance: Double) -> TimeAmount {
        let doublings = min(max(attempt - 2, 0), 40)
        let full = attempt <= 1 ? Double(delay.nanoseconds) / 2 : Double(delay.nanoseconds) * Double(1 << doublings)
        let bounded = min(full, Double(longestDelay.nanoseconds))
        return .nanoseconds(Int64(bounded * (0.5 + 0.5 * min(max(chance, 0), 1))))
    }
}

extension ReconnectPolicy {
    /// Runs `body` until it returns, and again after each error that `lost` allows. All reconnecting uses this loop.
    ///
    /// - Parameters:
    ///   - body: opens a connection, calls `opened`, and uses it.
    ///   - lost: called after an error: returns the delay before the next attempt, or throws.
    package func run<Result>(
        _ body: (_ opened: () -> Void) async throws -> Result,
        lost: (any Error, inout ReconnectAttempts) throws -> TimeAmount
    ) async throws -> Result {
        var attempts = ReconnectAttempts(self)
        while true {
            do {
                return try await body { attempts.opened(at: .now()) }
            } catch  where !Task.isCancelled {
                let wait = try lost(error, &attempts)
                try await Task.sleep(nanoseconds: UInt64(wait.nanoseconds))
            }
        }
    }
}

/// Counts the attempts of a policy. A value without a clock; the caller passes the time.
public struct ReconnectAttempts: Sendable, Hashable {
    private enum State: Hashable {
        /// No connection has been open.
        case never
        case open(since: NIODeadline)
        case lost
    }

    /// The number of attempts in the current series; 0 before the first loss.
    public private(set) var count = 0
    /// Whether a connection is open.
    public var isOpen: Bool {
        if case .open = state { true } else { false }
    }
    /// Whether any connection has been open.
    public var hadSession: Bool { state != .never }
    private let policy: ReconnectPolicy
    private var state = State.never

    public init(_ policy: ReconnectPolicy) { self.policy = policy }

    public mutating func opened(at now: NIODeadline) {
        state = .open(since: now)
    }

    /// Counts a lost connection, or an attempt that failed.
    ///
    /// - Parameters:
    ///   - asked: the delay that the server requested, if any. The first attempt of a series uses it; later ones wait
    ///     at least as long as the policy requires, unless the requested delay is at least ``ReconnectPolicy/delay``.
    ///   - chance: a random number from 0 to 1.
    /// - Returns: the delay before the next attempt; nil if there is no further attempt.
    public mutating func wait(at now: NIODeadline, asked: TimeAmount? = nil, chance: Double) -> TimeAmount? {
        let wasOpen = isOpen
        switch state {
        case .never:
            guard policy.includesFirst else { return nil }
        case .open(let start):
            if now - start >= policy.stableAfter || asked ?? .zero >= policy.delay { count = 0 }
            state = .lost
        case .lost:
            break
        }
        count += 1
        guard count <= policy.attempts ?? .max else { return nil }
        let wait = policy.wait(before: count, chance: chance)
        guard let asked else { return wait }
        return wasOpen && count == 1 ? asked : max(asked, wait)
    }
}
