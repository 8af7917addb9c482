import NIOCore
import NIOPosix

/// One attempt to connect: name, TCP, TLS, and the layer above, until it succeeds, the deadline passes, or the
/// caller cancels it. It must be used on its event loop.
final class ConnectionAttempt<Product: Sendable> {
    private let target: TransportTarget
    private let opening: ConnectionOpening<Product>
    private let options: TransportOptions
    /// The TLS context for a secure target.
    private let tls: TLSContext?
    private let eventLoop: any EventLoop
    private let deadline: NIODeadline
    private let promise: EventLoopPromise<Product>
    /// The tunnel through the proxy, if there is one.
    private var tunnel: ProxyTunnel?

    private let start = NIODeadline.now()
    /// The layer that the attempt is waiting for.
    private var layer = TransportError.Layer.name
    /// All sockets created so far: one for each address that was tried.
    private var channels: [any Channel] = []
    private var timer: Scheduled<Void>?
    private var isOver = false

    init(
        target: TransportTarget, opening: ConnectionOpening<Product>, options: TransportOptions, tls: TLSContext?,
        eventLoop: any EventLoop, deadline: NIODeadline
    ) {
        self.target = target
        self.opening = opening
        self.options = options
        self.tls = tls
        self.eventLoop = eventLoop
        self.deadline = deadline
        promise = eventLoop.makePromise()
    }

    /// The result of the attempt, or the error.
    var future: EventLoopFuture<Product> { promise.futureResult }

    func run() {
        guard !isOver else { return }
        do throws(TransportError) {
            if let proxy = options.proxy { tunnel = try ProxyTunnel(proxy, to: target, trace: options.trace) }
        } catch {
            return end(.failure(error))
        }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.timeOut() }
        connect().assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                self.connected(channel)
            case .failure(let error):
                let error = TransportError(connecting: error, to: self.peer.host, port: self.peer.port)
                self.end(.failure(self.tunnel?.unreachable(error) ?? error))
            }
        }
    }

    func cancel() { end(.failure(CancellationError())) }

    /// The host and port of the TCP connection: the proxy, or otherwise the target.
    private var peer: (host: String, port: Int) {
        tunnel.map { ($0.proxy.host, $0.proxy.port) } ?? (target.host, target.port)
    }

    private func connect() -> EventLoopFuture<any Channel> {
        let attempt = NIOLoopBound(self, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            // This class enforces the deadline itself, so NIO's timeout must not fire before it.
            .connectTimeout(min(.hours(24), deadline - start) + .seconds(1))
            .streamOptions(isOneOfMany: options.isOneOfMany)
            .channelInitializer { channel in
                attempt.value.reaches(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
        if let tunnel {
            options.trace.record(.layers) {
                WireEvent(
                    .proxy, .local, .layers, .connectingThroughProxy("\(tunnel.proxy)", to: tunnel.authority))
            }
        }
        // An address needs no name lookup, and must not wait for the lookup of another name.
        if let address = try? SocketAddress(ipAddress: peer.host, port: peer.port) {
            return bootstrap.connect(to: address)
        }
        return bootstrap.connect(host: peer.host, port: peer.port)
    }

    /// An address is known, and NIO created this socket for it.
    private func reaches(_ channel: any Channel) {
        layer = .tcp
        if channels.isEmpty {
            options.trace.record(.layers) {
                WireEvent(.tcp, .local, .layers, .connecting(to: addressText(host: peer.host, port: peer.port)))
            }
        }
        channels.append(channel)
    }

    private func connected(_ channel: any Channel) {
        guard !isOver else { return channel.close(promise: nil) }
        channels = [channel]
        options.trace.record(.layers) {
            WireEvent(.tcp, .local, .layers, .connected(to: addressText(channel.remoteAddress)))
        }
        channel.closeFuture.whenComplete { [trace = options.trace] _ in
            trace.record(.layers) { WireEvent(.tcp, .local, .layers, .closed) }
        }
        do {
            if opening.endsAsWhole { try StreamPipeline.addCloseHandler(channel, options: options) }
        } catch {
            return end(.failure(TransportError(breaking: error, with: addressText(channel.remoteAddress))))
        }
        reach(channel).assumeIsolated().flatMap { early in
            let product = self.secure(channel).assumeIsolated().flatMap { self.open(channel, $0) }
            // The handler for these bytes is in the pipeline now: TLS, or without TLS the layer above.
            if early.readableBytes > 0 {
                channel.pipeline.syncOperations.fireChannelRead(NIOAny(early))
                channel.pipeline.syncOperations.fireChannelReadComplete()
            }
            return product.nonisolated()
        }.whenComplete { result in
            self.end(
                result.mapError { TransportError(breaking: $0, with: addressText(channel.remoteAddress)) as any Error })
        }
    }

    /// Opens the tunnel on a connection to a proxy. The future returns the bytes that the target has already sent.
    private func reach(_ channel: any Channel) -> EventLoopFuture<ByteBuffer> {
        guard let tunnel else { return channel.eventLoop.makeSucceededFuture(ByteBuffer()) }
        layer = .proxy
        return tunnel.open(channel)
    }

    /// Adds TLS as the first handler, for a secure target. The future succeeds when the handshake completes.
    private func secure(_ channel: any Channel) -> EventLoopFuture<TLSSummary?> {
        guard let tls else { return channel.eventLoop.makeSucceededFuture(nil) }
        layer = .tls
        return tls.secure(
            channel, host: options.tls.serverName ?? target.host, protocols: target.kind.applicationProtocols,
            deadline: deadline, trace: options.trace)
    }

    /// Opens the layer above TCP and TLS.
    private func open(_ channel: any Channel, _ tls: TLSSummary?) -> EventLoopFuture<Product> {
        layer = opening.layer
        if let capture = options.capture {
            do {
                try PacketCapture.add(to: channel, capture)
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        return opening.open(channel, tls)
    }

    private func timeOut() {
        // TLS enforces the deadline itself, because it knows which bytes arrived and reports a more precise error.
        guard layer != .tls else { return }
        let span = Duration(deadline - start)
        if let tunnel, [.name, .tcp, .proxy].contains(layer) {
            return end(.failure(tunnel.timedOut(after: span)))
        }
        let peer = addressText(host: target.host, port: target.port)
        let error: TransportError =
            if layer == .name {
                .name(.noAnswer(for: target.host, within: span))
            } else if layer == .http, let request = opening.request {
                .http(.noAnswer(to: request, within: span))
            } else {
                .tcp(.noAnswer(from: peer, within: span))
            }
        end(.failure(opening.refusal() ?? error))
    }

    private func end(_ result: Result<Product, any Error>) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        if case .failure = result {
            for channel in channels { channel.close(promise: nil) }
        }
        channels = []
        promise.completeWith(result)
    }
}

/// How to open the layer above a connection, once TCP and, for a secure target, TLS are connected.
struct ConnectionOpening<Product: Sendable> {
    /// The layer that the attempt waits for during this step.
    let layer: TransportError.Layer
    /// The request whose response is awaited, if the layer is HTTP.
    var request: HTTPRequestSummary?
    let open: (any Channel, TLSSummary?) -> EventLoopFuture<Product>
    /// Whether the whole connection closes when the peer closes its side. False if each side is passed on separately.
    var endsAsWhole = true
    /// Returns a failure that occurred before the deadline, so that the deadline is not reported as the cause.
    var refusal: () -> TransportError? = { nil }
}

extension ConnectionOpening<any TransportStream> {
    /// A plain stream of bytes.
    static func tcp(options: TransportOptions, receiver: @escaping TransportReceiverFactory) -> Self {
        Self(layer: .tcp) { channel, tls in
            channel.eventLoop.makeCompletedFuture {
                try StreamPipeline.endTCP(channel, options: options, tls: tls, receiver: receiver)
            }
        }
    }

    /// A stream of WebSocket messages.
    static func webSocket(
        _ request: WebSocketRequest, options: TransportOptions, receiver: @escaping TransportReceiverFactory
    ) -> Self {
        var upgrade: WebSocketUpgrade?
        return Self(layer: .http, request: request.summary) { channel, tls in
            let started = WebSocketUpgrade(channel, request: request, options: options, tls: tls, receiver: receiver)
            upgrade = started
            return started.run()
        } refusal: {
            upgrade?.timelessRefusal
        }
    }
}

/// The bootstraps of client and server; NIO has no common protocol for their options.
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
    /// Sets the options of every TCP connection. Automatic reading is off until a handler is ready for the bytes.
    ///
    /// - Parameter isOneOfMany: as in ``TransportOptions/isOneOfMany``.
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
