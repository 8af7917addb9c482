import NIOCore
import NIOPosix

/// Accepts streams: the server side of every transport.
public struct TransportListener: Sendable {
    /// The listening address, as given.
    public let host: String
    /// The listening port; if 0 was given, the port that the system chose.
    public let port: Int
    let channel: any Channel

    /// Listens for TCP connections and passes their bytes on unchanged, with TLS if `tls` is given. If `port` is
    /// 0, the system chooses the port. The connections are distributed over the event loops of `group`.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/cannotListen`` or
    ///   ``TransportError/Kind/nameNotFound``, or if a file of `tls` cannot be used.
    public static func tcp(
        host: String, port: Int, on group: any EventLoopGroup, options: TransportOptions,
        tls: TLSServerOptions? = nil, accept: @escaping TransportReceiverFactory
    ) async throws -> TransportListener {
        try await channels(host: host, port: port, on: group, options: options, tls: tls) { channel, summary in
            try StreamPipeline.addCloseHandler(channel, options: options)
            _ = try StreamPipeline.endTCP(channel, options: options, tls: summary, receiver: accept)
        }
    }

    /// Listens for WebSocket connections (RFC 6455) at `endpoint`, and for SockJS if the endpoint has it, with TLS
    /// if `tls` is given.
    ///
    /// - Parameter whenRefused: called for each request that is rejected because of its host or origin, on the
    ///   event loop of its connection.
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

    /// Listens for connections and passes them on as channels: `open` is called with each connection once it is
    /// established, with TLS if `tls` is given, and before anything is read from it.
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
                        // If the process has no free file descriptors, accepting pauses until there are some.
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

    /// Stops listening. Accepted connections stay open.
    public func close() async {
        try? await channel.close().get()
    }
}

/// Opens the stream of an accepted connection, once it is active and has its addresses, and TLS is established.
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
                IdleStateHandler(allTimeout: TimeAmount(timeout)), IdleCloseHandler(observer: options.idleObserver),
            ]
            // First in the pipeline, because handlers above may hold bytes back.
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

/// Closes a connection that has been idle too long.
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
