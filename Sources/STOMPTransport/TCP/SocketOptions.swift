import NIOCore
import NIOPosix

/// The bootstraps of both ends, which NIO gives no common protocol for this.
protocol StreamBootstrap {
    func streamOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> Self
}

extension ClientBootstrap: StreamBootstrap {
    func streamOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> Self {
        channelOption(option, value: value)
    }
}

extension ServerBootstrap: StreamBootstrap {
    func streamOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> Self {
        childChannelOption(option, value: value)
    }
}

extension StreamBootstrap {
    /// What every TCP connection is set to. Nothing is read before there is somebody to take it.
    ///
    /// - Parameter isOneOfMany: as of ``TransportOptions/isOneOfMany``.
    func streamOptions(isOneOfMany: Bool = false) -> Self {
        streamOption(.autoRead, value: false)
            .streamOption(.allowRemoteHalfClosure, value: true)
            .streamOption(.tcpOption(.tcp_nodelay), value: 1)
            .streamOption(
                .recvAllocator,
                value: isOneOfMany ? StreamPipeline.smallReceiveAllocator : StreamPipeline.receiveAllocator
            )
            .streamOption(.maxMessagesPerRead, value: isOneOfMany ? UInt(1) : StreamPipeline.readsInARow)
            .streamOption(.writeBufferWaterMark, value: StreamPipeline.writeMarks)
    }
}
