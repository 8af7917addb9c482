import FoundationEssentials
import NIOCore

/// Asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6).
///
/// It reads the answer's head itself: NIO's HTTP decoder takes what comes behind the head of a 200 for another answer,
/// and a target that speaks first would not be heard.
final class HTTPConnectHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The most octets of the answer's head.
    static let headLimit = 16 << 10

    private let tunnel: ProxyTunnel
    private let trace: WireTrace
    private let promise: EventLoopPromise<ByteBuffer>
    /// What came and is not understood yet; once there is a tunnel, what came through it.
    private var octets = ByteBuffer()
    private var isOver = false
    private var hasFailed = false
    /// The octets of answers that came before the one that counts.
    private var informationalOctets = 0

    init(_ tunnel: ProxyTunnel, trace: WireTrace, promise: EventLoopPromise<ByteBuffer>) {
        self.tunnel = tunnel
        self.trace = trace
        self.promise = promise
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let head = "CONNECT \(tunnel.authority) HTTP/1.1\r\nHost: \(tunnel.authority)\r\n"
        let credentials = tunnel.proxy.user.map { user in
            Data("\(user):\(tunnel.proxy.password ?? "")".utf8).base64EncodedString()
        }
        trace.record(.layers) {
            let shown = credentials == nil ? "" : "Proxy-Authorization: Basic ****\r\n"
            let octets = ByteBuffer(string: head + shown + "\r\n")
            return WireEvent(.proxy, .outgoing, .layers, .head(octets), octets: octets)
        }
        let authorization = credentials.map { "Proxy-Authorization: Basic \($0)\r\n" } ?? ""
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: head + authorization + "\r\n")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasFailed else { return }
        octets.writeImmutableBuffer(Self.unwrapInboundIn(data))
        guard !isOver else { return }
        do throws(TransportError) {
            while let status = try readHead() {
                // What is only information is followed by the answer; a switch to another protocol is one itself.
                if (100..<200).contains(status.code) && status.code != 101 {
                    guard informationalOctets <= Self.headLimit else {
                        throw .proxy(.tooManyInformationalAnswers(from: tunnel.name, limit: Self.headLimit))
                    }
                    continue
                }
                if let refusal = refusal(status) { throw refusal }
                isOver = true
                return context.endTunnel(tunnel, promise: promise) { self.octets }
            }
        } catch {
            fail(error)
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
        hasFailed = true
        octets = ByteBuffer()
        promise.fail(error)
    }

    /// Takes the head of an answer off the octets, if it is whole.
    private func readHead() throws(TransportError) -> (code: Int, reason: String)? {
        let view = octets.readableBytesView
        let start = Array("HTTP/1.".utf8)
        guard view.prefix(start.count).elementsEqual(start.prefix(view.count)) else {
            let line = String(decoding: view.prefix(60).prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
            throw notHTTP(line, view.first == 5 ? .socks5 : nil)
        }
        guard let end = view.prefix(Self.headLimit).firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else {
            guard view.count < Self.headLimit else {
                throw .proxy(.headTooLarge(from: tunnel.name, limit: Self.headLimit))
            }
            return nil
        }
        let head = octets.readSlice(length: end - view.startIndex) ?? ByteBuffer()
        trace.record(.layers) { WireEvent(.proxy, .incoming, .layers, .head(head), octets: head) }
        guard case .responseHead(_, let status, let reason) = WireEvent.Content.head(head) else {
            throw notHTTP(HTTPStartLine.text(of: head), nil)
        }
        informationalOctets += head.readableBytes
        return (status, reason ?? "")
    }

    private func notHTTP(_ line: String, _ spoken: ProxyTarget.Scheme?) -> TransportError {
        .proxy(.notHTTP(from: tunnel.name, firstLine: line, spoken))
    }

    private func refusal(_ status: (code: Int, reason: String)) -> TransportError? {
        guard !(200..<300).contains(status.code) else { return nil }
        // Without the blank that some put behind it.
        let reason = status.reason.hasSuffix(" ") ? String(status.reason.dropLast()) : status.reason
        return .proxy(
            .httpRefusal(
                by: tunnel.name, askedFor: tunnel.authority, status: status.code, reason: reason,
                withCredentials: tunnel.proxy.user != nil))
    }
}
