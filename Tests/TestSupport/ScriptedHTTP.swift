import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// An HTTP server on a free loopback port. It answers each request with the bytes that a script returns for it, and
/// keeps the requests. It recognizes the session ID in a SockJS path.
public final class ScriptedHTTP: Sendable {
    public struct Request: Sendable, Equatable {
        public var method: String
        /// The path with `S` in place of the session ID, and without the query: `/ws/S/xhr`.
        public var path: String
        /// The request target as received.
        public var target: String
        /// The headers, by lowercase name.
        public var headers: [String: String]
        public var body: String
        /// The number of earlier requests with the same method and path.
        public var index: Int
    }

    public enum Reply: Sendable {
        /// These bytes, unchanged.
        case bytes(String, thenCloses: Bool = false)
        /// No answer, and the connection stays open.
        case silence
        /// A reset of the connection.
        case drop
        /// The head, then the second text repeated without end.
        case endless(head: String, String)

        /// A complete answer.
        public static func answer(
            _ status: String, _ body: String = "", type: String = "text/plain", headers: String = ""
        ) -> Reply {
            .bytes(
                "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }

        /// The start of an answer that stays open.
        public static func streaming(_ body: String) -> Reply { .bytes(head + chunk(body)) }

        public static func chunk(_ body: String) -> String {
            "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n"
        }

        public static func json(_ body: String, headers: String = "") -> Reply {
            .answer("200 OK", body, type: "application/json", headers: headers)
        }

        public static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        public static let info = Reply.json(#"{"websocket":true}"#)
        public static let infoWithoutWebSocket = Reply.json(#"{"websocket":false}"#)
        public static let notFound = Reply.answer("404 Not Found", "nothing")
    }

    public typealias Script = @Sendable (Request) -> Reply

    fileprivate struct State {
        var requests: [Request] = []
        var channels: [ObjectIdentifier: any Channel] = [:]
        var opened = 0
    }

    private let state = NIOLockedValueBox(State())
    private let channel: any Channel
    public let port: Int

    public init(_ script: @escaping Script) async throws {
        let state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let id = ObjectIdentifier(channel)
                    state.withLockedValue { state in
                        state.opened += 1
                        state.channels[id] = channel
                    }
                    channel.closeFuture.whenComplete { _ in
                        state.withLockedValue { $0.channels[id] = nil }
                    }
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(state, script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    public var requests: [Request] { state.withLockedValue { $0.requests } }
    /// The methods and paths of the requests.
    public var lines: [String] { requests.map { "\($0.method) \($0.path)" } }
    /// The number of connections accepted so far, and of those that are still open.
    public var connections: (opened: Int, open: Int) { state.withLockedValue { ($0.opened, $0.channels.count) } }

    /// Waits until all connections are closed: a client that has ended must leave none open.
    public func waitForEnd() async throws {
        _ = try await eventually {
            connections.open == 0 ? true : nil
        } otherwise: {
            "\(connections.open) connections are still open after \(lines)"
        }
    }

    public func stop() async {
        try? await channel.close().get()
        for channel in state.withLockedValue({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }

    /// Runs the server while `body` runs.
    public static func run<Value>(
        isolation: isolated (any Actor)? = #isolation, script: @escaping Script,
        _ body: (ScriptedHTTP) async throws -> Value
    ) async throws -> Value {
        let server = try await ScriptedHTTP(script)
        do {
            let value = try await body(server)
            await server.stop()
            return value
        } catch {
            await server.stop()
            throw error
        }
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: NIOLockedValueBox<ScriptedHTTP.State>
    private let script: ScriptedHTTP.Script
    private var bytes = ByteBuffer()
    private var endless: ByteBuffer?

    init(_ state: NIOLockedValueBox<ScriptedHTTP.State>, _ script: @escaping ScriptedHTTP.Script) {
        self.state = state
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes.writeImmutableBuffer(Self.unwrapInboundIn(data))
        while var request = nextRequest() {
            state.withLockedValue { state in
                request.index = state.requests.count { $0.method == request.method && $0.path == request.path }
                state.requests.append(request)
            }
            reply(script(request), context)
        }
    }

    private func nextRequest() -> ScriptedHTTP.Request? {
        let text = String(buffer: bytes)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        guard words.count > 1 else { return nil }
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), String(parts.last?.drop { $0 == " " } ?? ""))
        }
        let headers = Dictionary(fields) { first, second in "\(first), \(second)" }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        let head = text.utf8.distance(from: text.startIndex, to: end.upperBound)
        guard bytes.readableBytes >= head + length else { return nil }
        bytes.moveReaderIndex(forwardBy: head)
        return ScriptedHTTP.Request(
            method: words[0],
            path: String(words[1].prefix { $0 != "?" }).replacing(/\/[0-9]{3}\/[a-z0-5]{16}\//, with: "/S/"),
            target: words[1], headers: headers, body: bytes.readString(length: length) ?? "", index: 0)
    }

    private func reply(_ reply: ScriptedHTTP.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .bytes(let text, let closes):
            let sent = context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: text)))
            if closes { sent.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
        case .silence:
            break
        case .drop:
            (context.channel as? any SocketOptionProvider)?
                .setSoLinger(linger(l_onoff: 1, l_linger: 0)).assumeIsolated().whenComplete { _ in
                    context.close(promise: nil)
                }
        case .endless(let head, let text):
            context.write(Self.wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
            endless = ByteBuffer(string: String(repeating: text, count: 16 << 10 / text.utf8.count))
            fill(context)
        }
    }

    /// Writes one piece at a time, so that the event loop can also serve the other side.
    private func fill(_ context: ChannelHandlerContext) {
        guard let endless, context.channel.isWritable, context.channel.isActive else { return }
        context.writeAndFlush(Self.wrapOutboundOut(endless), promise: nil)
        context.eventLoop.assumeIsolated().execute { self.fill(context) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { fill(context) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
