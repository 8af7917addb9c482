import NIOCore
import STOMPTransport

/// Checks whether a port speaks TLS. A TLS server may close a plain connection without an answer.
enum TLSProbe {
    /// Whether a TLS handshake gets an answer from the server before `deadline`. The certificate is not verified,
    /// because nothing is sent after the handshake.
    ///
    /// Each server is probed once: ``ProbeMemory`` stores the result.
    static func isAnswered(
        by endpoint: Endpoint, options: TransportOptions, on eventLoop: any EventLoop, deadline: NIODeadline
    ) async -> Bool {
        let target = TransportTarget(kind: .tcp, host: endpoint.host, port: endpoint.port, isSecure: true)
        return await options.probes.answer(of: target) {
            await isAnswered(by: target, options: options, on: eventLoop, deadline: deadline)
        }
    }

    private static func isAnswered(
        by target: TransportTarget, options: TransportOptions, on eventLoop: any EventLoop, deadline: NIODeadline
    ) async -> Bool {
        var options = options
        options.tls = TLSOptions()
        options.tls.isInsecure = true
        options.trace = .off
        do {
            let stream = try await TransportConnector(options: options).connect(
                to: target, on: eventLoop, deadline: deadline
            ) { _ in Nobody() }
            stream.eventLoop.execute { stream.abort() }
            return true
        } catch {
            // A server that requires a client certificate has shown that it speaks TLS.
            return (error as? TransportError).map { $0.layer == .tls && $0.kind == .refused } ?? false
        }
    }

    private struct Nobody: TransportReceiver {
        func received(_ bytes: ByteBuffer) {}
        func receivedAll() {}
        func happened(_ event: TransportEvent) {}
        func writabilityChanged(_ isWritable: Bool) {}
        func ended(_ error: TransportError?) {}
    }
}
