import NIOCore
import NIOSOCKS

/// Stands above NIO's SOCKS client, and tells what becomes of it (RFC 1928).
final class SOCKSTunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let tunnel: ProxyTunnel
    private let client: SOCKSClientHandler
    private let trace: WireTrace
    private let promise: EventLoopPromise<ByteBuffer>
    /// What came through the tunnel already.
    private var early = ByteBuffer()
    private var isOver = false

    init(
        _ tunnel: ProxyTunnel, client: SOCKSClientHandler, trace: WireTrace, promise: EventLoopPromise<ByteBuffer>
    ) {
        self.tunnel = tunnel
        self.client = client
        self.trace = trace
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        early.writeImmutableBuffer(Self.unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is SOCKSProxyEstablishedEvent, !isOver {
            isOver = true
            trace.record(.layers) { WireEvent(.proxy, .incoming, .layers, "SOCKS5 succeeded") }
            return context.endTunnel(tunnel, removing: client, promise: promise) { self.early }
        }
        if case .some(.inputClosed) = event as? ChannelEvent { fail(tunnel.brokenOff()) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(meaning(of: error)) }

    func channelInactive(context: ChannelHandlerContext) {
        fail(tunnel.brokenOff())
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { fail(tunnel.brokenOff()) }

    private func fail(_ error: TransportError) {
        guard !isOver else { return }
        isOver = true
        trace.record(.layers) { WireEvent(.proxy, .local, .layers, error.message) }
        promise.fail(error)
    }

    private func meaning(of error: any Error) -> TransportError {
        switch error {
        case let error as SOCKSError.ConnectionFailed:
            return refusal(error.reply)
        case is SOCKSError.InvalidAuthenticationSelection:
            return TransportError(
                .refused, .proxy,
                "the proxy \(tunnel.proxy) wants credentials, and SOCKS authentication is not supported",
                remedy: "use a SOCKS proxy that asks for none, or an HTTP proxy")
        case let error as SOCKSError.InvalidProtocolVersion:
            return tunnel.notSpoken(
                "does not speak SOCKS 5",
                error.actual == UInt8(ascii: "H") ? "an HTTP proxy is given as http://HOST:PORT" : nil)
        case is SOCKSError.InvalidReservedByte, is SOCKSError.InvalidAddressType, is SOCKSError.UnexpectedRead:
            return tunnel.notSpoken("sent what is no SOCKS 5")
        default:
            return tunnel.brokenOff(error)
        }
    }

    /// What a reply means (RFC 1928, section 6).
    private func refusal(_ reply: SOCKSServerReply) -> TransportError {
        let (code, words): (TransportError.Code, String) =
            switch reply {
            case .serverFailure: (.cannotConnect, "general failure")
            case .notAllowed: (.refused, "not allowed by its rules")
            case .networkUnreachable: (.cannotConnect, "network unreachable")
            case .hostUnreachable: (.cannotConnect, "host unreachable")
            case .refused: (.cannotConnect, "connection refused")
            case .ttlExpired: (.cannotConnect, "TTL expired")
            case .commandUnsupported: (.protocolViolation, "CONNECT is not supported")
            case .addressUnsupported: (.protocolViolation, "this kind of address is not supported")
            default: (.protocolViolation, "reply \(reply.value), which is none that SOCKS 5 has")
            }
        return TransportError(
            code, .proxy, "the proxy \(tunnel.proxy) makes no tunnel to \(tunnel.authority): \(words)")
    }
}
