import NIOCore

/// Carries a session over a WebSocket: each WebSocket message is a SockJS frame, or an array of messages.
final class SockJSWebSocketDriver: SockJSTransportDriver {
    private let stream: any TransportStream

    init(_ stream: any TransportStream) { self.stream = stream }

    var isWritable: Bool { stream.isWritable }
    var queuedBytes: Int { stream.queuedBytes }

    func write(_ message: ByteBuffer, promise: EventLoopPromise<Void>?) {
        stream.write(SockJSMessages.array(of: CollectionOfOne(message)), promise: promise)
    }

    func flush() { stream.flush() }
    func setReading(_ isReading: Bool) { stream.setReading(isReading) }
    func request(_ request: TransportRequest) { stream.request(request) }
    func close() { stream.close() }
    /// Performs the close handshake if that is still possible.
    func abort() { stream.close() }

    /// The options of the WebSocket that carries a session: SockJS has no subprotocols, and its frames are text
    /// and are not split.
    static func options(_ options: TransportOptions) -> TransportOptions {
        var options = options
        options.subprotocols = []
        options.sendsBinary = false
        if options.split != nil { options.trace = options.trace.ofPieces() }
        options.split = nil
        return options
    }

    /// Makes a receiver factory that attaches a driver to `client` and passes on what the WebSocket receives.
    static func factory(for client: NIOLoopBound<SockJSClient>) -> TransportReceiverFactory {
        { stream in
            let client = client.value
            client.reached(stream.description.remoteAddress, tls: stream.description.tlsSummary)
            client.attach(SockJSWebSocketDriver(stream))
            return Receiver(client: client)
        }
    }

    private struct Receiver: TransportReceiver {
        let client: SockJSClient

        func received(_ bytes: ByteBuffer) {
            // Empty messages are ignored, as the specification requires for the other direction.
            if bytes.readableBytes > 0 { client.received(bytes) }
        }
        func receivedAll() { client.receivedAll() }
        func happened(_ event: TransportEvent) { client.happened(event) }
        func writabilityChanged(_ isWritable: Bool) { client.writabilityChanged() }
        func ended(_ error: TransportError?) { client.ended(error) }
    }
}
