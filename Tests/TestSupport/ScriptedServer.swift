import NIOCore
import NIOPosix
import Synchronization

/// A TCP server on a free loopback port that follows a script and keeps what it receives.
public final class ScriptedServer: Sendable {
    /// A step of the script for a connection; after the last step the server closes the connection.
    public enum Step: Sendable {
        /// Reads until this text is received; the search starts where the last wait ended.
        case awaitText(String)
        case send([UInt8])
        /// Reads until this number of bytes is received in total.
        case awaitCount(Int)
        /// Reads until this number of bytes is received after the end of the last wait.
        case awaitMore(Int)
        /// Sends the result of a function of everything received.
        case answer(@Sendable ([UInt8]) -> [UInt8])
        /// Keeps reading and calls a function for each piece received, until the client closes.
        case react(@Sendable (ByteBuffer, Peer) -> Void)
        /// Keeps reading and sends nothing, until the client closes.
        case stall
        /// Stops reading until the server is closed.
        case hold
        /// Does nothing for a while.
        case pause(Duration)
        /// Resets the connection.
        case reset

        public static func sendText(_ text: String) -> Step { .send(Array(text.utf8)) }
    }

    /// A connection, for a script that reacts to received bytes.
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
        /// Stops reading until the server is closed.
        public func stopReading() { isReading.withLock { $0 = false } }
    }

    public let port: Int
    private let listener: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>
    private let script: @Sendable (Int) -> [Step]
    private let connections = Mutex<[[UInt8]]>([])
    /// The number of connections that have ended.
    private let played = Mutex(0)
    private let sentBytes = Mutex(0)
    private let peers = Mutex<[Peer]>([])

    /// Runs the server while `body` runs.
    ///
    /// - Parameter script: returns the steps for each connection, numbered from 0.
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

    /// The steps of an HTTP server that sends this answer to one request.
    public static func http(_ status: String, headers: [String] = [], body: String = "") -> [Step] {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
        return [.awaitText("\r\n\r\n"), .sendText(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)]
    }

    /// The number of sent bytes that the system has accepted.
    public var sent: Int { sentBytes.withLock { $0 } }
    /// The number of connections that have ended.
    public var ended: Int { played.withLock { $0 } }

    /// How often a script sent more than a connection could accept at once.
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

    /// The bytes received so far on each connection, in the order in which the connections were opened.
    public var received: [[UInt8]] { connections.withLock { $0 } }

    /// Waits until there was a connection and all connections have ended, and returns the bytes received on each.
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
                        // Do not search the same bytes again, except for a possible start of the text at the end.
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
