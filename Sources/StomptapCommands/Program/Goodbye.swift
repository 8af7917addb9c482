import STOMPClient

extension STOMPConnection {
    /// Leaves as a polite client does. What fails on the way out is nothing that the user asked for.
    func sayGoodbye(leaving subscriptions: [Subscription]) async {
        // Also where the task is cancelled, which the goodbye must not notice.
        await Task {
            for subscription in subscriptions { try? unsubscribe(subscription) }
            _ = try? await disconnect()
        }.value
    }
}
