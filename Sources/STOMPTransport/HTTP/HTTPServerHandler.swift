import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The server's end of HTTP: takes requests, and answers them, hands them on, or makes a WebSocket of the connection, as
/// the router says.
///
/// NIO's own upgrade handler is not used: it forgets the request whose upgrade it refuses, which has to be answered.
final class HTTPServerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may take for a request, between one and the next, and between two pieces of a body.
    static let patience = TimeAmount.seconds(10)

    /// Opens the stream of a connection that has become a WebSocket.
    typealias Opener = @Sendable (any Channel, WebSocketAgreement) throws -> Void

    private enum State {
        case idle
        /// The request is still coming.
        case receiving(HTTPRequestHead, HTTPRoute)
        /// Somebody answers; what comes meanwhile is kept for later, and reading stops with the first of it.
        case exchanging(HTTPServerExchange, later: [NIOAny])
        /// What comes now are octets for the WebSocket, which is being built.
        case upgrading([NIOAny])
        case done
    }

    private let router: HTTPRouter
    private let open: Opener
    private let codec: (decoder: ByteToMessageHandler<HTTPRequestDecoder>, encoder: HTTPResponseEncoder)
    private let recorder: HTTPHeadRecorder
    private var state = State.idle
    /// What has come of the body of a request that goes to an exchange.
    private var body = ByteBuffer()
    private var timer: Scheduled<Void>?

    private init(options: TransportOptions, router: @escaping HTTPRouter, open: @escaping Opener) {
        self.router = router
        self.open = open
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = 64 << 10
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
        codec = (ByteToMessageHandler(decoder), HTTPResponseEncoder())
        recorder = HTTPHeadRecorder(trace: options.trace)
    }

    /// Adds the HTTP codec and this handler.
    static func add(
        to channel: any Channel, options: TransportOptions, router: @escaping HTTPRouter, open: @escaping Opener
    ) throws {
        let handler = HTTPServerHandler(options: options, router: router, open: open)
        try channel.pipeline.syncOperations.addHandlers(
            handler.recorder, handler.codec.encoder, handler.codec.decoder, handler)
        try channel.syncOptions?.setOption(.autoRead, value: true)
    }

    func handlerAdded(context: ChannelHandlerContext) { startTimer(context) }
    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .idle:
            if case .head(let head) = Self.unwrapInboundIn(data) { begin(head, context) }
        case .receiving(let head, let route):
            switch Self.unwrapInboundIn(data) {
            case .head: break
            case .body(let octets): if case .exchange(let limit, _) = route { receive(octets, limit, context) }
            case .end: follow(route, head, context)
            }
        case .exchanging(let exchange, let later):
            state = .exchanging(exchange, later: later + [data])
            if later.isEmpty { setReading(false, context) }
        case .upgrading(let octets):
            state = .upgrading(octets + [data])
        case .done:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else { return context.close(promise: nil) }
        switch state {
        case .idle, .receiving: answer(HTTPAnswer(status: .badRequest, text: "This is no HTTP request"), context)
        case .exchanging: context.close(promise: nil)
        case .upgrading, .done: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { connectionEnded() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connectionEnded()
        context.fireChannelInactive()
    }

    private func connectionEnded() {
        guard case .exchanging(let exchange, _) = state else { return }
        state = .done
        exchange.connectionEnded()
    }

    private func startTimer(_ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { context.close(promise: nil) }
    }

    private func setReading(_ isReading: Bool, _ context: ChannelHandlerContext) {
        // It fails on a channel that is closed already, which is told otherwise.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    // MARK: - A request

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        state = .receiving(head, router(head))
        if head.headers.hasToken("100-continue", in: "Expect") {
            context.writeAndFlush(
                Self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
    }

    private func receive(_ octets: ByteBuffer, _ limit: Int, _ context: ChannelHandlerContext) {
        guard body.readableBytes + octets.readableBytes <= limit else {
            body = ByteBuffer()
            return answer(
                HTTPAnswer(status: .payloadTooLarge, text: "No more than \(limit) octets are taken"), context)
        }
        body.writeImmutableBuffer(octets)
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
                head, body: body, channel: context.channel, keepAlive: Self.patience
            ) { [weak self] staysOpen in
                self?.answered(staysOpen, context)
            }
            body = ByteBuffer()
            state = .exchanging(exchange, later: [])
            perform(exchange)
        }
    }

    /// The answer of an exchange is whole.
    private func answered(_ staysOpen: Bool, _ context: ChannelHandlerContext) {
        guard case .exchanging(_, let later) = state else { return }
        guard staysOpen else {
            state = .done
            return context.triggerUserOutboundEvent(StreamClosing(), promise: nil)
        }
        state = .idle
        recorder.reset()
        startTimer(context)
        guard !later.isEmpty else { return }
        setReading(true, context)
        for part in later { channelRead(context: context, data: part) }
    }

    private func answer(_ answer: HTTPAnswer, _ context: ChannelHandlerContext) {
        state = .done
        timer?.cancel()
        let body = ByteBuffer(string: answer.text + "\n")
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        headers.add(name: "Connection", value: "close")
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        context.triggerUserOutboundEvent(StreamClosing(), promise: nil)
    }

    // MARK: - A WebSocket

    private func upgrade(
        _ request: HTTPRequestHead, _ omitsReason: Bool, _ agreement: WebSocketAgreement, _ open: @escaping Opener,
        _ context: ChannelHandlerContext
    ) {
        state = .upgrading([])
        let status = omitsReason ? .custom(code: 101, reasonPhrase: "") : HTTPResponseStatus.switchingProtocols
        var headers = HTTPHeaders()
        if let subprotocol = agreement.subprotocol {
            headers.add(name: "Sec-WebSocket-Protocol", value: subprotocol)
        }
        if let compression = agreement.compression {
            headers.add(name: WebSocketExtension.header, value: compression.answer)
        }
        // It is asked only for the headers that answer the request: the hash of the key is its own.
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { [headers] channel, _ in channel.eventLoop.makeSucceededFuture(headers) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        upgrader.buildUpgradeResponse(
            channel: context.channel, upgradeRequest: request, initialResponseHeaders: HTTPHeaders()
        ).assumeIsolated().flatMap { headers in
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
            // The decoder goes when it has done its present work, and hands on the octets that it has left.
            let pipeline = context.pipeline.syncOperations
            pipeline.removeHandler(self.recorder, promise: nil)
            pipeline.removeHandler(self.codec.encoder, promise: nil)
            return pipeline.removeHandler(self.codec.decoder)
        }.whenComplete { _ in self.upgraded(agreement, open, context) }
    }

    private func upgraded(_ agreement: WebSocketAgreement, _ open: Opener, _ context: ChannelHandlerContext) {
        guard case .upgrading(let octets) = state, context.channel.isActive else { return context.close(promise: nil) }
        state = .done
        do {
            try open(context.channel, agreement)
        } catch {
            return context.close(promise: nil)
        }
        for part in octets { context.fireChannelRead(part) }
        if !octets.isEmpty { context.fireChannelReadComplete() }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
