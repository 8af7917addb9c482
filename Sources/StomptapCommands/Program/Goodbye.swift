import STOMPClient

extension STOMPConnection {
    /// Leaves as a polite client does. What fails on the way out is nothing that the user asked for.
    ///
    /// - Returns: how the session ended; nil where it had ended before.
    @discardableResult
    func sayGoodbye(leaving subscriptions: [Subscription]) async -> Goodbye? {
        // Also where the task is cancelled, which the goodbye must not notice.
        await Task {
            for subscription in subscriptions { try? unsubscribe(subscription) }
            return try? await disconnect()
        }.value
    }
}
