import NIOCore

/// Tells the trace of every byte as it comes and goes. It stands in the pipeline only where somebody wants to see them.
final class ByteTraceHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var trace: ByteTrace

    init(trace: WireTrace) { self.trace = ByteTrace(trace, .tcp) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        trace.record(.incoming, Self.unwrapInboundIn(data), .bytes)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        trace.record(.outgoing, Self.unwrapOutboundIn(data), .bytes)
        context.write(data, promise: promise)
    }
}
