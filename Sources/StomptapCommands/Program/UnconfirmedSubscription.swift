import STOMPClient

extension STOMPConnection {
    /// Warns that the server has not confirmed a subscription in time.
    nonisolated func warnUnconfirmed(_ destination: String) {
        let time = configuration.receiptTimeout.readable
        Diagnostics.warn("STOMP: no receipt for the subscription to \(destination) within \(time)")
    }
}
