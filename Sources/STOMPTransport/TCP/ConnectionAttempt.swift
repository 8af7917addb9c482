import NIOCore
import NIOPosix

/// One try to connect: name, TCP, TLS, and what is made of the connection above them, until that is done, the deadline
/// has passed, or nobody wants it any more. It lives on its event loop.
final class ConnectionAttempt<Product: Sendable> {
    private let target: TransportTarget
    private let opening: ConnectionOpening<Product>
    private let options: TransportOptions
    /// What a secure target's server is met with.
    private let tls: TLSContext?
    private let eventLoop: any EventLoop
    private let deadline: NIODeadline
    private let promise: EventLoopPromise<Product>
    /// The way through the proxy, where there is one.
    private var tunnel: ProxyTunnel?

    private let start = NIODeadline.now()
    /// The layer that is waited for.
    private var layer = TransportError.Layer.name
    /// All sockets that were made: there is one for each address that was tried.
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

    /// What was made of the connection, or why there is none.
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

    /// What is connected to: the proxy, or else the target.
    private var peer: (host: String, port: Int) {
        tunnel.map { ($0.proxy.host, $0.proxy.port) } ?? (target.host, target.port)
    }

    private func connect() -> EventLoopFuture<any Channel> {
        let attempt = NIOLoopBound(self, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            // The deadline is ours to keep: this one only must not come before it.
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
        // An address needs no name service, and must not wait behind a name that is looked up.
        if let address = try? SocketAddress(ipAddress: peer.host, port: peer.port) {
            return bootstrap.connect(to: address)
        }
        return bootstrap.connect(host: peer.host, port: peer.port)
    }

    /// An address is known, and this is the socket for it.
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
            // Whoever is to have it stands in the pipeline by now: TLS, or what was opened at once without it.
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

    /// Makes a connection to a proxy into one to the target; the future brings what the target has sent already.
    private func reach(_ channel: any Channel) -> EventLoopFuture<ByteBuffer> {
        guard let tunnel else { return channel.eventLoop.makeSucceededFuture(ByteBuffer()) }
        layer = .proxy
        return tunnel.open(channel)
    }

    /// Puts TLS first in the pipeline, where it is asked for; the future is kept when the server is verified.
    private func secure(_ channel: any Channel) -> EventLoopFuture<TLSSummary?> {
        guard let tls else { return channel.eventLoop.makeSucceededFuture(nil) }
        layer = .tls
        return tls.secure(
            channel, host: options.tls.serverName ?? target.host, protocols: target.kind.applicationProtocols,
            deadline: deadline, trace: options.trace)
    }

    /// Makes what is wanted, above whatever makes the connection safe.
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
        // TLS keeps the deadline itself, as it knows more about what came.
        guard layer != .tls else { return }
        let span = deadline - start
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

/// What is made of a connection once it stands, and once it is safe where it has to be.
struct ConnectionOpening<Product: Sendable> {
    /// The layer that is waited for then.
    let layer: TransportError.Layer
    /// What is to be answered then, where that is HTTP.
    var request: HTTPRequestSummary?
    let open: (any Channel, TLSSummary?) -> EventLoopFuture<Product>
    /// Whether the connection ends as a whole when the peer ends its half: not where both halves are passed on.
    var endsAsWhole = true
    /// What has failed already at the deadline, so that the deadline is not the cause.
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
