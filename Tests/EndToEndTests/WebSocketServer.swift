import NIOCore
import NIOPosix
import STOMPCore
import STOMPTransport
import Synchronization
import TestSupport

/// A STOMP server over WebSocket that answers receipts, and may ignore binary messages, as ActiveMQ does.
final class WebSocketServer: Sendable {
    struct Manner: Sendable {
        /// The headers of CONNECTED, one a line.
        var connected = "server:scripted/1\nsession:s-1\n"
        var ignoresBinary = true
        /// Whether it only answers the receipt of DISCONNECT.
        var answersOnlyDisconnect = false
    }

    /// A received frame, even if the server ignored it.
    struct Entry: Sendable {
        var command: Command
        var hasReceipt: Bool
        var isBinary: Bool
    }

    private let log = Mutex<[Entry]>([])
    private let opened = Mutex(0)
    private let listener = Mutex<TransportListener?>(nil)

    var url: String { "ws://127.0.0.1:\(listener.withLock { $0?.port ?? 0 })/ws" }
    var frames: [Entry] { log.withLock { $0 } }
    var sends: [Entry] { frames.filter { $0.command == .send } }
    /// The number of connections accepted so far.
    var connections: Int { opened.withLock { $0 } }

    private init() {}

    static func run<Value>(
        _ manner: Manner = Manner(), isolation: isolated (any Actor)? = #isolation,
        _ body: (WebSocketServer) async throws -> Value
    ) async throws -> Value {
        let server = WebSocketServer()
        let listener = try await TransportListener.webSocket(
            host: "127.0.0.1", port: 0, on: MultiThreadedEventLoopGroup.singleton,
            endpoint: WebSocketEndpoint(path: "/ws", subprotocols: ["v12.stomp"]), options: TransportOptions()
        ) { stream in
            server.opened.withLock { $0 += 1 }
            return Receiver(stream: stream, manner: manner, server: server)
        }
        server.listener.withLock { $0 = listener }
        do {
            let value = try await body(server)
            await listener.close()
            return value
        } catch {
            await listener.close()
            throw error
        }
    }

    private final class Receiver: TransportReceiver {
        let stream: any TransportStream
        let manner: Manner
        let server: WebSocketServer
        var decoder = FrameDecoder()
        var isBinary = false

        init(stream: any TransportStream, manner: Manner, server: WebSocketServer) {
            self.stream = stream
            self.manner = manner
            self.server = server
        }

        func received(_ bytes: ByteBuffer) {
            decoder.feed(bytes)
            while let element = try? decoder.next() {
                if case .frame(let frame) = element { take(frame) }
            }
        }

        private func take(_ frame: Frame) {
            let receipt = frame.headers["receipt"]
            let entry = Entry(command: frame.command, hasReceipt: receipt != nil, isBinary: isBinary)
            server.log.withLock { $0.append(entry) }
            if isBinary, manner.ignoresBinary { return }
            if frame.command == .connect { send("CONNECTED\nversion:1.2\n\(manner.connected)\n\0") }
            guard let receipt, frame.command == .disconnect || !manner.answersOnlyDisconnect else { return }
            send("RECEIPT\nreceipt-id:\(receipt)\n\n\0")
        }

        private func send(_ text: String) {
            stream.write(ByteBuffer(string: text), promise: nil)
            stream.flush()
        }

        func happened(_ event: TransportEvent) {
            if case .messages(as: let kind) = event { isBinary = kind == .binary }
        }

        func receivedAll() {}
        func writabilityChanged(_ isWritable: Bool) {}
        func ended(_ error: TransportError?) {}
    }
}
