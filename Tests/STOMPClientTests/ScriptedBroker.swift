import NIOConcurrencyHelpers
import NIOCore
import STOMPCore
import TestSupport

@testable import STOMPClient

/// A TCP server on loopback that answers each frame as the test defines.
struct ScriptedBroker {
    typealias Peer = ScriptedServer.Peer

    /// A server that behaves as expected: it sends CONNECTED, and a receipt for each frame that asks for one.
    static let obliging: @Sendable (Frame, Peer) -> Void = { frame, peer in
        switch frame.command {
        case .connect, .stomp: peer.sendConnected()
        default: peer.sendReceipt(of: frame)
        }
    }

    private let server: ScriptedServer
    private let log: NIOLockedValueBox<[String]>
    let endpoint: Endpoint

    var frames: [String] { log.withLockedValue { $0 } }
    /// How often a connection stopped accepting data.
    var timesUnwritable: Int { server.timesFull }
    var connectionsEnded: Int { server.ended }

    /// Runs `body` against a server with this script.
    ///
    /// - Parameter greeting: what the server sends before it has received anything.
    static func with<Result: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ script: @escaping @Sendable (Frame, Peer) -> Void = obliging,
        greeting: String? = nil, _ body: (ScriptedBroker) async throws -> Result
    ) async throws -> Result {
        let log = NIOLockedValueBox<[String]>([])
        let steps: @Sendable (Int) -> [ScriptedServer.Step] = { _ in
            let decoder = NIOLockedValueBox(FrameDecoder())
            return (greeting.map { [.sendText($0)] } ?? []) + [
                .react { bytes, peer in
                    decoder.withLockedValue { $0.feed(bytes) }
                    do {
                        while let element = try decoder.withLockedValue({ try $0.next() }) {
                            guard case .frame(let frame) = element else { continue }
                            log.withLockedValue { $0.append(frame.description) }
                            script(frame, peer)
                        }
                    } catch {
                        // Closes the connection on data that is not STOMP, such as a TLS handshake, as a broker does.
                        peer.close()
                    }
                }
            ]
        }
        return try await ScriptedServer.run(script: steps) { server in
            let endpoint = try Endpoint("stomp://127.0.0.1:\(server.port)")
            return try await body(ScriptedBroker(server: server, log: log, endpoint: endpoint))
        }
    }
}

extension ScriptedServer.Peer {
    /// Sends CONNECTED as a broker that names itself.
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

/// The configuration of the tests: timeouts that even a busy machine does not reach, unless the test sets others.
func configuration(_ server: ScriptedBroker, _ change: (inout ClientConfiguration) -> Void = { _ in })
    -> ClientConfiguration
{
    var configuration = ClientConfiguration(server.endpoint)
    configuration.connectTimeout = .seconds(20)
    configuration.receiptTimeout = .seconds(20)
    change(&configuration)
    return configuration
}
