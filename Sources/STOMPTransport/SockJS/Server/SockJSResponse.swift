import NIOCore

/// A response that takes the frames of a session. It may live on another event loop than its session.
struct SockJSResponse: Sendable {
    let transport: SockJSTransport
    /// Tells it from all others.
    let id: ObjectIdentifier
    let remoteAddress: String
    private let exchange: NIOLoopBound<HTTPServerExchange>
    private let eventLoop: any EventLoop

    /// - Parameter exchange: one whose head is sent; it is the caller's event loop.
    init(_ exchange: HTTPServerExchange, transport: SockJSTransport) {
        self.transport = transport
        id = ObjectIdentifier(exchange)
        remoteAddress = addressText(exchange.channel.remoteAddress)
        self.exchange = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
        eventLoop = exchange.eventLoop
    }

    /// A frame with what the transport puts around it.
    func wrapped(_ frame: ByteBuffer) -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity(frame.readableBytes + 16)
        guard transport == .eventSource else {
            result.writeImmutableBuffer(frame)
            result.writeInteger(UInt8(ascii: "\n"))
            return result
        }
        result.writeString("data: ")
        // SockJS's own client undoes percent-encoding here, whether it was applied or not.
        result.writePercentSignsEncoded(frame)
        result.writeString("\r\n\r\n")
        return result
    }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        perform { $0.write(bytes, promise: promise) }
    }

    func end() { perform { $0.end() } }
    func abort() { perform { $0.abort() } }

    private func perform(_ body: @escaping @Sendable (HTTPServerExchange) -> Void) {
        if eventLoop.inEventLoop { body(exchange.value) } else { eventLoop.execute { body(exchange.value) } }
    }
}
