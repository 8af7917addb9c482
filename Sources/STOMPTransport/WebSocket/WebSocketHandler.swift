import NIOCore
import NIOWebSocket

/// Makes messages of WebSocket frames and frames of messages, answers pings, and runs the close handshake: RFC 6455
/// above the framing, for both ends.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    enum Role {
        case client, server

        var peer: String { self == .client ? "server" : "client" }
    }

    private let role: Role
    private let options: TransportOptions
    private var kind: TransportMessageKind
    /// What the receiver was last told of the messages that come.
    private var incomingKind = TransportMessageKind.text
    private var assembler: WebSocketMessageAssembler
    private var handshake = WebSocketCloseHandshake()
    private var error: TransportError?
    private var closeTimer: Scheduled<Void>?
    /// Whether the present read has brought something that was told; the first one brought the HTTP handshake.
    private var hasTold = true
    private var needsFlush = false
    /// The payload of the last ping, where the peer takes nothing for the moment: older ones need no answer
    /// (section 5.5.3), and so they cannot pile up.
    private var pendingPong: ByteBuffer?

    init(role: Role, options: TransportOptions) {
        self.role = role
        self.options = options
        kind = options.sendsBinary ? .binary : .byContent
        assembler = WebSocketMessageAssembler(
            limit: options.maximumMessage, acceptsInvalidUTF8: options.acceptsInvalidUTF8)
    }

    /// Adds the framing and this handler.
    static func add(to channel: any Channel, role: Role, options: TransportOptions) throws {
        let largest = min(max(0, options.maximumMessage), Int(UInt32.max))
        try channel.pipeline.syncOperations.addHandlers(
            WebSocketFrameEncoder(), ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: largest)),
            WebSocketHandler(role: role, options: options))
    }

    // MARK: - What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard handshake.mayReceive else { return }
        do throws(WebSocketViolation) {
            try take(Self.unwrapInboundIn(data), context)
        } catch {
            fail(error, context)
        }
    }

    private func take(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) throws(WebSocketViolation) {
        guard (frame.maskKey != nil) == (role == .server) else {
            throw WebSocketViolation(role == .client ? "a masked frame" : "an unmasked frame")
        }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            throw WebSocketViolation("a frame with a reserved bit set, as of an extension that was not agreed on")
        }
        let payload = frame.unmaskedData
        switch frame.opcode {
        case .text:
            deliver(try assembler.start(isText: true, isLast: frame.fin, payload), context)
        case .binary:
            deliver(try assembler.start(isText: false, isLast: frame.fin, payload), context)
        case .continuation:
            deliver(try assembler.goOn(isLast: frame.fin, payload), context)
        case .ping:
            record(.incoming, "ping", payload)
            answer(payload, context)
            tellLife(context, .ping(payload))
        case .pong:
            record(.incoming, "pong", payload)
            tellLife(context, .pong(payload))
        case .connectionClose:
            try closed(WebSocketClose(reading: payload), context)
        default:
            throw WebSocketViolation("a frame with the unknown opcode \(UInt8(webSocketOpcode: frame.opcode))")
        }
    }

    private func deliver(_ message: WebSocketMessageAssembler.Message?, _ context: ChannelHandlerContext) {
        guard let message else { return }
        hasTold = true
        options.trace.record(.octets) {
            let kind = message.isText ? "text" : "binary"
            return WireEvent(
                .ws, .incoming, .octets, "\(kind) \(message.octets.readableBytes) octets", octets: message.octets)
        }
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
        // A decoder that has failed tells so again at every read; what has failed the connection is known by then.
        guard handshake.mayReceive else { return }
        switch error {
        case NIOWebSocketError.invalidFrameLength: fail(.tooLarge(options.maximumMessage), context)
        case NIOWebSocketError.fragmentedControlFrame: fail(WebSocketViolation("a fragmented control frame"), context)
        case NIOWebSocketError.multiByteControlFrameLength:
            fail(WebSocketViolation("a control frame of more than 125 octets"), context)
        default: context.fireErrorCaught(error)
        }
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
        var octets = Self.unwrapOutboundIn(data)
        let isText =
            switch kind {
            case .byContent: octets.isUTF8
            case .text: true
            case .binary: false
            }
        options.trace.record(.octets) {
            WireEvent(
                .ws, .outgoing, .octets, "\(isText ? "text" : "binary") \(octets.readableBytes) octets", octets: octets)
        }
        while let limit = options.split, octets.readableBytes > limit {
            let piece = octets.readPiece(of: limit, isText: isText)
            guard octets.readableBytes > 0 else {
                octets = piece
                break
            }
            sendMessage(isText ? .text : .binary, piece, context)
        }
        sendMessage(isText ? .text : .binary, octets, context, promise: promise)
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
            record(.outgoing, "ping", octets)
            send(.ping, octets, context)
            context.flush()
        case TransportRequest.messages(let kind):
            self.kind = kind
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
        record(.outgoing, "pong", payload)
        send(.pong, payload, context)
        needsFlush = true
    }

    private func sendMessage(
        _ opcode: WebSocketOpcode, _ payload: ByteBuffer, _ context: ChannelHandlerContext,
        promise: EventLoopPromise<Void>? = nil
    ) {
        var (opcode, payload) = (opcode, payload)
        while let limit = options.fragment, payload.readableBytes > limit,
            let fragment = payload.readSlice(length: max(1, limit))
        {
            send(opcode, fragment, context, isLast: false)
            opcode = .continuation
        }
        send(opcode, payload, context, promise: promise)
    }

    private func send(
        _ opcode: WebSocketOpcode, _ payload: ByteBuffer, _ context: ChannelHandlerContext, isLast: Bool = true,
        promise: EventLoopPromise<Void>? = nil
    ) {
        let key = role == .client ? WebSocketMaskingKey.random() : nil
        let frame = WebSocketFrame(fin: isLast, opcode: opcode, maskKey: key, data: payload)
        context.write(Self.wrapOutboundOut(frame), promise: promise)
    }

    // MARK: - The end

    private func closed(_ close: WebSocketClose, _ context: ChannelHandlerContext) {
        options.trace.record(.layers) { WireEvent(.ws, .incoming, .layers, close.summary) }
        perform(handshake.received(close), context)
        context.fireUserInboundEventTriggered(
            TransportEvent.closed(
                TransportClosure(layer: .webSocket, code: close.code, reason: close.reason, isClean: true)))
    }

    private func fail(_ violation: WebSocketViolation, _ context: ChannelHandlerContext) {
        guard handshake.mayReceive else { return }
        error = violation.transportError(peer: role.peer)
        perform(handshake.fail(violation), context)
    }

    private func connectionEnded(_ context: ChannelHandlerContext) {
        let ending = handshake.ended()
        guard ending != .expected else { return }
        if ending == .brokenOff {
            error = TransportError(
                .connectionLost, .webSocket,
                "\(addressText(context.channel.remoteAddress)) ended the connection without a close frame")
        }
        context.fireUserInboundEventTriggered(
            TransportEvent.closed(TransportClosure(layer: .webSocket, isClean: false)))
    }

    private func perform(_ action: WebSocketCloseHandshake.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .nothing:
            break
        case .send(let close):
            sendClose(close, context)
            closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: options.closeTimeout) {
                context.close(promise: nil)
            }
        case .sendAndEnd(let close):
            sendClose(close, context)
            context.triggerUserOutboundEvent(StreamClosing(), promise: nil)
        case .end:
            context.triggerUserOutboundEvent(StreamClosing(), promise: nil)
        }
    }

    private func sendClose(_ close: WebSocketClose, _ context: ChannelHandlerContext) {
        options.trace.record(.layers) { WireEvent(.ws, .outgoing, .layers, close.summary) }
        send(.connectionClose, close.body, context)
        context.flush()
    }

    private func record(_ direction: WireEvent.Direction, _ name: String, _ payload: ByteBuffer) {
        options.trace.record(.layers) {
            WireEvent(.ws, direction, .layers, "\(name) \(payload.readableBytes) octets", octets: payload)
        }
    }
}
