import NIOCore

/// The settings of every TCP socket, and the first and last handlers of its pipeline.
enum StreamPipeline {
    /// The maximum number of bytes per socket read. It is large, because each read costs a system call and a pass
    /// through all layers.
    static let largestRead = 256 << 10
    /// The number of consecutive reads before another connection has its turn.
    static let readsInARow: UInt = 4
    /// If more than `high` bytes wait to be sent, ``TransportStream/isWritable`` is false until fewer than `low` do.
    static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 256 << 10)

    static let receiveAllocator = AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 2048, maximum: largestRead)
    /// For connections that are one of many; small, because NIO keeps the buffer of each consecutive read for reuse.
    static let smallReceiveAllocator = AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 2048, maximum: 4096)

    /// Adds the handler directly above TCP. A TLS handler goes before it, first in the pipeline; it must treat
    /// `close(mode: .output)` as the end of its own stream, report the peer's end as `ChannelEvent.inputClosed`,
    /// and complete the promise of an empty write.
    static func addCloseHandler(_ channel: any Channel, options: TransportOptions) throws {
        try channel.pipeline.syncOperations.addHandler(GracefulCloseHandler(timeout: TimeAmount(options.closeTimeout)))
    }

    /// Removes the handler of a head that ended in an upgrade; the bytes after the head go to the next handler.
    static func leave(_ context: ChannelHandlerContext, passing rest: ByteBuffer) {
        if rest.readableBytes > 0 {
            context.fireChannelRead(NIOAny(rest))
            context.fireChannelReadComplete()
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    /// Adds the receiver at the end of the pipeline of an open channel, and starts reading.
    static func end(
        _ channel: any Channel, description: TransportDescription, receiver: @escaping TransportReceiverFactory
    ) throws -> ChannelStream {
        let handler = ReceiverHandler(description: description, makeReceiver: receiver)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.syncOptions?.setOption(.autoRead, value: true)
        return ChannelStream(channel: channel, description: description)
    }

    /// Creates a TCP stream on an open channel.
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

/// Traces every byte that is received or sent. It is only in the pipeline if the trace wants bytes.
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

/// Closes the connection without losing written bytes; it is directly above TCP or TLS. It waits until the system
/// has accepted all bytes, closes the output, and closes the connection when the peer has closed its side too.
///
/// It does so on ``StreamClosing``, and after the peer has closed its side. All of it takes at most `timeout`.
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
        // The peer's close is only detected by reading.
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
        // This fails if the channel is already closed; the receiver learns of that from `ended`.
        try? channel.syncOptions?.setOption(.autoRead, value: isReading)
        channel.triggerUserOutboundEvent(StreamReading(isOn: isReading), promise: nil)
    }

    func limitMessages(to bytes: Int?) { channel.triggerUserOutboundEvent(MessageLimit(bytes: bytes), promise: nil) }
    func request(_ request: TransportRequest) { channel.triggerUserOutboundEvent(request, promise: nil) }
    func close() { channel.triggerUserOutboundEvent(StreamClosing(), promise: nil) }
    func abort() { channel.close(mode: .all, promise: nil) }
}

/// An outbound event: reading stops or resumes. It is for a layer that expands its input, and must not pass on
/// everything from one read.
struct StreamReading: Sendable {
    var isOn: Bool
}

/// An outbound event for the layer with messages: it sets the maximum message size from now on.
struct MessageLimit: Sendable {
    /// Nil restores the initial limit.
    var bytes: Int?
}

/// An inbound event: a layer has failed the stream, and the connection closes later.
struct StreamFailure: Sendable {
    let error: TransportError
}

/// An outbound event that closes the stream. A layer with a closing handshake stops the event, and passes it on
/// when the handshake is done.
struct StreamClosing: Sendable {}
