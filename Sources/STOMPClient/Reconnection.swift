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

    /// The first server that opens a session. One that refuses it is not passed over in silence.
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

extension ReconnectPolicy {
    /// Does `body` until it returns, and again after each error that `lost` allows: the one loop that reconnects.
    ///
    /// - Parameters:
    ///   - body: opens a connection, calls `opened`, and uses it.
    ///   - lost: decides after an error: the time to wait before the next attempt, or it throws.
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

/// The attempts that are made one after the other by a policy: a value, to which the time is told.
public struct ReconnectAttempts: Sendable, Hashable {
    private enum State: Hashable {
        /// No connection has been open.
        case never
        case open(since: NIODeadline)
        case lost
    }

    /// How many attempts the present series has; 0 before the first loss.
    public private(set) var count = 0
    /// Whether a connection is open.
    public var isOpen: Bool {
        if case .open = state { true } else { false }
    }
    /// Whether any has been open.
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
    ///   - asked: how long the server that was open wants to be left alone, where it says so. The first attempt of a
    ///     series follows it; later ones wait at least as long as the policy says, unless it asks for at least
    ///     ``ReconnectPolicy/delay``.
    ///   - chance: from 0 to 1.
    /// - Returns: how long to wait before the next attempt; nil where there is none.
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
