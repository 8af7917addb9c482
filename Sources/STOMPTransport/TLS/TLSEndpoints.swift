import NIOCore

/// The TLS side of a listener: its context and handshake timeout.
struct TLSServer: Sendable {
    private let context: TLSContext
    private let timeout: TimeAmount

    /// - Throws: ``TransportError`` if a file of `options` cannot be used.
    init(_ options: TLSServerOptions) throws(TransportError) {
        context = try TLSContext(server: options)
        timeout = TimeAmount(options.handshakeTimeout)
    }

    /// Adds TLS as the first handler of an accepted connection. The future succeeds when the handshake completes.
    func secure(_ channel: any Channel, trace: WireTrace) -> EventLoopFuture<TLSSummary?> {
        TLSHandler.add(to: channel, deadline: .now() + timeout, trace: trace) { try TLSEngine(server: context) }
    }
}

extension TLSContext {
    /// Adds TLS as the first handler of a client's connection. The future succeeds when the handshake completes.
    func secure(
        _ channel: any Channel, host: String, protocols: [String], deadline: NIODeadline, trace: WireTrace
    ) -> EventLoopFuture<TLSSummary?> {
        TLSHandler.add(to: channel, deadline: deadline, trace: trace) {
            try TLSEngine(client: self, host: host, protocols: protocols)
        }
    }
}

extension TLSHandler {
    fileprivate static func add(
        to channel: any Channel, deadline: NIODeadline, trace: WireTrace, engine: () throws -> TLSEngine
    ) -> EventLoopFuture<TLSSummary?> {
        let established = channel.eventLoop.makePromise(of: TLSSummary?.self)
        do {
            let handler = TLSHandler(
                engine: try engine(), deadline: deadline, trace: trace, established: established)
            try channel.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            established.fail(error)
        }
        return established.futureResult
    }
}
