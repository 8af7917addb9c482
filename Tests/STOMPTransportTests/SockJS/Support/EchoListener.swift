import NIOConcurrencyHelpers
import NIOCore
import TestSupport

@testable import STOMPTransport

/// A server at `/ws` that sends back what it receives, and records the streams of its clients.
final class EchoListener: Sendable {
    private let state = NIOLockedValueBox<[Inbox]>([])
    /// The received requests, and the events of the layers.
    let trace = Trace(.layers)
    let listener: TransportListener

    /// - Parameter sockJS: nil for a plain WebSocket.
    init(
        sockJS: SockJSServerOptions? = SockJSServerOptions(), options: TransportOptions = TransportOptions(),
        origins: [String]? = nil, tls: TLSServerOptions? = nil, on group: any EventLoopGroup = group
    ) async throws {
        var options = options
        options.trace = trace.wire
        let state = state
        listener = try await TransportListener.webSocket(
            host: "127.0.0.1", port: 0, on: group,
            endpoint: WebSocketEndpoint(path: "/ws", allowedOrigins: origins, sockJS: sockJS), options: options,
            tls: tls
        ) { stream in
            let inbox = Inbox()
            state.withLockedValue { $0.append(inbox) }
            return Echo(stream: stream, inner: inbox.factory(stream))
        }
    }

    var port: Int { listener.port }

    /// The received data of each stream, in the order in which they were opened.
    var clients: [Inbox] { state.withLockedValue { $0 } }

    /// The first client; waits until it is connected.
    var client: Inbox {
        get async throws {
            try await eventually {
                clients.first
            } otherwise: {
                "nobody has come"
            }
        }
    }

    /// The received request lines, without session ids.
    var requests: [String] {
        trace.lines.compactMap { line in
            guard line.hasPrefix("http incoming ") else { return nil }
            let words = line.dropFirst(14).split(separator: " ", maxSplits: 2)
            let path = words[1].replacing(/\/[0-9]{3}\/[a-z0-5]{16}\//, with: "/S/")
            return "\(words[0]) \(path)"
        }
    }

    func stop() async { await listener.close() }
}

private struct Echo: TransportReceiver {
    let stream: any TransportStream
    let inner: any TransportReceiver

    func received(_ bytes: ByteBuffer) {
        inner.received(bytes)
        stream.write(bytes, promise: nil)
    }
    func receivedAll() {
        stream.flush()
        inner.receivedAll()
    }
    func happened(_ event: TransportEvent) { inner.happened(event) }
    func writabilityChanged(_ isWritable: Bool) { inner.writabilityChanged(isWritable) }
    func ended(_ error: TransportError?) { inner.ended(error) }
}

extension TransportTarget {
    static func sockJS(_ port: Int, _ transport: SockJSTransport = .auto, base: String = "/ws") -> TransportTarget {
        TransportTarget(
            kind: .sockJS(base: base, transport: transport), host: "127.0.0.1", port: port, isSecure: false)
    }
}

/// Opens a session whose received data goes to `inbox`.
func openSockJS(
    _ port: Int, _ transport: SockJSTransport = .auto, base: String = "/ws",
    options: TransportOptions = TransportOptions(), within limit: TimeAmount = .seconds(20), inbox: Inbox = Inbox()
) async throws -> any TransportStream {
    try await TransportConnector(options: options).connect(
        to: .sockJS(port, transport, base: base), on: group.next(), deadline: .now() + limit, receiver: inbox.factory)
}
