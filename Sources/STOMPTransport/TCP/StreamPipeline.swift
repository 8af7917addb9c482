import NIOCore

/// What every TCP socket of this room is set to, and how its pipeline begins and ends.
enum StreamPipeline {
    /// The most that is taken from a socket by one read, in bytes: a batch, as each read costs a system call and a
    /// pass through all layers.
    static let largestRead = 256 << 10
    /// The reads in a row before another connection has its turn.
    static let readsInARow: UInt = 4
    /// Once more bytes than `high` wait to be sent, ``TransportStream/isWritable`` is false until fewer than `low` do.
    static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 256 << 10)

    static let receiveAllocator = AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 2048, maximum: largestRead)
    /// NIO keeps the room of each read in a row for the next time.
    static let smallReceiveAllocator = AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 2048, maximum: 4096)

    /// The handler that stands right above TCP. A TLS handler's place is before it, first in the pipeline; it is to
    /// pass `close(mode: .output)` on as the end of its own stream, to tell that end as `ChannelEvent.inputClosed`,
    /// and to keep the promise of a write of no bytes.
    static func addCloseHandler(_ channel: any Channel, options: TransportOptions) throws {
        try channel.pipeline.syncOperations.addHandler(GracefulCloseHandler(timeout: options.closeTimeout))
    }

    /// Removes the handler of a head that ended in an upgrade; what came after the head goes to the next one.
    static func leave(_ context: ChannelHandlerContext, passing rest: ByteBuffer) {
        if rest.readableBytes > 0 {
            context.fireChannelRead(NIOAny(rest))
            context.fireChannelReadComplete()
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    /// Makes the receiver, at the end of the pipeline of an open channel, and lets bytes in.
    static func end(
        _ channel: any Channel, description: TransportDescription, receiver: @escaping TransportReceiverFactory
    ) throws -> ChannelStream {
        let handler = ReceiverHandler(description: description, makeReceiver: receiver)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.syncOptions?.setOption(.autoRead, value: true)
        return ChannelStream(channel: channel, description: description)
    }

    /// Makes a TCP stream of a channel that is open.
    static func endTCP(
        _ channel: any Channel, options: TransportOptions, tls: TLSSummary?,
        receiver: @escaping TransportReceiverFactory
    ) throws -> ChannelStream {
        if options.trace.wants(.bytes) {
            try channel.pipeline.syncOperations.addHandler(ByteTraceHandler(trace: options.trace))
        }
        let peer = addressText(channel.remoteAddress)
        let description = TransportDescription(.tcp, remoteAddress: peer, tlsSummary: tls)
        return try end(channel, description: description, receiver: receiver)
    }
}

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

/// A stream over a NIO channel whose last handler is a ``ReceiverHandler``.
struct ChannelStream: TransportStream {
    let channel: any Channel
    let description: TransportDescription

    var eventLoop: any EventLoop { channel.eventLoop }
    var isWritable: Bool { channel.isWritable }
    var queuedBytes: Int { (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) { channel.write(bytes, promise: promise) }
    func flush() { channel.flush() }

    func setReading(_ isReading: Bool) {
        // It fails on a channel that is closed already; the receiver is told of that by `ended`.
        try? channel.syncOptions?.setOption(.autoRead, value: isReading)
        channel.triggerUserOutboundEvent(StreamReading(isOn: isReading), promise: nil)
    }

    func limitMessages(to bytes: Int?) { channel.triggerUserOutboundEvent(MessageLimit(bytes: bytes), promise: nil) }
    func request(_ request: TransportRequest) { channel.triggerUserOutboundEvent(request, promise: nil) }
    func close() { channel.triggerUserOutboundEvent(StreamClosing(), promise: nil) }
    func abort() { channel.close(mode: .all, promise: nil) }
}

/// Travels down the pipeline where reading stops or starts again, for a layer that makes more of the bytes than there
/// were, and must not hand on all that one read brought.
struct StreamReading: Sendable {
    var isOn: Bool
}

/// Travels down the pipeline to the layer that has messages, which takes no larger ones from then on.
struct MessageLimit: Sendable {
    /// Nil is the limit that it had at first.
    var bytes: Int?
}

/// Travels up the pipeline where a layer has failed the stream, whose connection closes later.
struct StreamFailure: Sendable {
    let error: TransportError
}

/// Travels down the pipeline to end the stream: each layer that has a closing handshake stops it there, and sends it on
/// when that is done.
struct StreamClosing: Sendable {}
