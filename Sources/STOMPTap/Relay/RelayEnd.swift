import NIOCore
import NIOHTTP1
import NIOPosix
import STOMPTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One end of a relay: the last handler of a connection, which hands on what comes, and writes what the other end brings.
final class RelayEnd: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    enum Event {
        case part(RelayPart)
        /// The read is over.
        case readAll
        case writabilityChanged
        /// What came is no HTTP.
        case violation(any Error)
        /// Nothing comes any more, and nothing can be sent: the last event.
        case gone
    }

    private enum Mode { case octets, requests, responses }

    /// How long a reset may wait for what was written before it.
    private static let resetPatience = TimeAmount.seconds(1)

    let channel: any Channel
    let direction: TapEvent.Direction
    private var mode = Mode.octets
    private var tell: ((Event) -> Void)?
    private var recorder: HTTPHeadRecorder?
    private var decoder: (any RemovableChannelHandler)?
    private var encoder: (any RemovableChannelHandler)?
    /// Whether HTTP is still on its way out of the pipeline.
    private(set) var isUpgrading = false
    private var isReading = false
    private(set) var isInputClosed = false
    private(set) var isOutputClosed = false
    /// Why it broke.
    private(set) var error: (any Error)?

    /// - Parameter direction: of what comes from this end.
    init(_ channel: any Channel, _ direction: TapEvent.Direction, tell: @escaping (Event) -> Void) {
        self.channel = channel
        self.direction = direction
        self.tell = tell
    }

    var isGone: Bool { tell == nil }
    var address: String { addressText(channel.remoteAddress) }
    /// The reason phrase of the answer with this status, as it came; nil where that is not known.
    func reason(of status: HTTPResponseStatus) -> String? {
        guard let words = recorder?.firstLine.split(separator: " ", maxSplits: 2), words.count > 1,
            words[1] == "\(status.code)"
        else { return nil }
        return recorder?.reason
    }

    /// Puts this end in place for octets.
    func attach() throws { try channel.pipeline.syncOperations.addHandler(self) }

    /// Puts this end in place for HTTP: requests come from an app, answers from a server.
    func attachHTTP() throws {
        let recorder = HTTPHeadRecorder(trace: .off)
        self.recorder = recorder
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(recorder)
        if direction == .toServer {
            mode = .requests
            var configuration = HTTPResponseEncoder.Configuration()
            configuration.automaticallySetFramingHeaders = false
            try add(HTTPResponseEncoder(configuration: configuration), Self.requestDecoder())
        } else {
            mode = .responses
            var configuration = HTTPRequestEncoder.Configuration()
            configuration.automaticallySetFramingHeaders = false
            try add(
                HTTPRequestEncoder(configuration: configuration),
                ByteToMessageHandler(
                    HTTPResponseDecoder(
                        leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .forward,
                        limitConfiguration: Self.limits)))
        }
        try pipeline.addHandler(self)
    }

    private func add(
        _ encoder: some RemovableChannelHandler & ChannelOutboundHandler,
        _ decoder: some RemovableChannelHandler & ChannelInboundHandler
    ) throws {
        try channel.pipeline.syncOperations.addHandlers(encoder, decoder)
        self.encoder = encoder
        self.decoder = decoder
    }

    private static func requestDecoder() -> ByteToMessageHandler<HTTPRequestDecoder> {
        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
    }

    private static var limits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = 64 << 10
        return limits
    }

    /// Another head is expected.
    func resetHead() { recorder?.reset() }

    /// Makes octets of HTTP, from behind the head and its end. Nothing is to be written until ``Event/readAll`` tells that
    /// it is done.
    func upgrade() {
        guard mode != .octets, let decoder else { return }
        mode = .octets
        isUpgrading = true
        let pipeline = channel.pipeline.syncOperations
        if let recorder { pipeline.removeHandler(recorder, promise: nil) }
        if let encoder { pipeline.removeHandler(encoder, promise: nil) }
        (recorder, encoder, self.decoder) = (nil, nil, nil)
        // It goes when it has done its present work, and hands on what it has left.
        pipeline.removeHandler(decoder).assumeIsolated().whenComplete { [self] _ in
            isUpgrading = false
            tell?(.readAll)
        }
    }

    /// Reads requests again: NIO's decoder stops behind one that asks for an upgrade, also where that is refused.
    func goOnWithRequests() {
        guard mode == .requests, let decoder = decoder as? ByteToMessageHandler<HTTPRequestDecoder> else { return }
        let pipeline = channel.pipeline.syncOperations
        let next = Self.requestDecoder()
        // What the old one has left goes to the new one behind it.
        guard (try? pipeline.addHandler(next, position: .after(decoder))) != nil else { return }
        self.decoder = next
        pipeline.removeHandler(decoder, promise: nil)
    }

    // MARK: - What goes

    func write(_ part: RelayPart) {
        switch part {
        case .octets(let octets): channel.write(octets, promise: nil)
        case .requestHead(let head): channel.write(HTTPClientRequestPart.head(head), promise: nil)
        case .responseHead(let head): channel.write(HTTPServerResponsePart.head(head), promise: nil)
        case .body(let octets):
            if mode == .responses {
                channel.write(HTTPClientRequestPart.body(.byteBuffer(octets)), promise: nil)
            } else {
                channel.write(HTTPServerResponsePart.body(.byteBuffer(octets)), promise: nil)
            }
        case .end(let trailers):
            if mode == .responses {
                channel.write(HTTPClientRequestPart.end(trailers), promise: nil)
            } else {
                channel.write(HTTPServerResponsePart.end(trailers), promise: nil)
            }
        case .upgraded: break
        case .inputClosed: closeOutput()
        case .reset: reset()
        }
    }

    func flush() { channel.flush() }

    func setReading(_ isReading: Bool) {
        guard isReading != self.isReading else { return }
        self.isReading = isReading
        // It fails on a channel that is closed already, which is told otherwise.
        try? channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    /// Ends this half when all that was written has gone; the connection, where the other half has ended too.
    func closeOutput() {
        guard !isOutputClosed, !isGone else { return }
        isOutputClosed = true
        afterWrites { [self] in channel.close(mode: isInputClosed ? .all : .output, promise: nil) }
    }

    /// Ends the connection when all that was written has gone, or it does not go.
    func close() {
        guard !isGone else { return }
        isOutputClosed = true
        afterWrites { [self] in channel.close(promise: nil) }
        channel.eventLoop.assumeIsolated().scheduleTask(in: Self.resetPatience) { [channel] in
            channel.close(promise: nil)
        }
    }

    /// Ends the connection as a reset, when all that was written has gone, or it does not go.
    func reset() {
        guard !isGone else { return }
        isOutputClosed = true
        let reset = { [channel] in
            // Without lingering, the system sends a reset.
            if let socket = channel as? any SocketOptionProvider {
                _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            }
            channel.close(promise: nil)
        }
        afterWrites(reset)
        _ = channel.eventLoop.assumeIsolated().scheduleTask(in: Self.resetPatience) { reset() }
    }

    private func afterWrites(_ body: @escaping () -> Void) {
        guard !isUpgrading else {
            return channel.eventLoop.assumeIsolated().execute { [self] in afterWrites(body) }
        }
        let written = channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in body() }
        switch mode {
        case .octets: channel.writeAndFlush(ByteBuffer(), promise: written)
        case .requests: channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer())), promise: written)
        case .responses: channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer())), promise: written)
        }
    }

    // MARK: - What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch mode {
        case .octets: tell?(.part(.octets(Self.unwrapInboundIn(data))))
        case .requests:
            switch Unwrapping<HTTPServerRequestPart>.unwrapInboundIn(data) {
            case .head(let head): tell?(.part(.requestHead(head)))
            case .body(let octets): tell?(.part(.body(octets)))
            case .end(let trailers): tell?(.part(.end(trailers)))
            }
        case .responses:
            switch Unwrapping<HTTPClientResponsePart>.unwrapInboundIn(data) {
            case .head(let head): tell?(.part(.responseHead(head)))
            case .body(let octets): tell?(.part(.body(octets)))
            case .end(let trailers): tell?(.part(.end(trailers)))
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { tell?(.readAll) }

    func channelWritabilityChanged(context: ChannelHandlerContext) { tell?(.writabilityChanged) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return }
        closeInput()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError || error is NIOHTTPDecoderError {
            tell?(.violation(error))
        } else {
            self.error = self.error ?? error
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if error == nil { closeInput() } else { tell?(.part(.reset)) }
        let tell = tell
        self.tell = nil
        tell?(.gone)
    }

    private func closeInput() {
        guard !isInputClosed else { return }
        isInputClosed = true
        tell?(.part(.inputClosed))
        tell?(.readAll)
    }
}

/// Takes messages of this kind out of what NIO wraps them in.
private final class Unwrapping<Message>: ChannelInboundHandler {
    typealias InboundIn = Message
}
