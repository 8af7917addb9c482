import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import STOMPCore
import STOMPTransport

@testable import STOMPClient

/// A server that answers each frame as a test says, over TCP on loopback.
final class ScriptedServer: Sendable {
    /// One connection, as the script sees it.
    struct Peer: Sendable {
        let stream: any TransportStream

        func send(_ text: String) {
            stream.write(ByteBuffer(string: text), promise: nil)
            stream.flush()
        }

        /// CONNECTED as a broker that names itself says it.
        func sendConnected(_ headers: String = "server:scripted/1\nsession:s-1\nheart-beat:0,0\n") {
            send("CONNECTED\nversion:1.2\n\(headers)\n\0")
        }

        func sendReceipt(of frame: Frame) {
            guard let id = frame.headers["receipt"] else { return }
            send("RECEIPT\nreceipt-id:\(id)\n\n\0")
        }

        func sendMessage(_ body: String, subscription: String = "sub-0", id: Int = 0) {
            send("MESSAGE\nsubscription:\(subscription)\ndestination:/topic/a\nmessage-id:\(id)\n\n\(body)\0")
        }
    }

    /// A server that does what is expected: CONNECTED, and a receipt for whatever asks for one.
    static let obliging: @Sendable (Frame, Peer) -> Void = { frame, peer in
        switch frame.command {
        case .connect, .stomp: peer.sendConnected()
        default: peer.sendReceipt(of: frame)
        }
    }

    private let listener: TransportListener
    private let log: Log
    let endpoint: Endpoint

    final class Log: Sendable {
        private let entries = NIOLockedValueBox<[String]>([])
        let heartBeats = NIOLockedValueBox(0)
        let unwritable = NIOLockedValueBox(0)
        let ended = NIOLockedValueBox(0)
        func add(_ frame: Frame) { entries.withLockedValue { $0.append(frame.description) } }
        var frames: [String] { entries.withLockedValue { $0 } }
    }

    var frames: [String] { log.frames }
    var heartBeats: Int { log.heartBeats.withLockedValue { $0 } }
    /// How often a connection took nothing more.
    var timesUnwritable: Int { log.unwritable.withLockedValue { $0 } }
    var connectionsEnded: Int { log.ended.withLockedValue { $0 } }

    private final class Receiver: TransportReceiver {
        let peer: Peer
        let log: Log
        let script: @Sendable (Frame, Peer) -> Void
        var decoder = FrameDecoder()

        init(_ peer: Peer, _ log: Log, _ script: @escaping @Sendable (Frame, Peer) -> Void) {
            self.peer = peer
            self.log = log
            self.script = script
        }

        func received(_ octets: ByteBuffer) {
            decoder.feed(octets)
            while let element = try? decoder.next() {
                switch element {
                case .heartBeat: log.heartBeats.withLockedValue { $0 += 1 }
                case .frame(let frame):
                    log.add(frame)
                    script(frame, peer)
                }
            }
        }

        func receivedAll() {}
        func happened(_ event: TransportEvent) {}
        func writabilityChanged(_ isWritable: Bool) {
            if !isWritable { log.unwritable.withLockedValue { $0 += 1 } }
        }
        func ended(_ error: TransportError?) { log.ended.withLockedValue { $0 += 1 } }
    }

    private init(_ listener: TransportListener, _ log: Log) throws {
        self.listener = listener
        self.log = log
        endpoint = try Endpoint("stomp://127.0.0.1:\(listener.port)")
    }

    /// Runs `body` against a server with this script.
    static func with<Result>(
        _ script: @escaping @Sendable (Frame, Peer) -> Void = obliging,
        onOpen: @escaping @Sendable (Peer) -> Void = { _ in },
        _ body: (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let log = Log()
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: MultiThreadedEventLoopGroup.singleton, options: TransportOptions()
        ) { stream in
            let peer = Peer(stream: stream)
            onOpen(peer)
            return Receiver(peer, log, script)
        }
        let server = try ScriptedServer(listener, log)
        do {
            let result = try await body(server)
            await listener.close()
            return result
        } catch {
            await listener.close()
            throw error
        }
    }
}

/// Waits until `condition` holds; gives up after 20 s.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    let deadline = NIODeadline.now() + .seconds(20)
    while NIODeadline.now() < deadline {
        if condition() { return true }
        try? await Task.sleep(nanoseconds: 5_000_000)
    }
    return false
}
