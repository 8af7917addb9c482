import NIOCore

/// Asks a SOCKS 5 proxy for a tunnel: performs the actions of a ``SOCKSHandshake``.
final class SOCKSTunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case handshake(SOCKSHandshake)
        /// `early` are the bytes already received through the tunnel.
        case open(early: ByteBuffer)
        case failed
    }

    private let tunnel: ProxyTunnel
    private let trace: WireTrace
    private let promise: EventLoopPromise<ByteBuffer>
    private var state: State

    init(_ tunnel: ProxyTunnel, trace: WireTrace, promise: EventLoopPromise<ByteBuffer>) {
        self.tunnel = tunnel
        self.trace = trace
        self.promise = promise
        state = .handshake(tunnel.handshake)
    }

    func handlerAdded(context: ChannelHandlerContext) { advance(context, by: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        advance(context, by: Self.unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { fail(tunnel.brokenOff()) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(tunnel.brokenOff(error)) }

    func channelInactive(context: ChannelHandlerContext) {
        fail(tunnel.brokenOff())
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { fail(tunnel.brokenOff()) }

    private func advance(_ context: ChannelHandlerContext, by bytes: ByteBuffer?) {
        switch state {
        case .failed:
            break
        case .open(var early):
            early.writeImmutableBuffer(bytes ?? ByteBuffer())
            state = .open(early: early)
        case .handshake(var handshake):
            if let bytes { handshake.receive(bytes) }
            while true {
                switch handshake.next() {
                case .wait:
                    state = .handshake(handshake)
                    return
                case .received(let answer):
                    record(.incoming, .answer, answer)
                case .send(let message):
                    record(message)
                    context.writeAndFlush(Self.wrapOutboundOut(message.bytes), promise: nil)
                case .finish(let reply, let early):
                    state = .open(early: early)
                    record(.incoming, .reply, reply)
                    trace.record(.layers) { WireEvent(.proxy, .incoming, .layers, .socks(.succeeded)) }
                    return context.endTunnel(tunnel, promise: promise) { self.early }
                case .fail(let fault):
                    return fail(tunnel.error(fault))
                }
            }
        }
    }

    private var early: ByteBuffer {
        if case .open(let early) = state { early } else { ByteBuffer() }
    }

    private func fail(_ error: TransportError) {
        guard case .handshake = state else { return }
        state = .failed
        trace.record(.layers) { WireEvent(.proxy, .local, .layers, .failed(error)) }
        promise.fail(error)
    }

    private func record(_ message: SOCKSHandshake.Message) {
        switch message.kind {
        case .greeting:
            record(.outgoing, .greeting, message.shown)
        case .credentials:
            record(.outgoing, .credentials, message.shown)
        case .connect:
            trace.record(.layers) { WireEvent(.proxy, .outgoing, .layers, .socks(.connect(to: tunnel.authority))) }
            record(.outgoing, .request, message.shown)
        }
    }

    private func record(
        _ direction: WireEvent.Direction, _ step: WireEvent.Content.SOCKSStep, _ bytes: ByteBuffer
    ) {
        trace.record(.bytes) { WireEvent(.proxy, direction, .bytes, .socks(step), bytes: bytes) }
    }
}

extension ProxyTunnel {
    fileprivate var handshake: SOCKSHandshake {
        let credentials = proxy.user.map { SOCKSHandshake.Credentials(user: $0, password: proxy.password ?? "") }
        return SOCKSHandshake(host: host, port: port, credentials: credentials)
    }

    fileprivate func error(_ fault: SOCKSHandshake.Fault) -> TransportError {
        let failure: ProxyFailure =
            switch fault {
            case .notSOCKS5(let firstByte): .notSOCKS(from: name, firstByte == UInt8(ascii: "H") ? .http : nil)
            case .authenticationRequired: .authenticationRequired(by: name)
            case .noMethodInCommon: .otherAuthenticationRequired(by: name)
            case .unofferedMethod(let method): .unofferedMethod(method, by: name)
            case .credentialsRejected: .credentialsRejected(by: name)
            case .invalidAuthenticationStatus: .invalidAnswer(toCredentialsBy: name)
            case .invalidReply: .invalidReply(toConnectBy: name)
            case .refused(let reply): .socksRefusal(by: name, askedFor: authority, SOCKSReply(reply))
            }
        return .proxy(failure)
    }
}
