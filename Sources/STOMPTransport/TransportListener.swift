import NIOCore
import NIOPosix

/// Takes streams from others: the server's end of every transport.
public struct TransportListener: Sendable {
    /// The address that is listened on, as it was given.
    public let host: String
    /// The port that is listened on; where 0 was asked for, the one that the system chose.
    public let port: Int
    let channel: any Channel

    /// Listens for TCP connections, whose octets are passed on as they are. The system chooses the port where it
    /// is 0; the connections are spread over the event loops of `group`.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Code/cannotListen``, or ``TransportError/Code/nameNotFound``.
    public static func tcp(
        host: String, port: Int, on group: any EventLoopGroup, options: TransportOptions,
        accept: @escaping TransportReceiverFactory
    ) async throws -> TransportListener {
        try await listen(host: host, port: port, on: group) { channel in
            try StreamPipeline.begin(channel, options: options)
            _ = try StreamPipeline.endTCP(channel, options: options, receiver: accept)
        }
    }

    /// Listens for WebSocket connections (RFC 6455) at `endpoint`.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Code/cannotListen``.
    public static func webSocket(
        host: String, port: Int, on group: any EventLoopGroup, endpoint: WebSocketEndpoint, options: TransportOptions,
        accept: @escaping TransportReceiverFactory
    ) async throws -> TransportListener {
        try await listen(host: host, port: port, on: group) { channel in
            try StreamPipeline.begin(channel, options: options)
            try HTTPServerHandler.add(to: channel, trace: options.trace, router: endpoint.route) {
                channel, subprotocol in
                try WebSocketHandler.add(to: channel, role: .server, options: options)
                let description = TransportDescription(
                    name: "WebSocket", remoteAddress: addressText(channel.remoteAddress), subprotocol: subprotocol)
                _ = try StreamPipeline.end(channel, description: description, receiver: accept)
            }
        }
    }

    private static func listen(
        host: String, port: Int, on group: any EventLoopGroup,
        open: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> TransportListener {
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        // Where the process has no more file descriptors, accepting waits for some.
                        try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                    }
                }
                .streamOptions()
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AcceptedHandler(open: open))
                    }
                }
                .bind(host: host, port: port).get()
            return TransportListener(host: host, port: channel.localAddress?.port ?? port, channel: channel)
        } catch {
            throw TransportError(listening: error, on: host, port: port)
        }
    }

    /// Stops listening. The connections that were taken go on.
    public func close() async {
        try? await channel.close().get()
    }
}

/// Opens the stream of a connection that was accepted, once it is active and knows its addresses.
private final class AcceptedHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let open: @Sendable (any Channel) throws -> Void

    init(open: @escaping @Sendable (any Channel) throws -> Void) { self.open = open }

    func channelActive(context: ChannelHandlerContext) {
        do {
            try open(context.channel)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}
