import NIOCore
import NIOHTTP1

/// Asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6).
final class HTTPConnectHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The maximum size of the response head, in bytes.
    static let headLimit = 16 << 10

    private let tunnel: ProxyTunnel
    private let trace: WireTrace
    private let promise: EventLoopPromise<ByteBuffer>
    /// Once the tunnel is open, its unread bytes are those that came through the tunnel.
    private var reader: HTTPAnswerReader
    private var isOver = false

    init(_ tunnel: ProxyTunnel, trace: WireTrace, promise: EventLoopPromise<ByteBuffer>) {
        self.tunnel = tunnel
        self.trace = trace
        self.promise = promise
        reader = HTTPAnswerReader(trace: trace, layer: .proxy, headLimit: Self.headLimit, refusesFaults: false)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let credentials = tunnel.proxy.user.map { user in
            Base64.encode("\(user):\(tunnel.proxy.password ?? "")".utf8)
        }
        trace.record(head: request(credentials.map { _ in "****" }), .outgoing, .proxy)
        reader.expectAnswer(to: .CONNECT)
        context.writeAndFlush(Self.wrapOutboundOut(request(credentials)), promise: nil)
    }

    private func request(_ credentials: String?) -> ByteBuffer {
        var headers = HTTPHeaders([("Host", tunnel.authority)])
        if let credentials { headers.add(name: "Proxy-Authorization", value: "Basic \(credentials)") }
        var writer = HTTPWriter()
        return writer.bytes(
            of: HTTPRequestHead(version: .http1_1, method: .CONNECT, uri: tunnel.authority, headers: headers))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.append(Self.unwrapInboundIn(data))
        guard !isOver else { return }
        do throws(HTTPReader.Violation) {
            while !isOver, case .head(let head, _)? = try reader.next() {
                if let refusal = refusal(head.status) { return fail(refusal) }
                isOver = true
                context.endTunnel(tunnel, promise: promise) { self.reader.rest }
            }
        } catch {
            fail(transportError(error))
        }
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

    private func fail(_ error: TransportError) {
        guard !isOver else { return }
        isOver = true
        reader.stop()
        promise.fail(error)
    }

    private func transportError(_ violation: HTTPReader.Violation) -> TransportError {
        switch violation {
        case .notHTTP:
            let start = ByteBuffer(reader.rest.readableBytesView.prefix(60))
            let spoken: ProxyTarget.Scheme? = start.readableBytesView.first == 5 ? .socks5 : nil
            let line = HTTPStartLine.text(of: start)
            return .proxy(.notHTTP(from: tunnel.name, firstLine: line, spoken))
        case .headTooLarge:
            return .proxy(.headTooLarge(from: tunnel.name, limit: Self.headLimit))
        case .tooManyInformationalAnswers:
            return .proxy(
                .tooManyInformationalAnswers(from: tunnel.name, limit: HTTPAnswerReader.informationalLimit))
        }
    }

    private func refusal(_ status: HTTPResponseStatus) -> TransportError? {
        guard !(200..<300).contains(status.code) else { return nil }
        // Some proxies add a space after the reason; remove it.
        let reason = status.reasonPhrase
        return .proxy(
            .httpRefusal(
                by: tunnel.name, askedFor: tunnel.authority, status: Int(status.code),
                reason: reason.hasSuffix(" ") ? String(reason.dropLast()) : reason,
                withCredentials: tunnel.proxy.user != nil))
    }
}
