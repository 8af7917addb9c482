import Synchronization

/// Makes a client's TLS context when the first secure target is connected to, and keeps it for those that follow.
final class TLSContextCache: Sendable {
    private let latest = Mutex<(options: TLSOptions, context: TLSContext)?>(nil)

    /// - Throws: ``TransportError`` about a file of `options` that will not do.
    func context(for options: TLSOptions) throws(TransportError) -> TLSContext {
        if let latest = latest.withLock({ $0 }), latest.options == options { return latest.context }
        let context = try TLSContext(client: options)
        latest.withLock { $0 = (options, context) }
        return context
    }

    /// Lets the next connection read the files anew.
    func forget() {
        latest.withLock { $0 = nil }
    }
}
