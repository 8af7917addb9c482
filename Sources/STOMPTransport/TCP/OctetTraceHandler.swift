import NIOCore

/// Shows a TCP stream's octets as they come and go. It stands in the pipeline only where somebody wants to see them.
final class OctetTraceHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let trace: WireTrace

    init(trace: WireTrace) { self.trace = trace }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        record(.incoming, Self.unwrapInboundIn(data))
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        record(.outgoing, Self.unwrapOutboundIn(data))
        context.write(data, promise: promise)
    }

    private func record(_ direction: WireEvent.Direction, _ octets: ByteBuffer) {
        guard octets.readableBytes > 0 else { return }
        trace.record(.octets) {
            WireEvent(.tcp, direction, .octets, "\(octets.readableBytes) octets", octets: octets)
        }
    }
}
