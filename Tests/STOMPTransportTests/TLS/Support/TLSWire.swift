import COpenSSL
import NIOCore
import NIOEmbedded

@testable import STOMPTransport

/// The TLS handlers of a client and a server, connected by a wire that the test controls: no socket, no clock.
final class TLSWire {
    let loop = EmbeddedEventLoop()
    let client: End
    let server: End

    /// A channel with TLS, and the events it passed up.
    final class End {
        let channel: EmbeddedChannel
        let log = Log()
        let engine: TLSEngine
        let handler: TLSHandler
        let established: EventLoopFuture<TLSSummary?>

        init(
            _ engine: TLSEngine, on loop: EmbeddedEventLoop, deadline: NIODeadline = .distantFuture,
            trace: WireTrace = .off
        ) throws {
            let promise = loop.makePromise(of: TLSSummary?.self)
            established = promise.futureResult
            self.engine = engine
            handler = TLSHandler(engine: engine, deadline: deadline, trace: trace, established: promise)
            channel = EmbeddedChannel(loop: loop)
            try channel.pipeline.syncOperations.addHandlers(HalfClosure(), handler, log)
        }

        func start() { channel.connect(to: try! SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil) }

        func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

        /// The bytes to be sent over the wire.
        func output() throws -> ByteBuffer {
            var all = ByteBuffer()
            while var part = try channel.readOutbound(as: ByteBuffer.self) { all.writeBuffer(&part) }
            return all
        }

        /// Why the handshake failed, if it did.
        var failure: TransportError? {
            var failure: TransportError?
            established.assumeIsolated().whenFailure { failure = $0 as? TransportError }
            return failure
        }
    }

    /// An embedded channel closes both directions at once; a socket does not.
    private final class HalfClosure: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            if mode == .output { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
        }
    }

    /// Records all events passed up, in order.
    final class Log: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private(set) var entries: [String] = []
        private(set) var bytes = 0
        private(set) var errors: [any Error] = []

        func channelActive(context: ChannelHandlerContext) { entries.append("active") }
        func channelInactive(context: ChannelHandlerContext) { entries.append("inactive") }
        func channelReadComplete(context: ChannelHandlerContext) { entries.append("complete") }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            bytes += buffer.readableBytes
            entries.append("read \(buffer.readableBytes < 100 ? String(buffer: buffer) : "\(buffer.readableBytes)")")
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) { entries.append("\(event)") }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            errors.append(error)
            entries.append("error")
        }

        var error: TransportError? { errors.first as? TransportError }
    }

    init(
        client: TLSOptions = TLSOptions(ca: "ca"), server: TLSServerOptions = TLSServerOptions(),
        host: String = "localhost", protocols: [String] = [], highest: TLSVersion = .v13,
        deadline: NIODeadline = .distantFuture, trace: WireTrace = .off
    ) throws {
        let clientContext = try TLSContext(client: client)
        let version = Int(highest.number)
        SSL_CTX_ctrl(clientContext.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, version, nil)
        self.client = try End(
            TLSEngine(client: clientContext, host: host, protocols: protocols), on: loop, deadline: deadline,
            trace: trace)
        self.server = try End(TLSEngine(server: TLSContext(server: server)), on: loop)
    }

    init(client: TLSEngine, server: TLSEngine) throws {
        self.client = try End(client, on: loop)
        self.server = try End(server, on: loop)
    }

    /// Activates both channels and exchanges bytes until neither has more to send.
    func start() throws {
        client.start()
        server.start()
        try exchange()
    }

    /// Exchanges the pending bytes of both sides until neither has more to send.
    ///
    /// - Parameter piece: how many bytes arrive at once.
    func exchange(piece: Int = .max) throws {
        while true {
            let (fromClient, fromServer) = (try client.output(), try server.output())
            if fromClient.readableBytes == 0, fromServer.readableBytes == 0 { return }
            try Self.carry(fromClient, to: server, piece: piece)
            try Self.carry(fromServer, to: client, piece: piece)
        }
    }

    static func carry(_ bytes: ByteBuffer, to end: End, piece: Int = .max) throws {
        var bytes = bytes
        while let part = bytes.readSlice(length: min(piece, bytes.readableBytes)), part.readableBytes > 0 {
            guard end.channel.isActive else { return }
            try end.channel.writeInbound(part)
        }
    }

    func finish() {
        for end in [client, server] { _ = try? end.channel.finish(acceptAlreadyClosed: true) }
    }
}
