import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A proxy on a free loopback port. It resolves every host name to 127.0.0.1, so a name that only the proxy can
/// resolve shows that the proxy resolved it.
public struct ScriptedProxy: Sendable {
    public enum Manner: Sendable {
        /// HTTP CONNECT. `early` is sent with the 200, as a target that sends first would do.
        case http(early: String = "")
        /// SOCKS 5. `early` is sent with the reply; `login` is the only accepted `user:password`, or nil if no
        /// login is needed.
        case socks(early: String = "", login: String? = nil)
        /// Answers the first bytes with these; then closes, or keeps reading.
        case answer([UInt8], closes: Bool)
        /// SOCKS 5 with this reply.
        case socksReply([UInt8])
    }

    public let port: Int
    /// What each connection requested, as received.
    public var requests: [String] { state.withLockedValue { $0.requests } }
    /// The number of connections accepted so far, and of those that have ended.
    public var connections: (opened: Int, ended: Int) { state.withLockedValue { ($0.opened, $0.ended) } }

    fileprivate struct State {
        var requests: [String] = []
        var opened = 0
        var ended = 0
    }

    private let state: NIOLockedValueBox<State>
    private let channel: any Channel

    public init(_ manner: Manner) async throws {
        let state = NIOLockedValueBox(State())
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ProxyHandler(manner, state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    public var http: String { "http://127.0.0.1:\(port)" }
    public var socks: String { "socks5://127.0.0.1:\(port)" }

    public func stop() async { try? await channel.close().get() }
}

private final class ProxyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let manner: ScriptedProxy.Manner
    private let state: NIOLockedValueBox<ScriptedProxy.State>
    private var request = ByteBuffer()
    private var isGreeted = false
    private var isAdmitted = false
    private var isAnswered = false
    private var target: (any Channel)?

    init(_ manner: ScriptedProxy.Manner, _ state: NIOLockedValueBox<ScriptedProxy.State>) {
        self.manner = manner
        self.state = state
    }

    func channelActive(context: ChannelHandlerContext) { state.withLockedValue { $0.opened += 1 } }

    func channelInactive(context: ChannelHandlerContext) {
        state.withLockedValue { $0.ended += 1 }
        target?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
        if let target { return target.writeAndFlush(bytes, promise: nil) }
        request.writeImmutableBuffer(bytes)
        guard !isAnswered else { return }
        switch manner {
        case .http(let early): takeConnect(context, early)
        case .socks(let early, let login): takeSOCKS(context, login: login, reply: nil, early)
        case .socksReply(let reply): takeSOCKS(context, login: nil, reply: reply, "")
        case .answer(let answer, let closes):
            isAnswered = true
            let sent = context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: answer)))
            if closes { sent.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
        }
    }

    private func takeConnect(_ context: ChannelHandlerContext, _ early: String) {
        let head = String(buffer: request)
        guard head.hasSuffix("\r\n\r\n") else { return }
        state.withLockedValue { $0.requests.append(head) }
        let authority = head.split(separator: " ")[1]
        connect(context, port: Int(authority.split(separator: ":").last ?? "") ?? 0) {
            ByteBuffer(
                string: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection established\r\nVia: 1\r\n\r\n" + early)
        }
    }

    private func takeSOCKS(_ context: ChannelHandlerContext, login: String?, reply: [UInt8]?, _ early: String) {
        let bytes = Array(request.readableBytesView)
        func answer(_ answer: [UInt8]) {
            request.clear()
            context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
        }
        if !isGreeted {
            guard bytes.count >= 2, bytes.count >= 2 + Int(bytes[1]) else { return }
            isGreeted = true
            isAdmitted = login == nil
            let method: UInt8 = login == nil ? 0 : 2
            return answer([5, bytes[2...].contains(method) ? method : 0xFF])
        }
        if !isAdmitted {
            guard bytes.count >= 2, bytes.count > 2 + Int(bytes[1]) else { return }
            let (user, rest) = (bytes[2...].prefix(Int(bytes[1])), bytes[(2 + Int(bytes[1]))...])
            guard let length = rest.first, rest.count >= 1 + Int(length) else { return }
            let given = String(decoding: user + [UInt8(ascii: ":")] + rest.dropFirst(), as: UTF8.self)
            isAdmitted = bytes[0] == 1 && given == login
            return answer([1, isAdmitted ? 0 : 1])
        }
        guard bytes.count > 4 else { return }
        let length = bytes[3] == 3 ? 1 + Int(bytes[4]) : bytes[3] == 4 ? 16 : 4
        guard bytes.count >= 4 + length + 2 else { return }
        let host =
            bytes[3] == 3
            ? String(decoding: bytes[5..<(4 + length)], as: UTF8.self)
            : bytes[4..<(4 + length)].map { "\($0)" }.joined(separator: ".")
        let port = Int(bytes[4 + length]) << 8 | Int(bytes[5 + length])
        state.withLockedValue { $0.requests.append("\(host):\(port)") }
        if let reply {
            isAnswered = true
            return context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: reply)), promise: nil)
        }
        let answer: [UInt8] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        connect(context, port: port) { ByteBuffer(bytes: answer + Array(early.utf8)) }
    }

    private func connect(_ context: ChannelHandlerContext, port: Int, answer: @escaping () -> ByteBuffer) {
        isAnswered = true
        let client = context.channel
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Glue(client))
                }
            }
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: port).assumeIsolated().whenComplete { result in
                guard case .success(let target) = result else { return context.close(promise: nil) }
                self.target = target
                context.writeAndFlush(Self.wrapOutboundOut(answer()), promise: nil)
                try? target.syncOptions?.setOption(.autoRead, value: true)
            }
    }
}

/// Forwards what the target sends.
private final class Glue: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: any Channel

    init(_ client: any Channel) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        client.writeAndFlush(Self.unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
