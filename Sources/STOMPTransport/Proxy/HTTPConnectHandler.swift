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
        let line = "CONNECT \(tunnel.authority) HTTP/1.1"
        let head = "\(line)\r\nHost: \(tunnel.authority)\r\n"
        let credentials = tunnel.proxy.user.map { user in
            Data("\(user):\(tunnel.proxy.password ?? "")".utf8).base64EncodedString()
        }
        trace.record(.layers) {
            let shown = credentials == nil ? "" : "Proxy-Authorization: Basic ****\r\n"
            return WireEvent(.proxy, .outgoing, .layers, line, octets: ByteBuffer(string: head + shown + "\r\n"))
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
                        throw TransportError(
                            .limitExceeded, .proxy,
                            "the proxy \(tunnel.proxy) sent more than \(Self.headLimit) octets of informational answers "
                                + "and no final one")
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
    private func readHead() throws(TransportError) -> (code: Int, line: String)? {
        let view = octets.readableBytesView
        let start = Array("HTTP/1.".utf8)
        guard view.prefix(start.count).elementsEqual(start.prefix(view.count)) else {
            let line = String(decoding: view.prefix(60).prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
            throw tunnel.notSpoken(
                "answered \"\(printable(line))\", which is no HTTP",
                view.first == 5 ? "a SOCKS proxy is given as socks5://HOST:PORT" : nil)
        }
        guard let end = view.prefix(Self.headLimit).firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else {
            guard view.count < Self.headLimit else {
                throw TransportError(
                    .limitExceeded, .proxy,
                    "the head of the answer of the proxy \(tunnel.proxy) is longer than \(Self.headLimit) octets")
            }
            return nil
        }
        let head = octets.readSlice(length: end - view.startIndex) ?? ByteBuffer()
        let line = String(decoding: head.readableBytesView.prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
        trace.record(.layers) { WireEvent(.proxy, .incoming, .layers, line, octets: head) }
        let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, words[1].prefix(while: { $0 != " " }).utf8.count == 3,
            let code = Int(words[1].prefix(3)), code >= 100
        else { throw tunnel.notSpoken("answered \"\(printable(line, limit: 60))\", which is no HTTP") }
        informationalOctets += head.readableBytes
        return (code, printable(words[1]))
    }

    private func refusal(_ status: (code: Int, line: String)) -> TransportError? {
        let answer = "\(status.line.trimmed) from the proxy \(tunnel.proxy), asked for a tunnel to \(tunnel.authority)"
        switch status.code {
        case 200..<300:
            return nil
        case 407 where tunnel.proxy.user != nil:
            return TransportError(
                .refused, .proxy, answer, remedy: "the proxy does not take these credentials: see --proxy")
        case 407:
            return TransportError(
                .refused, .proxy, answer,
                remedy: "the proxy requires credentials: put user and password before its host in --proxy")
        case 403:
            return TransportError(
                .refused, .proxy, answer, remedy: "the proxy's rules do not allow this host or port")
        case 500...:
            return TransportError(
                .protocolViolation, .proxy, answer, remedy: "the proxy could not reach that host and port")
        default:
            return TransportError(.protocolViolation, .proxy, answer)
        }
    }
}

extension String {
    /// Without the blank that stands before an empty reason phrase.
    fileprivate var trimmed: Substring { hasSuffix(" ") ? dropLast() : self[...] }
}
