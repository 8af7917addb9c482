import NIOCore
import NIOPosix
import Synchronization

/// A TCP server on a free loopback port that does as it is told and keeps what it is sent.
public final class ScriptedServer: Sendable {
    /// What it does on a connection; after the last step it closes.
    public enum Step: Sendable {
        /// Reads until this has come, counted from where the last wait ended.
        case awaitText(String)
        case send([UInt8])
        /// Reads until so many bytes have come in all.
        case awaitCount(Int)
        /// Reads until so many bytes have come after the text that was waited for last.
        case awaitMore(Int)
        /// Sends what is made of all that has come.
        case answer(@Sendable ([UInt8]) -> [UInt8])
        /// Reads on, and lets a script answer each piece that comes, until the client closes.
        case react(@Sendable (ByteBuffer, Peer) -> Void)
        /// Reads on, and sends nothing, until the client closes.
        case stall
        /// Reads nothing more, until the server is closed.
        case hold
        /// Does nothing for a while.
        case pause(Duration)
        /// Closes by a reset.
        case reset

        public static func sendText(_ text: String) -> Step { .send(Array(text.utf8)) }
    }

    /// A connection, for a script that reacts to what comes.
    public final class Peer: Sendable {
        private let channel: any Channel
        fileprivate let isReading = Mutex(true)
        fileprivate let timesFull = Mutex(0)

        fileprivate init(_ channel: any Channel) { self.channel = channel }

        public func send(_ text: String) {
            channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
            if !channel.isWritable { timesFull.withLock { $0 += 1 } }
        }

        public func close() { channel.close(promise: nil) }
        /// Reads nothing more, until the server is closed.
        public func stopReading() { isReading.withLock { $0 = false } }
    }

    public let port: Int
    private let listener: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>
    private let script: @Sendable (Int) -> [Step]
    private let connections = Mutex<[[UInt8]]>([])
    /// How many of them are over.
    private let played = Mutex(0)
    private let sentBytes = Mutex(0)
    private let peers = Mutex<[Peer]>([])

    /// Runs while `body` does.
    ///
    /// - Parameter script: the steps for each connection, which are counted from 0.
    public static func run<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation, script: @escaping @Sendable (Int) -> [Step],
        _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        let server = try await ScriptedServer(script: script)
        let task = Task(executorPreference: ServerThread.shared) { try await server.serve() }
        defer { task.cancel() }
        return try await body(server)
    }

    /// Runs the same steps on each connection.
    public static func run<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ steps: Step..., body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        try await run(script: { _ in steps }, body)
    }

    /// The steps of an HTTP server that answers one request so.
    public static func http(_ status: String, headers: [String] = [], body: String = "") -> [Step] {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
        return [.awaitText("\r\n\r\n"), .sendText(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)]
    }

    /// How many bytes the system has taken, of all that was to be sent.
    public var sent: Int { sentBytes.withLock { $0 } }
    /// How many connections are over.
    public var ended: Int { played.withLock { $0 } }

    /// How often a script sent something that a connection could not take at once.
    public var timesFull: Int { peers.withLock { $0.reduce(0) { $0 + $1.timesFull.withLock { $0 } } } }

    /// The steps that open a WebSocket for a client with the header ``webSocketKey``.
    public static let webSocket: [Step] = [
        .awaitText("\r\n\r\n"),
        .sendText(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
    ]
    /// The key of RFC 6455, section 1.3.
    public static let webSocketKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

    /// What came on each connection until now, in the order of their arrival.
    public var received: [[UInt8]] { connections.withLock { $0 } }

    /// What came on each connection, when all of it has come: when there was one, and each is over.
    public func receivedWhole() async throws -> [[UInt8]] {
        try await eventually {
            let received = received
            return !received.isEmpty && played.withLock({ $0 }) == received.count ? received : nil
        } otherwise: {
            "a connection of \(received.count) goes on"
        }
    }

    private init(script: @escaping @Sendable (Int) -> [Step]) async throws {
        self.script = script
        listener = try await ServerBootstrap(group: ServerThread.shared.eventLoop)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        port = listener.channel.localAddress?.port ?? 0
    }

    private func serve() async throws {
        try await listener.executeThenClose { clients in
            await withTaskGroup { group in
                do {
                    for try await client in clients {
                        group.addTask { try? await self.play(client) }
                    }
                } catch {}
                group.cancelAll()
            }
        }
    }

    private func play(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        let number = connections.withLock { connections in
            connections.append([])
            return connections.count - 1
        }
        defer { played.withLock { $0 += 1 } }
        try await client.executeThenClose { inbound, outbound in
            var chunks = inbound.makeAsyncIterator()
            var position = 0
            func receive() async throws -> Bool {
                guard let chunk = try await chunks.next() else { return false }
                connections.withLock { $0[number] += chunk.readableBytesView }
                return true
            }
            for step in script(number) {
                switch step {
                case .awaitText(let text):
                    while true {
                        let bytes = received[number]
                        if let end = bytes[position...].firstRange(of: text.utf8)?.upperBound {
                            position = end
                            break
                        }
                        // What was looked at is not looked at again, but for what may be the beginning of it.
                        position = max(position, bytes.count - text.utf8.count + 1)
                        guard try await receive() else { return }
                    }
                case .send(let bytes):
                    try await outbound.write(ByteBuffer(bytes: bytes))
                    sentBytes.withLock { $0 += bytes.count }
                case .awaitCount(let count):
                    while received[number].count < count {
                        guard try await receive() else { return }
                    }
                case .awaitMore(let count):
                    while received[number].count < position + count {
                        guard try await receive() else { return }
                    }
                    position += count
                case .answer(let make):
                    try await outbound.write(ByteBuffer(bytes: make(received[number])))
                case .react(let react):
                    let peer = Peer(client.channel)
                    peers.withLock { $0.append(peer) }
                    while peer.isReading.withLock({ $0 }), let chunk = try await chunks.next() {
                        connections.withLock { $0[number] += chunk.readableBytesView }
                        react(chunk, peer)
                    }
                    if !peer.isReading.withLock({ $0 }) { try await Task.sleep(for: .seconds(3600)) }
                case .stall:
                    while try await receive() {}
                case .hold:
                    try await Task.sleep(for: .seconds(3600))
                case .pause(let duration):
                    try await Task.sleep(for: duration)
                case .reset:
                    guard let socket = client.channel as? any SocketOptionProvider else { return }
                    try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                    try await client.channel.close()
                    return
                }
            }
        }
    }
}
