import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The server side of HTTP. For each request, as the router decides, it sends a response, passes the request on,
/// or upgrades the connection to WebSocket. An invalid request is answered with 400.
final class HTTPServerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The timeout for receiving a request, for the next request, and for the next piece of a body.
    static let timeout = HTTPReader.requestTimeout

    /// Opens the stream of a connection that was upgraded to WebSocket.
    typealias Opener = @Sendable (any Channel, WebSocketAgreement) throws -> Void

    private enum State {
        case idle
        /// A request is being received.
        case receiving(HTTPRequestHead, HTTPRoute)
        /// The exchange is sending its response. Bytes that arrive meanwhile are buffered in the reader, and
        /// reading stops with the first of them.
        case exchanging(HTTPServerExchange)
        /// The upgrade to WebSocket is in progress; bytes that arrive now belong to the WebSocket.
        case upgrading
        case done
    }

    private let router: HTTPRouter
    private let open: Opener
    private let trace: WireTrace
    private var reader = HTTPReader(.requests)
    private var state = State.idle
    /// Whether a call further up the stack is already reading.
    private var isReading = false
    /// The part of the body received so far, for a request with an exchange.
    private var body = ByteBuffer()
    private var timer: Scheduled<Void>?

    private init(options: TransportOptions, router: @escaping HTTPRouter, open: @escaping Opener) {
        self.router = router
        self.open = open
        trace = options.trace
    }

    /// Adds the handler at the end of the pipeline.
    static func add(
        to channel: any Channel, options: TransportOptions, router: @escaping HTTPRouter, open: @escaping Opener
    ) throws {
        let handler = HTTPServerHandler(options: options, router: router, open: open)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.syncOptions?.setOption(.autoRead, value: true)
    }

    func handlerAdded(context: ChannelHandlerContext) { startTimer(context) }
    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .done = state { return }
        reader.append(Self.unwrapInboundIn(data))
        read(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            if isReceiving, !reader.isBetweenMessages { refuse(context) }
            connectionEnded()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connectionEnded()
        context.fireChannelInactive()
    }

    private func connectionEnded() {
        guard case .exchanging(let exchange) = state else { return }
        state = .done
        exchange.connectionEnded()
    }

    private func startTimer(_ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.timeout) { context.close(promise: nil) }
    }

    private func setReading(_ isReading: Bool, _ context: ChannelHandlerContext) {
        // This fails if the channel is already closed, which is reported separately.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    // MARK: - A request

    private var isReceiving: Bool {
        switch state {
        case .idle, .receiving: true
        case .exchanging, .upgrading, .done: false
        }
    }

    private func read(_ context: ChannelHandlerContext) {
        guard !isReading else { return }
        isReading = true
        defer { isReading = false }
        do throws(HTTPReader.Violation) {
            while isReceiving, let element = try reader.next() { receive(element, context) }
        } catch {
            trace.record(unreadableHead: reader.rest)
            refuse(context)
        }
        guard case .exchanging = state, reader.rest.readableBytesView.contains(where: { $0 != 0x0A && $0 != 0x0D })
        else { return }
        setReading(false, context)
    }

    private func receive(_ element: HTTPElement, _ context: ChannelHandlerContext) {
        switch (element, state) {
        case (.request(let head, let raw), .idle):
            trace.record(head: raw.bytes, .incoming)
            if case .RAW = head.method { return refuse(context) }
            guard raw.faults.isEmpty else { return refuse(context) }
            receiveHead(head.decodingUTF8, context)
        case (.body(let bytes), .receiving(_, .exchange(let limit, _))):
            receive(bytes, limit, context)
        case (.chunkFraming(_, let faults), _) where !faults.isEmpty:
            refuse(context)
        case (.end, .receiving(let head, let route)):
            follow(route, head, context)
        default:
            break
        }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        reader.stop()
        answer(HTTPAnswer(status: .badRequest, text: "This is no HTTP request"), context)
    }

    private func receiveHead(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        state = .receiving(head, router(head))
        guard head.headers.hasToken("100-continue", in: "Expect") else { return }
        write(HTTPResponseHead(version: .http1_1, status: .continue), context)
        context.flush()
    }

    private func receive(_ bytes: ByteBuffer, _ limit: Int, _ context: ChannelHandlerContext) {
        guard body.readableBytes + bytes.readableBytes <= limit else {
            body = ByteBuffer()
            return answer(
                HTTPAnswer(status: .payloadTooLarge, text: "No more than \(limit) octets are taken"), context)
        }
        body.writeImmutableBuffer(bytes)
        startTimer(context)
    }

    private func follow(_ route: HTTPRoute, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch route {
        case .answer(let text):
            answer(text, context)
        case .webSocket(let agreement, let omitsReason):
            upgrade(head, omitsReason, agreement, open, context)
        case .otherWebSocket(let agreement, let omitsReason, let open):
            upgrade(head, omitsReason, agreement, open, context)
        case .exchange(_, let perform):
            timer?.cancel()
            let exchange = HTTPServerExchange(
                head, body: body, channel: context.channel, keepAlive: Self.timeout, trace: trace
            ) { [weak self] staysOpen in
                self?.answered(staysOpen, context)
            }
            body = ByteBuffer()
            state = .exchanging(exchange)
            perform(exchange)
        }
    }

    /// The response of an exchange is complete.
    private func answered(_ staysOpen: Bool, _ context: ChannelHandlerContext) {
        guard case .exchanging = state else { return }
        guard staysOpen else {
            state = .done
            return context.triggerUserOutboundEvent(StreamClosing(), promise: nil)
        }
        state = .idle
        startTimer(context)
        // The request asked for another protocol, but the connection stays HTTP, so the reader may continue.
        reader.proceed()
        guard reader.rest.readableBytes > 0 else { return }
        setReading(true, context)
        read(context)
    }

    private func answer(_ answer: HTTPAnswer, _ context: ChannelHandlerContext) {
        state = .done
        timer?.cancel()
        let body = ByteBuffer(string: answer.text + "\n")
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        headers.add(name: "Connection", value: "close")
        write(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers), context)
        context.writeAndFlush(Self.wrapOutboundOut(body), promise: nil)
        context.triggerUserOutboundEvent(StreamClosing(), promise: nil)
    }

    private func write(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        var writer = HTTPWriter()
        let bytes = writer.bytes(of: head)
        trace.record(head: bytes, .outgoing)
        context.write(Self.wrapOutboundOut(bytes), promise: nil)
    }

    // MARK: - A WebSocket

    private func upgrade(
        _ request: HTTPRequestHead, _ omitsReason: Bool, _ agreement: WebSocketAgreement, _ open: @escaping Opener,
        _ context: ChannelHandlerContext
    ) {
        state = .upgrading
        let status = omitsReason ? .custom(code: 101, reasonPhrase: "") : HTTPResponseStatus.switchingProtocols
        var headers = HTTPHeaders()
        if let subprotocol = agreement.subprotocol {
            headers.add(name: "Sec-WebSocket-Protocol", value: subprotocol)
        }
        if let compression = agreement.compression {
            headers.add(name: WebSocketExtension.header, value: compression.answer)
        }
        // NIO's upgrader is used only to build the response headers, because it computes the hash of the key.
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { [headers] channel, _ in channel.eventLoop.makeSucceededFuture(headers) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        upgrader.buildUpgradeResponse(
            channel: context.channel, upgradeRequest: request, initialResponseHeaders: HTTPHeaders()
        ).assumeIsolated().whenComplete { result in
            guard case .success(let headers) = result, context.channel.isActive else {
                return context.close(promise: nil)
            }
            self.write(HTTPResponseHead(version: .http1_1, status: status, headers: headers), context)
            context.flush()
            self.upgraded(agreement, open, context)
        }
    }

    private func upgraded(_ agreement: WebSocketAgreement, _ open: Opener, _ context: ChannelHandlerContext) {
        state = .done
        do {
            try open(context.channel, agreement)
        } catch {
            return context.close(promise: nil)
        }
        let rest = reader.rest
        reader.stop()
        StreamPipeline.leave(context, passing: rest)
    }
}
