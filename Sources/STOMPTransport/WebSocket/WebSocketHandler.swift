import NIOCore

/// Makes messages of octets and octets of messages, answers pings, and runs the close handshake: RFC 6455 for both ends.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Role {
        case client, server

        var peer: String { self == .client ? "server" : "client" }
    }

    let role: Role
    let options: TransportOptions
    private var trace: WebSocketTrace
    private var reader: WebSocketFrameReader
    private var assembler: WebSocketMessageAssembler
    private var output: WebSocketOutput
    /// What the receiver was last told of the messages that come.
    private var incomingKind = TransportMessageKind.text
    var handshake = WebSocketCloseHandshake()
    var error: TransportError?
    var closeTimer: Scheduled<Void>?
    /// Whether the present read has brought something that was told; the first one brought the HTTP handshake.
    private var hasTold = true
    private var needsFlush = false
    /// The payload of the last ping, where the peer takes nothing for the moment: older ones need no answer
    /// (section 5.5.3), and so they cannot pile up.
    private var pendingPong: ByteBuffer?

    /// - Throws: ``TransportError`` where messages cannot be compressed.
    init(role: Role, options: TransportOptions, compression: PerMessageDeflate? = nil) throws(TransportError) {
        self.role = role
        self.options = options
        trace = WebSocketTrace(options.trace)
        let limit = min(max(0, options.maximumMessage), Int(UInt32.max))
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

    // MARK: - What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard handshake.mayReceive else { return }
        reader.feed(Self.unwrapInboundIn(data))
        do throws(WebSocketViolation) {
            // What a frame brings may end the stream.
            while handshake.mayReceive, let frame = try reader.next() {
                trace.record(.incoming, frame)
                try take(frame, context)
            }
        } catch {
            fail(error, context)
        }
    }

    private func take(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) throws(WebSocketViolation) {
        switch frame.opcode {
        case .text, .binary, .continuation:
            if let message = try assembler.take(frame) { deliver(message, context) }
        case .ping:
            answer(frame.payload, context)
            tellLife(context, .ping(frame.payload))
        case .pong:
            tellLife(context, .pong(frame.payload))
        case .close:
            try closed(WebSocketClose(reading: frame.payload), context)
        }
    }

    private func deliver(_ message: WebSocketMessageAssembler.Message, _ context: ChannelHandlerContext) {
        hasTold = true
        trace.record(.incoming, isText: message.isText, message.octets, compressedSize: message.compressedSize)
        let kind: TransportMessageKind = message.isText ? .text : .binary
        if kind != incomingKind {
            incomingKind = kind
            context.fireUserInboundEventTriggered(TransportEvent.messages(as: kind))
        }
        if !message.isValid { context.fireUserInboundEventTriggered(TransportEvent.invalidUTF8) }
        context.fireChannelRead(Self.wrapInboundOut(message.octets))
    }

    private func tellLife(_ context: ChannelHandlerContext, _ event: TransportEvent) {
        hasTold = true
        context.fireUserInboundEventTriggered(event)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Part of a large message is a sign of life too.
        if !hasTold, handshake.mayReceive { tellLife(context, .alive) }
        hasTold = false
        if needsFlush {
            needsFlush = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The end of the octets is this layer's to interpret.
        if case ChannelEvent.inputClosed = event { return connectionEnded(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What has failed the connection is known already, and told when that has ended.
        if handshake.mayReceive { context.fireErrorCaught(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        connectionEnded(context)
        closeTimer?.cancel()
        if let error { context.fireErrorCaught(error) }
        context.fireChannelInactive()
    }

    // MARK: - What goes

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard handshake.maySend else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        let messages = output.messages(of: Self.unwrapOutboundIn(data))
        for message in messages {
            trace.record(.outgoing, isText: message.isText, message.octets, compressedSize: message.compressedSize)
        }
        let frames = messages.flatMap(\.frames)
        for (number, frame) in frames.enumerated() {
            send(frame, context, promise: number == frames.count - 1 ? promise : nil)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case is StreamClosing:
            // The peer's answer is seen only by reading.
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
            perform(handshake.close(WebSocketClose(code: WebSocketClose.normal)), context)
        case TransportRequest.close(let code, let reason):
            perform(handshake.close(WebSocketClose(code: code, reason: reason)), context)
        case TransportRequest.ping(let payload):
            guard handshake.maySend else { break }
            let octets = ByteBuffer(bytes: payload.prefix(125))
            send(WebSocketFrame(opcode: .ping, payload: octets), context)
            context.flush()
        case TransportRequest.messages(let kind):
            output.kind = kind
        default:
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        promise?.succeed()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { handshake.abandon() }
        context.close(mode: mode, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, let payload = pendingPong.take(), handshake.maySend {
            answer(payload, context)
            context.flush()
        }
        context.fireChannelWritabilityChanged()
    }

    private func answer(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        guard handshake.maySend else { return }
        guard context.channel.isWritable else { return pendingPong = payload }
        send(WebSocketFrame(opcode: .pong, payload: payload), context)
        needsFlush = true
    }

    func send(
        _ frame: WebSocketFrame, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil
    ) {
        // Nobody can foresee it (section 5.3).
        let key = role == .client ? UInt32.random(in: 0...UInt32.max) : nil
        trace.record(.outgoing, frame, key: key)
        context.write(Self.wrapOutboundOut(frame.octets(maskedBy: key)), promise: promise)
    }
}
