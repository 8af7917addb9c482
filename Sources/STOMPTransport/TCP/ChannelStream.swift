import NIOCore

/// A stream over a NIO channel whose last handler is a ``ReceiverHandler``.
struct ChannelStream: TransportStream {
    let channel: any Channel
    let description: TransportDescription

    var eventLoop: any EventLoop { channel.eventLoop }
    var isWritable: Bool { channel.isWritable }
    var queuedBytes: Int { (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    func write(_ octets: ByteBuffer, promise: EventLoopPromise<Void>?) { channel.write(octets, promise: promise) }
    func flush() { channel.flush() }

    func setReading(_ isReading: Bool) {
        // It fails on a channel that is closed already; the receiver is told of that by `ended`.
        try? channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    func request(_ request: TransportRequest) { channel.triggerUserOutboundEvent(request, promise: nil) }
    func close() { channel.triggerUserOutboundEvent(StreamClosing(), promise: nil) }
    func abort() { channel.close(mode: .all, promise: nil) }
}

/// Travels down the pipeline to end the stream: each layer that has a closing handshake stops it there, and sends it on
/// when that is done.
struct StreamClosing: Sendable {}
