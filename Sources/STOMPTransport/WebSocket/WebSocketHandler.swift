import NIOCore

/// Implements both ends of RFC 6455: converts bytes to messages and messages to bytes, answers pings, and runs the
/// close handshake.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Role {
        case client, server

        var peer: TransportRole { self == .client ? .server : .client }
    }

    let role: Role
    let options: TransportOptions
    /// The URL whose 101 response announced a chunked body; nil after the first frame.
    private(set) var chunkedAnswer: String?
    private var trace: WebSocketTrace
    private var reader: WebSocketFrameReader
    private var assembler: WebSocketMessageAssembler
    private var output: WebSocketOutput
    /// The kind of incoming messages that was last reported to the receiver.
    private var incomingKind = TransportMessageKind.text
    var handshake = WebSocketCloseHandshake()
    var error: TransportError?
    var closeTimer: Scheduled<Void>?
    /// Whether the current read has delivered something; the first read contained the HTTP handshake.
    private var hasDelivered = true
    private var needsFlush = false
    /// Whether the receiver accepts data. If not, bytes already read wait in the reader: the frames and messages
    /// in them may need many times their memory.
    private var isReading = true
    /// The amount delivered to the receiver since it last had the chance to stop reading.
    private var deliveredSize = 0
    /// Whether there is nothing more to read, so that no data may wait any longer.
    private var isLast = false
    private let largestMessage: Int
    /// The payload of the last ping, if the peer is not reading or too many pongs are under way. Older pings need
    /// no answer (section 5.5.3), so they cannot pile up.
    private var pendingPong: ByteBuffer?
    private var pongsUnderWay = 0
    private static let mostPongsUnderWay = 256

    /// - Throws: ``TransportError`` if compression cannot be initialized.
    ///
    /// - Parameter chunkedAnswer: the URL whose 101 response announced a chunked body.
    init(
        role: Role, options: TransportOptions, compression: PerMessageDeflate? = nil, chunkedAnswer: String? = nil
    ) throws(TransportError) {
        self.role = role
        self.chunkedAnswer = chunkedAnswer
        self.options = options
        trace = WebSocketTrace(options.trace)
        let limit = min(max(0, options.maximumMessage), Int(UInt32.max))
        largestMessage = limit
        var inflater: Inflater?
        var deflater: Deflater?
        if let compression {
            inflater = try Inflater(role == .client ? compression.server : compression.client)
            deflater = try Deflater(role == .client ? compression.client : compression.server)
        }
        reader = WebSocketFrameReader(isServer: role == .server, isCompressed: compression != nil, limit: limit)
        assembler = WebSocketMessageAssembler(
            limit: limit, acceptsInvalidUTF8: options.acceptsInvalidUTF8, inflater: inflater)
        output = WebSocketOutput(options, deflater: deflater)
    }

    // MARK: - Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard handshake.mayReceive else { return }
        reader.feed(Self.unwrapInboundIn(data))
        readFrames(context)
    }

    private func readFrames(_ context: ChannelHandlerContext) {
        do throws(WebSocketViolation) {
            // A frame may end the stream or stop the reading.
            while handshake.mayReceive, isReading || isLast, let frame = try reader.next() {
                trace.record(.incoming, frame)
                chunkedAnswer = nil
                try receive(frame, context)
                guard deliveredSize >= Self.portion else { continue }
                guard !isLast else { return leaveOut() }
                deliveredSize = 0
                context.fireChannelReadComplete()
            }
        } catch {
            fail(error, context)
        }
    }

    /// The amount delivered before the receiver can stop the reading: bytes, plus `itemCost` for each item.
    private static let portion = 256 << 10
    private static let itemCost = 256
    /// The amount delivered to a receiver that is not reading when the connection ends. The system buffers less
    /// than this for a connection unless it is configured otherwise.
    private static let lastPortion = 32 << 20

    private func count(_ bytes: ByteBuffer) { deliveredSize += bytes.readableBytes + Self.itemCost }

    /// Processes the bytes that have waited.
    private func goOn(_ context: ChannelHandlerContext) {
        guard handshake.mayReceive, isReading else { return }
        readFrames(context)
        channelReadComplete(context: context)
    }

    /// Delivers the waiting bytes after the end of input, even if the receiver is not reading.
    private func readRest(_ context: ChannelHandlerContext) {
        guard !isLast, !isReading else { return }
        isLast = true
        deliveredSize = Self.portion - Self.lastPortion
        readFrames(context)
        context.fireChannelReadComplete()
    }

    private func leaveOut() {
        error = .webSocket(.tooMuchUnread(from: role.peer))
        handshake.abandon()
    }

    private func receive(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) throws(WebSocketViolation) {
        switch frame.opcode {
        case .text, .binary, .continuation:
            if let message = try assembler.append(frame) { deliver(message, context) }
        case .ping:
            answer(frame.payload, context)
            count(frame.payload)
            reportLife(context, .ping(frame.payload))
        case .pong:
            count(frame.payload)
            reportLife(context, .pong(frame.payload))
        case .close:
            try closed(WebSocketClose(reading: frame.payload), context)
        }
    }

    private func deliver(_ message: WebSocketMessageAssembler.Message, _ context: ChannelHandlerContext) {
        hasDelivered = true
        count(message.bytes)
        trace.record(.incoming, isText: message.isText, message.bytes, compressedSize: message.compressedSize)
        let kind: TransportMessageKind = message.isText ? .text : .binary
        if kind != incomingKind {
            incomingKind = kind
            context.fireUserInboundEventTriggered(TransportEvent.messages(as: kind))
        }
        if !message.isValid { context.fireUserInboundEventTriggered(TransportEvent.invalidUTF8) }
        context.fireChannelRead(Self.wrapInboundOut(message.bytes))
    }

    private func reportLife(_ context: ChannelHandlerContext, _ event: TransportEvent) {
        hasDelivered = true
        context.fireUserInboundEventTriggered(event)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Part of a large message is a sign of life too.
        if !hasDelivered, handshake.mayReceive { reportLife(context, .alive) }
        hasDelivered = false
        if needsFlush {
            needsFlush = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // This layer interprets the end of input itself.
        if case ChannelEvent.inputClosed = event {
            readRest(context)
            return connectionEnded(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // After a failure the error is already known; it is reported when the connection ends.
        if handshake.mayReceive { context.fireErrorCaught(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        readRest(context)
        connectionEnded(context)
        closeTimer?.cancel()
        if let error { context.fireErrorCaught(error) }
        context.fireChannelInactive()
    }

    // MARK: - Sending

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard handshake.maySend else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        let messages = output.messages(of: Self.unwrapOutboundIn(data))
        for message in messages {
            trace.record(.outgoing, isText: message.isText, message.bytes, compressedSize: message.compressedSize)
        }
        let frames = messages.flatMap(\.frames)
        for (number, frame) in frames.enumerated() {
            send(frame, context, promise: number == frames.count - 1 ? promise : nil)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case is StreamClosing:
            // The peer's close frame arrives only if reading is on.
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
            setReading(true, context)
            perform(handshake.close(WebSocketClose(code: WebSocketClose.normal)), context)
        case TransportRequest.close(let code, let reason):
            perform(handshake.close(WebSocketClose(code: code, reason: reason)), context)
        case TransportRequest.ping(let payload):
            guard handshake.maySend else { break }
            let bytes = ByteBuffer(bytes: payload.prefix(125))
            send(WebSocketFrame(opcode: .ping, payload: bytes), context)
            context.flush()
        case TransportRequest.messages(let kind):
            output.kind = kind
        case let event as StreamReading:
            setReading(event.isOn, context)
        case let event as MessageLimit:
            let limit = min(event.bytes ?? .max, largestMessage)
            reader.limit = limit
            assembler.limit = limit
        default:
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        promise?.succeed()
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        guard isOn != isReading else { return }
        isReading = isOn
        // Deferred: this may run inside a call from the receiver, where the receiver must not be called.
        if isOn { context.eventLoop.assumeIsolated().execute { self.goOn(context) } }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { handshake.abandon() }
        context.close(mode: mode, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        answerPending(context)
        context.fireChannelWritabilityChanged()
    }

    private func answerPending(_ context: ChannelHandlerContext) {
        guard context.channel.isWritable, let payload = pendingPong.take(), handshake.maySend else { return }
        answer(payload, context)
        context.flush()
    }

    private func answer(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        guard handshake.maySend else { return }
        guard context.channel.isWritable, pongsUnderWay < Self.mostPongsUnderWay else { return pendingPong = payload }
        pongsUnderWay += 1
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { [self] _ in
            pongsUnderWay -= 1
            // Only once after all pongs of one write are sent.
            if pongsUnderWay == 0 { answerPending(context) }
        }
        send(WebSocketFrame(opcode: .pong, payload: payload), context, promise: sent)
        needsFlush = true
    }

    func send(
        _ frame: WebSocketFrame, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil
    ) {
        // The key must be unpredictable (section 5.3).
        let key = role == .client ? UInt32.random(in: 0...UInt32.max) : nil
        trace.record(.outgoing, frame, key: key)
        context.write(Self.wrapOutboundOut(frame.bytes(maskedBy: key)), promise: promise)
    }
}
