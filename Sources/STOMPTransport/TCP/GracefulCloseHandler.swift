import NIOCore

/// Stands right above TCP, or TLS, and ends the connection so that nothing that was written is lost: it waits until
/// the system has taken it, ends the output, and closes when the peer has ended its side as well.
///
/// It does so on ``StreamClosing``, and where the peer has ended its side first. The whole takes at most `timeout`.
final class GracefulCloseHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let timeout: TimeAmount
    private var isClosing = false
    private var isInputClosed = false
    private var timer: Scheduled<Void>?

    init(timeout: TimeAmount) { self.timeout = timeout }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is StreamClosing else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        startClosing(context)
        promise?.succeed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { isInputClosed = true }
        context.fireUserInboundEventTriggered(event)
        if isInputClosed { startClosing(context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    private func startClosing(_ context: ChannelHandlerContext) {
        guard !isClosing, context.channel.isActive else { return }
        isClosing = true
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { context.close(promise: nil) }
        // The peer's end is seen only by reading.
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { [self] _ in
            context.close(mode: isInputClosed ? .all : .output, promise: nil)
        }
    }
}
