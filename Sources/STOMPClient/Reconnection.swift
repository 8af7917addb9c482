import NIOCore
import NIOPosix
import STOMPTransport

/// A session that reconnects when its connection is lost.
///
/// ```swift
/// let endpoint = try Endpoint("stomp://localhost")
/// let reconnection = Reconnection(to: endpoint) { event in
///     if case .lost(let error, _, let wait) = event { print("\(error); next attempt in \(wait)") }
/// }
/// try await reconnection.run { connection in
///     let orders = try await connection.subscribe(to: "/topic/orders")
///     for try await message in orders.messages { print(message.text) }
/// }
/// ```
public struct Reconnection: Sendable {
    /// An event of the connection, to report to the user.
    public enum Event: Sendable {
        /// An attempt at this server begins.
        case connecting(Endpoint)
        /// A session is open; `away` is the time since the last session was lost, nil for the first one.
        case connected(STOMPConnection, away: Duration?)
        /// The connection was lost, or an attempt failed; attempt number `attempt`, counted from 1, follows after
        /// `wait`.
        case lost(STOMPClientError, attempt: Int, wait: Duration)
    }

    /// The servers, each with its configuration; they are tried in this order.
    public var servers: [(endpoint: Endpoint, configuration: ClientConfiguration)]
    /// When and how often to reconnect.
    public var policy: ReconnectPolicy
    /// Called with each event before it is handled.
    public var report: @Sendable (Event) -> Void

    /// Creates a session with the first of several servers that opens one.
    ///
    /// - Parameters:
    ///   - servers: the servers, each with its configuration, in the order in which they are tried.
    ///   - policy: when and how often to reconnect.
    ///   - report: called with each event. Default: does nothing.
    public init(
        servers: [(endpoint: Endpoint, configuration: ClientConfiguration)], policy: ReconnectPolicy,
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.servers = servers
        self.policy = policy
        self.report = report
    }

    /// Creates a session with one server.
    ///
    /// - Parameters:
    ///   - endpoint: the address of the server.
    ///   - configuration: the settings of each session; by default those of the endpoint.
    ///   - policy: when and how often to reconnect; by default always.
    ///   - report: called with each event. Default: does nothing.
    public init(
        to endpoint: Endpoint, configuration: ClientConfiguration? = nil, policy: ReconnectPolicy = ReconnectPolicy(),
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.init(
            servers: [(endpoint, configuration ?? ClientConfiguration(endpoint))], policy: policy, report: report)
    }

    /// Opens a session and runs `body` with it. When the connection is lost, opens a new session and runs `body` again,
    /// until it returns. `body` must keep any state that outlives a connection, such as its subscriptions, elsewhere.
    ///
    /// When `body` returns or throws, disconnects, even if the task was cancelled.
    ///
    /// - Parameters:
    ///   - eventLoop: the event loop of the connections; by default one of the process.
    ///   - body: uses the session.
    /// - Returns: what `body` returns.
    /// - Throws: a ``STOMPClientError`` that another attempt would not fix, or the last error when no attempts are
    ///   left; `CancellationError`; errors of `body`.
    public func run<Result: Sendable>(
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(),
        _ body: (STOMPConnection) async throws -> Result
    ) async throws -> Result {
        let (result, connection) = try await sessions(on: eventLoop) { connection in
            do {
                return (try await body(connection), connection)
            } catch {
                _ = try? await connection.disconnect()
                throw error
            }
        }
        // Not retried: the body has returned. If it has disconnected, it knows how the session ended.
        if await !connection.isClosed { try await connection.disconnect() }
        return result
    }

    /// Opens one session, with as many attempts as ``policy`` allows. It is not opened again when it is lost, and lasts
    /// until ``STOMPConnection/disconnect()``.
    ///
    /// - Parameter eventLoop: the event loop of the connection; by default one of the process.
    /// - Throws: as ``run(on:_:)``.
    public func connect(
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) async throws -> STOMPConnection {
        try await sessions(on: eventLoop) { $0 }
    }

    /// As ``run(on:_:)``, but `body` ends the session itself: an error that it throws is passed on at once.
    package func sessions<Result: Sendable>(
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(),
        _ body: (STOMPConnection) async throws -> Result
    ) async throws -> Result {
        var lostAt: NIODeadline?
        return try await policy.run { opened in
            let connection = try await connect(on: eventLoop, hadSession: lostAt != nil)
            opened()
            report(.connected(connection, away: lostAt.map { Duration(.now() - $0) }))
            return try await body(connection)
        } lost: { error, attempts in
            guard let error = error as? STOMPClientError else { throw error }
            let now = NIODeadline.now()
            if attempts.isOpen { lostAt = now }
            guard error.isRetryable(hadSession: lostAt != nil),
                let wait = attempts.delay(
                    at: now, requested: error.retryAfter.map { min($0, policy.maximumDelay) },
                    random: .random(in: 0...1))
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
            } catch let error as STOMPClientError where error.isRetryable(hadSession: hadSession) {
                failure = error
            }
        }
        throw failure ?? STOMPClientError.noEndpoint
    }
}

/// When and how often to reconnect.
public struct ReconnectPolicy: Sendable, Hashable {
    /// The maximum number of consecutive failed attempts; nil means no limit. Default nil.
    public var attempts: Int?
    /// The delay before the second attempt of a series; the first attempt is made after at most half of it.
    /// Default 1 s.
    public var delay: Duration
    /// The maximum delay. Default 30 s.
    public var maximumDelay: Duration
    /// Whether the first connection is retried too, not only a connection that was open before. Default false.
    public var includesFirst = false
    /// The minimum duration of a session after which the delay is reset. If a server accepts and closes connections
    /// in a loop, the delay therefore keeps growing. Default 5 s.
    public var stableAfter = Duration.seconds(5)

    /// No attempt after the first.
    public static let never = ReconnectPolicy(attempts: 0)

    /// Creates a policy.
    ///
    /// - Parameters:
    ///   - attempts: the maximum number of consecutive failed attempts. Default nil: no limit.
    ///   - delay: the delay before the second attempt of a series. Default 1 s.
    ///   - maximumDelay: the maximum delay. Default 30 s.
    public init(attempts: Int? = nil, delay: Duration = .seconds(1), maximumDelay: Duration = .seconds(30)) {
        self.attempts = attempts
        self.delay = delay
        self.maximumDelay = maximumDelay
    }

    /// The delay before an attempt. It doubles each time up to ``maximumDelay``, and half of it is random, so that
    /// the clients of a restarted server do not all connect at once.
    ///
    /// - Parameters:
    ///   - attempt: counts from 1.
    ///   - random: a random number from 0 to 1.
    public func delay(beforeAttempt attempt: Int, random: Double) -> Duration {
        let doublings = min(max(attempt - 2, 0), 40)
        let full = attempt <= 1 ? Double(delay.nanoseconds) / 2 : Double(delay.nanoseconds) * Double(1 << doublings)
        // Far below the largest number of nanoseconds, where a Double is not exact.
        let bounded = min(full, Double(maximumDelay.nanoseconds), 9e18)
        return .nanoseconds(Int64(bounded * (0.5 + 0.5 * min(max(random, 0), 1))))
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
        lost: (any Error, inout ReconnectAttempts) throws -> Duration
    ) async throws -> Result {
        var attempts = ReconnectAttempts(self)
        while true {
            do {
                return try await body { attempts.opened(at: .now()) }
            } catch  where !Task.isCancelled {
                let wait = try lost(error, &attempts)
                try await Task.sleep(for: wait)
            }
        }
    }
}

/// Counts the attempts of a policy. A value without a clock; the caller passes the time.
package struct ReconnectAttempts: Sendable, Hashable {
    private enum State: Hashable {
        /// No connection has been open.
        case never
        case open(since: NIODeadline)
        case lost
    }

    /// The number of attempts in the current series; 0 before the first loss.
    package private(set) var count = 0
    /// Whether a connection is open.
    package var isOpen: Bool {
        if case .open = state { true } else { false }
    }
    /// Whether any connection has been open.
    package var hadSession: Bool { state != .never }
    private let policy: ReconnectPolicy
    private var state = State.never

    package init(_ policy: ReconnectPolicy) { self.policy = policy }

    package mutating func opened(at now: NIODeadline) {
        state = .open(since: now)
    }

    /// Counts a lost connection, or an attempt that failed.
    ///
    /// - Parameters:
    ///   - requested: the delay that the server requested, if any. The first attempt of a series uses it; later ones
    ///     wait at least as long as the policy requires, unless the requested delay is at least
    ///     ``ReconnectPolicy/delay``.
    ///   - random: a random number from 0 to 1.
    /// - Returns: the delay before the next attempt; nil if there is no further attempt.
    package mutating func delay(at now: NIODeadline, requested: Duration? = nil, random: Double) -> Duration? {
        let wasOpen = isOpen
        switch state {
        case .never:
            guard policy.includesFirst else { return nil }
        case .open(let start):
            if Duration(now - start) >= policy.stableAfter || requested ?? .zero >= policy.delay { count = 0 }
            state = .lost
        case .lost:
            break
        }
        count += 1
        guard count <= policy.attempts ?? .max else { return nil }
        let delay = policy.delay(beforeAttempt: count, random: random)
        guard let requested else { return delay }
        return wasOpen && count == 1 ? requested : max(requested, delay)
    }
}
