import NIOCore
import NIOHTTP1

/// Upgrades a client's open connection to a WebSocket. It is the last handler of the connection until then.
final class WebSocketUpgrade: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum State {
        case waiting
        case switching(HTTPResponseHead)
        /// A response other than 101 has been received; the rest of its body is awaited.
        case refused(HTTPResponseHead, body: ByteBuffer)
        case over
    }

    private let channel: any Channel
    private let request: WebSocketRequest
    private let options: TransportOptions
    private let tls: TLSSummary?
    private let receiver: TransportReceiverFactory
    private let promise: EventLoopPromise<any TransportStream>
    private var reader: HTTPAnswerReader
    private var state = State.waiting

    init(
        _ channel: any Channel, request: WebSocketRequest, options: TransportOptions, tls: TLSSummary?,
        receiver: @escaping TransportReceiverFactory
    ) {
        self.channel = channel
        self.request = request
        self.options = options
        self.tls = tls
        self.receiver = receiver
        reader = HTTPAnswerReader(trace: options.trace)
        promise = channel.eventLoop.makePromise()
    }

    /// Sends the upgrade request. The future fails with a ``TransportError``; the caller must close the channel.
    func run() -> EventLoopFuture<any TransportStream> {
        do {
            try channel.pipeline.syncOperations.addHandler(self)
            reader.expectAnswer(to: request.head.method)
            var writer = HTTPWriter()
            let head = writer.bytes(of: request.head)
            options.trace.record(head: head, .outgoing)
            channel.write(head, promise: nil)
            if let end = writer.bytesOfEnd() { channel.write(end, promise: nil) }
            channel.flush()
            try channel.syncOptions?.setOption(.autoRead, value: true)
            channel.closeFuture.assumeIsolated().whenComplete { _ in self.inputEnded() }
        } catch {
            fail(transportError(error))
        }
        return promise.futureResult
    }

    /// The refusal, as far as it has been received: a body that does not end must not hide the status.
    var timelessRefusal: TransportError? {
        guard case .refused(let head, let body) = state else { return nil }
        let refusal = HTTPRefusal(head, body: String(buffer: body), to: request.identity)
        switch refusal.status {
        case 401, 403:
            return .webSocket(.refused(url: request.url, refusal, ownOrigin: request.ownOrigin))
        default: return .webSocket(.notUpgraded(url: request.url, refusal, sockJS: nil))
        }
    }

    // MARK: - Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.append(Self.unwrapInboundIn(data))
        do throws(HTTPReader.Violation) {
            while !isOver, let part = try reader.next() { receive(part, context) }
        } catch {
            let peer = addressText(channel.remoteAddress)
            fail(timelessRefusal ?? .http(reader.failure(error, of: request.url, from: peer)))
        }
    }

    private var isOver: Bool { if case .over = state { true } else { false } }

    private func receive(_ part: HTTPAnswerReader.Part, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head, _), .waiting) where head.status.code == 101:
            state = .switching(head)
        case (.head(let head, _), .waiting):
            state = .refused(head, body: ByteBuffer())
            context.eventLoop.assumeIsolated().scheduleTask(in: HTTPRefusal.timeout) { self.failRefused() }
        case (.body(let part), .refused(let head, var body)):
            body.writeBytes(part.readableBytesView.prefix(HTTPRefusal.bodyLimit - body.readableBytes))
            state = .refused(head, body: body)
            if body.readableBytes >= HTTPRefusal.bodyLimit { failRefused() }
        case (.end, .switching(let head)):
            open(head, context)
        case (.end, .refused):
            failRefused()
        default:
            break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { inputEnded() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(timelessRefusal ?? transportError(error))
    }

    private func inputEnded() { fail(timelessRefusal ?? transportError(ChannelError.eof)) }

    private func failRefused() {
        if let refusal = timelessRefusal { fail(refusal) }
    }

    private func fail(_ error: TransportError) {
        guard !isOver else { return }
        state = .over
        reader.stop()
        promise.fail(error)
    }

    private func transportError(_ error: any Error) -> TransportError {
        if error is TransportError || error is IOError {
            return TransportError(breaking: error, with: addressText(channel.remoteAddress))
        }
        guard reader.rest.readableBytes > 0 else { return .http(.connectionClosed(beforeAnswerTo: request.summary)) }
        return .http(reader.failure(of: request.url))
    }

    /// Opens the WebSocket after the 101 response.
    private func open(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        do {
            let agreement = try request.agreement(with: head)
            if let compression = agreement.compression {
                options.trace.record(.layers) {
                    WireEvent(.ws, .local, .layers, .compressionAgreed(compression.answer))
                }
            } else if options.offersCompression {
                options.trace.record(.layers) { WireEvent(.ws, .local, .layers, .compressionDeclined) }
            }
            let description = TransportDescription(
                .webSocket, remoteAddress: addressText(channel.remoteAddress),
                subprotocol: agreement.subprotocol, tlsSummary: tls)
            let isChunked = head.headers.hasToken("chunked", in: "Transfer-Encoding")
            let handler = try WebSocketHandler(
                role: .client, options: options, compression: agreement.compression,
                chunkedAnswer: isChunked ? request.url : nil)
            try channel.pipeline.syncOperations.addHandler(handler)
            let stream = try StreamPipeline.end(channel, description: description, receiver: receiver)
            state = .over
            promise.succeed(stream)
        } catch {
            return fail(transportError(error))
        }
        let rest = reader.rest
        reader.stop()
        StreamPipeline.leave(context, passing: rest)
    }
}
