import NIOCore

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
