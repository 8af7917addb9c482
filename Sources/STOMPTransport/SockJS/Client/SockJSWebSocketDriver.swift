import NIOCore

/// Carries a session over a WebSocket: each message of it is a frame, or an array of messages.
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
    /// The close handshake is made where it still can be.
    func abort() { stream.close() }

    /// What the options are for the WebSocket beneath a session: SockJS knows no subprotocols, and its envelopes are
    /// text and go in one piece.
    static func options(_ options: TransportOptions) -> TransportOptions {
        var options = options
        options.subprotocols = []
        options.sendsBinary = false
        if options.split != nil { options.trace = options.trace.ofPieces() }
        options.split = nil
        return options
    }

    /// Makes the driver of `client`, and what takes for it what the WebSocket brings.
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
            // An empty message means nothing, as the specification has it for the other direction.
            if bytes.readableBytes > 0 { client.received(bytes) }
        }
        func receivedAll() { client.receivedAll() }
        func happened(_ event: TransportEvent) { client.happened(event) }
        func writabilityChanged(_ isWritable: Bool) { client.writabilityChanged() }
        func ended(_ error: TransportError?) { client.ended(error) }
    }
}
