import NIOCore

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

/// Travels down the pipeline to end the stream: each layer that has a closing handshake stops it there, and sends it on
/// when that is done.
struct StreamClosing: Sendable {}
