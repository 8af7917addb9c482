import NIOCore
import NIOPosix

/// Takes streams from others: the server's end of every transport.
public struct TransportListener: Sendable {
    /// The address that is listened on, as it was given.
    public let host: String
    /// The port that is listened on; where 0 was asked for, the one that the system chose.
    public let port: Int
    let channel: any Channel

    /// Listens for TCP connections, whose bytes are passed on as they are, behind TLS where `tls` is given. The system
    /// chooses the port where it is 0; the connections are spread over the event loops of `group`.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/cannotListen``, or ``TransportError/Kind/nameNotFound``,
    ///   or about a file of `tls`.
    public static func tcp(
        host: String, port: Int, on group: any EventLoopGroup, options: TransportOptions,
        tls: TLSServerOptions? = nil, accept: @escaping TransportReceiverFactory
    ) async throws -> TransportListener {
        try await channels(host: host, port: port, on: group, options: options, tls: tls) { channel, summary in
            try StreamPipeline.addCloseHandler(channel, options: options)
            _ = try StreamPipeline.endTCP(channel, options: options, tls: summary, receiver: accept)
        }
    }

    /// Listens for WebSocket connections (RFC 6455) at `endpoint`, and for SockJS where it has that, behind TLS where
    /// `tls` is given.
    ///
    /// - Parameter whenRefused: told of each request that is refused for its host or its origin, on the event loop of
    ///   its connection.
    /// - Throws: as ``tcp(host:port:on:options:tls:accept:)``.
    public static func webSocket(
        host: String, port: Int, on group: any EventLoopGroup, endpoint: WebSocketEndpoint, options: TransportOptions,
        tls: TLSServerOptions? = nil, whenRefused: @escaping @Sendable (AdmissionRefusal) -> Void = { _ in },
        accept: @escaping TransportReceiverFactory
    ) async throws -> TransportListener {
        let sockJS = endpoint.sockJS.map {
            SockJSService(endpoint, options: $0, transportOptions: options, accept: accept)
        }
        return try await channels(host: host, port: port, on: group, options: options, tls: tls) { channel, summary in
            try StreamPipeline.addCloseHandler(channel, options: options)
            let router: HTTPRouter = { request in
                if let refusal = endpoint.admissionRefusal(of: request) {
                    whenRefused(refusal)
                    return endpoint.answer(to: refusal)
                }
                if let refusal = endpoint.refusedHandshake(request, isSecure: summary != nil) { return refusal }
                return sockJS?.route(request, tls: summary) ?? endpoint.route(request)
            }
            try HTTPServerHandler.add(to: channel, options: options, router: router) { channel, agreement in
                let handler = try WebSocketHandler(
                    role: .server, options: options, compression: agreement.compression)
                try channel.pipeline.syncOperations.addHandler(handler)
                let description = TransportDescription(
                    .webSocket, remoteAddress: addressText(channel.remoteAddress),
                    subprotocol: agreement.subprotocol,
                    tlsSummary: summary)
                _ = try StreamPipeline.end(channel, description: description, receiver: accept)
            }
        }
    }

    /// Listens for connections that the caller makes something of: `open` is called with each once it stands, behind TLS
    /// where `tls` is given, and before anything is read from it.
    ///
    /// - Throws: as ``tcp(host:port:on:options:tls:accept:)``.
    package static func channels(
        host: String, port: Int, on group: any EventLoopGroup, options: TransportOptions, tls: TLSServerOptions?,
        open: @escaping @Sendable (any Channel, TLSSummary?) throws -> Void
    ) async throws -> TransportListener {
        let tls = try tls.map { try TLSServer($0) }
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
                        let handler = AcceptedHandler(options: options, tls: tls, open: open)
                        try channel.pipeline.syncOperations.addHandler(handler)
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

/// Opens the stream of a connection that was accepted, once it is active and knows its addresses, and TLS stands.
private final class AcceptedHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let options: TransportOptions
    private let tls: TLSServer?
    private let open: @Sendable (any Channel, TLSSummary?) throws -> Void

    init(
        options: TransportOptions, tls: TLSServer?, open: @escaping @Sendable (any Channel, TLSSummary?) throws -> Void
    ) {
        self.options = options
        self.tls = tls
        self.open = open
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        if let timeout = options.idleTimeout {
            let handlers: [any ChannelHandler] = [
                IdleStateHandler(allTimeout: timeout), IdleCloseHandler(observer: options.idleObserver),
            ]
            // Before all others, as what is above them may hold bytes back.
            for handler in handlers.reversed() {
                try? channel.pipeline.syncOperations.addHandler(handler, position: .first)
            }
        }
        let secured = tls?.secure(channel, trace: options.trace) ?? channel.eventLoop.makeSucceededFuture(nil)
        secured.assumeIsolated().whenComplete { result in
            do {
                try self.open(channel, result.get())
                context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            } catch {
                channel.close(promise: nil)
            }
        }
    }
}

/// Closes a connection over which nothing has passed for too long.
private final class IdleCloseHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let observer: @Sendable (String) -> Void

    init(observer: @escaping @Sendable (String) -> Void) { self.observer = observer }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        observer(addressText(context.channel.remoteAddress))
        context.close(promise: nil)
    }
}
