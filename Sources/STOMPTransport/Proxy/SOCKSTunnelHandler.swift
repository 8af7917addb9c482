import NIOCore

/// Asks a SOCKS 5 proxy for a tunnel: performs the actions of a ``SOCKSHandshake``.
final class SOCKSTunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case handshake(SOCKSHandshake)
        /// What came through the tunnel already.
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
                    record(.incoming, "SOCKS5 answer", answer)
                case .send(let message):
                    record(message)
                    context.writeAndFlush(Self.wrapOutboundOut(message.bytes), promise: nil)
                case .finish(let reply, let early):
                    state = .open(early: early)
                    record(.incoming, "SOCKS5 reply", reply)
                    trace.record(.layers) { WireEvent(.proxy, .incoming, .layers, "SOCKS5 succeeded") }
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
        trace.record(.layers) { WireEvent(.proxy, .local, .layers, error.message) }
        promise.fail(error)
    }

    private func record(_ message: SOCKSHandshake.Message) {
        switch message.kind {
        case .greeting:
            record(.outgoing, "SOCKS5 greeting", message.shown)
        case .credentials:
            record(.outgoing, "SOCKS5 user and password", message.shown)
        case .connect:
            trace.record(.layers) { WireEvent(.proxy, .outgoing, .layers, "SOCKS5 CONNECT \(tunnel.authority)") }
            record(.outgoing, "SOCKS5 request", message.shown)
        }
    }

    private func record(_ direction: WireEvent.Direction, _ summary: String, _ bytes: ByteBuffer) {
        trace.record(.octets) { WireEvent(.proxy, direction, .octets, summary, octets: bytes) }
    }
}

extension ProxyTunnel {
    fileprivate var handshake: SOCKSHandshake {
        let credentials = proxy.user.map { SOCKSHandshake.Credentials(user: $0, password: proxy.password ?? "") }
        return SOCKSHandshake(host: host, port: port, credentials: credentials)
    }

    fileprivate func error(_ fault: SOCKSHandshake.Fault) -> TransportError {
        switch fault {
        case .notSOCKS5(let firstByte):
            notSpoken(
                "does not speak SOCKS 5",
                firstByte == UInt8(ascii: "H") ? "an HTTP proxy is given as http://HOST:PORT" : nil)
        case .authenticationRequired:
            TransportError(
                .refused, .proxy, "the proxy \(proxy) requires authentication",
                remedy: "put user and password before its host in --proxy")
        case .noMethodInCommon:
            TransportError(
                .refused, .proxy, "the proxy \(proxy) requires an authentication other than user and password",
                remedy: "use another proxy, or change its configuration")
        case .unofferedMethod(let method):
            notSpoken("chose the authentication method \(method), which was not offered")
        case .credentialsRejected:
            TransportError(
                .refused, .proxy, "the proxy \(proxy) rejected the user or password",
                remedy: "check them in --proxy")
        case .invalidAuthenticationStatus:
            notSpoken("sent an invalid answer to user and password")
        case .invalidReply:
            notSpoken("sent an invalid answer to CONNECT")
        case .refused(let reply):
            refusal(reply)
        }
    }

    /// What a reply means (RFC 1928, section 6).
    private func refusal(_ reply: UInt8) -> TransportError {
        let (code, words): (TransportError.Kind, String) =
            switch reply {
            case 1: (.cannotConnect, "general failure")
            case 2: (.refused, "not allowed by its rules")
            case 3: (.cannotConnect, "network unreachable")
            case 4: (.cannotConnect, "host unreachable")
            case 5: (.cannotConnect, "connection refused")
            case 6: (.cannotConnect, "TTL expired")
            case 7: (.protocolViolation, "CONNECT is not supported")
            case 8: (.protocolViolation, "this kind of address is not supported")
            default: (.protocolViolation, "unknown reply \(reply)")
            }
        return TransportError(code, .proxy, "the proxy \(proxy) makes no tunnel to \(authority): \(words)")
    }
}
