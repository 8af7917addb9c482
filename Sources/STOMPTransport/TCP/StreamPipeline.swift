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
