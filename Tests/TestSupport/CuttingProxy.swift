import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A TCP proxy on a free loopback port that resets some of the connections it passes on.
public struct CuttingProxy: Sendable {
    public let port: Int
    /// The number of connections accepted so far.
    public var connections: Int { count.withLockedValue { $0 } }

    private let count: NIOLockedValueBox<Int>
    private let channel: any Channel

    /// - Parameters:
    ///   - target: a port of 127.0.0.1.
    ///   - cuts: the number of client bytes after which a connection is reset: the first value is for the first
    ///     connection, and so on. Further connections are not reset.
    public init(to target: Int, cuts: [Int]) async throws {
        let count = NIOLockedValueBox(0)
        self.count = count
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                let number = count.withLockedValue { count in
                    count += 1
                    return count - 1
                }
                let limit = number < cuts.count ? cuts[number] : .max
                return ClientBootstrap(group: client.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: target)
                    .flatMapThrowing { server in
                        try client.pipeline.syncOperations.addHandler(PassingHandler(to: server, limit: limit))
                        try server.pipeline.syncOperations.addHandler(PassingHandler(to: client, limit: .max))
                        // The client's channel is not registered yet; its handler starts reading.
                        server.read()
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    public func stop() async { try? await channel.close().get() }
}

/// Forwards received bytes; reads more only when the other side has accepted them.
private final class PassingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let limit: Int
    private var passed = 0

    init(to other: any Channel, limit: Int) {
        self.other = other
        self.limit = limit
    }

    func channelActive(context: ChannelHandlerContext) { context.read() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        let rest = limit - passed
        passed += bytes.readableBytes
        guard passed < limit else {
            // The bytes before the cut must reach the server: they may end in the middle of a frame.
            let last = bytes.readSlice(length: min(rest, bytes.readableBytes)) ?? ByteBuffer()
            other.writeAndFlush(last).assumeIsolated().whenComplete { _ in self.reset(context) }
            return
        }
        other.writeAndFlush(bytes).assumeIsolated().whenSuccess { context.read() }
    }

    private func reset(_ context: ChannelHandlerContext) {
        _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
