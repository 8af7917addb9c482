import NIOCore

/// How a WebSocket ends: by a close frame of either side, by a violation, or with the connection below.
extension WebSocketHandler {
    func closed(_ close: WebSocketClose, _ context: ChannelHandlerContext) {
        var answer = close
        if answer.code == nil { answer.code = options.emptyCloseAnswer }
        perform(handshake.received(answer), context)
        context.fireUserInboundEventTriggered(
            TransportEvent.closed(
                TransportClosure(layer: .webSocket, code: close.code, reason: close.reason, isClean: true)))
    }

    func fail(_ violation: WebSocketViolation, _ context: ChannelHandlerContext) {
        guard handshake.mayReceive else { return }
        let error = chunkedAnswer.map { .webSocket(.chunkedUpgrade(from: $0)) } ?? violation.error(by: role.peer)
        self.error = error
        var reason: String?
        if case .tooLarge = violation { reason = options.oversizeReason }
        perform(handshake.fail(violation, reason: reason), context)
        // Reported now: the error is known, but the connection may close much later if the peer delays it.
        context.fireChannelReadComplete()
        context.fireUserInboundEventTriggered(StreamFailure(error: error))
    }

    func connectionEnded(_ context: ChannelHandlerContext) {
        let ending = handshake.ended()
        guard ending != .expected else { return }
        if ending == .brokenOff {
            error = .webSocket(.closedWithoutCloseFrame(by: addressText(context.channel.remoteAddress)))
        }
        context.fireUserInboundEventTriggered(
            TransportEvent.closed(TransportClosure(layer: .webSocket, isClean: false)))
    }

    func perform(_ action: WebSocketCloseHandshake.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .nothing:
            break
        case .send(let close):
            sendClose(close, context)
            closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(options.closeTimeout)) {
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
        send(WebSocketFrame(opcode: .close, payload: close.body), context)
        context.flush()
    }
}
