import NIOCore

/// What a listener meets its clients with.
struct TLSServer: Sendable {
    private let context: TLSContext
    private let timeout: TimeAmount

    /// - Throws: ``TransportError`` about a file of `options` that will not do.
    init(_ options: TLSServerOptions) throws(TransportError) {
        context = try TLSContext(server: options)
        timeout = options.handshakeTimeout
    }

    /// Puts TLS first in the pipeline of a connection that was accepted; the future is kept when the handshake is made.
    func secure(_ channel: any Channel, trace: WireTrace) -> EventLoopFuture<TLSSummary?> {
        TLSHandler.add(to: channel, deadline: .now() + timeout, trace: trace) { try TLSEngine(server: context) }
    }
}

extension TLSContext {
    /// Puts TLS first in the pipeline of a client's connection; the future is kept when the server is verified.
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
