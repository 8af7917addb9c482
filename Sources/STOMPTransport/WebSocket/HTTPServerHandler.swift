import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The server's end of HTTP: takes one request, and answers it or makes a WebSocket of the connection, as the router
/// says.
///
/// NIO's own upgrade handler is not used: it forgets the request whose upgrade it refuses, which has to be answered.
final class HTTPServerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may take for its request.
    static let patience = TimeAmount.seconds(10)

    /// Opens the stream of a connection that has become a WebSocket.
    typealias Opener = @Sendable (any Channel, _ subprotocol: String?) throws -> Void

    private enum State {
        case idle
        /// The request is still coming.
        case receiving(HTTPRequestHead)
        /// What comes now are octets for the WebSocket, which is being built.
        case upgrading([NIOAny])
        case done
    }

    private let router: HTTPRouter
    private let open: Opener
    private let codec: (decoder: ByteToMessageHandler<HTTPRequestDecoder>, encoder: HTTPResponseEncoder)
    private let recorder: HTTPHeadRecorder
    private var state = State.idle
    private var timer: Scheduled<Void>?

    private init(trace: WireTrace, router: @escaping HTTPRouter, open: @escaping Opener) {
        self.router = router
        self.open = open
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = 64 << 10
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
        codec = (ByteToMessageHandler(decoder), HTTPResponseEncoder())
        recorder = HTTPHeadRecorder(trace: trace)
    }

    /// Adds the HTTP codec and this handler.
    static func add(
        to channel: any Channel, trace: WireTrace, router: @escaping HTTPRouter, open: @escaping Opener
    ) throws {
        let handler = HTTPServerHandler(trace: trace, router: router, open: open)
        try channel.pipeline.syncOperations.addHandlers(
            handler.recorder, handler.codec.encoder, handler.codec.decoder, handler)
        try channel.syncOptions?.setOption(.autoRead, value: true)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .idle:
            if case .head(let head) = Self.unwrapInboundIn(data) { state = .receiving(head) }
        case .receiving(let head):
            if case .end = Self.unwrapInboundIn(data) { route(head, context) }
        case .upgrading(let octets):
            state = .upgrading(octets + [data])
        case .done:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else { return context.close(promise: nil) }
        if case .done = state { return }
        answer(HTTPAnswer(status: .badRequest, text: "This is no HTTP request"), context)
    }

    private func route(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch router(head) {
        case .answer(let text): answer(text, context)
        case .webSocket(let subprotocol, let omitsReason):
            let status = omitsReason ? .custom(code: 101, reasonPhrase: "") : HTTPResponseStatus.switchingProtocols
            upgrade(head, status, subprotocol, context)
        }
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

    private func upgrade(
        _ request: HTTPRequestHead, _ status: HTTPResponseStatus, _ subprotocol: String?,
        _ context: ChannelHandlerContext
    ) {
        state = .upgrading([])
        var headers = HTTPHeaders()
        if let subprotocol { headers.add(name: "Sec-WebSocket-Protocol", value: subprotocol) }
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
        }.whenComplete { _ in self.upgraded(subprotocol, context) }
    }

    private func upgraded(_ subprotocol: String?, _ context: ChannelHandlerContext) {
        guard case .upgrading(let octets) = state, context.channel.isActive else { return context.close(promise: nil) }
        state = .done
        do {
            try open(context.channel, subprotocol)
        } catch {
            return context.close(promise: nil)
        }
        for part in octets { context.fireChannelRead(part) }
        if !octets.isEmpty { context.fireChannelReadComplete() }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
