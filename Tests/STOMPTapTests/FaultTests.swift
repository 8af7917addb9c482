import Foundation
import NIOConcurrencyHelpers
import NIOCore
import STOMPBroker
import STOMPClient
import STOMPCore
import TestSupport
import Testing

@testable import STOMPTap

@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    private static func client(_ endpoint: Endpoint, _ way: Tapped.Way) -> WatchedClient {
        WatchedClient(endpoint, way: way)
    }

    @Test(arguments: Tapped.Way.allCases)
    func messagesAreDropped(way: Tapped.Way) async throws {
        var faults = TapFaults()
        faults.dropsMessage = { String(buffer: $0.body).contains("lost") }
        try await Tapped.run(way, faults: faults) { tapped, endpoint in
            let client = Self.client(endpoint, way)
            try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) { connection in
                let echoes = try await connection.subscribe(to: "/topic/echo")
                _ = try await connection.confirmation(of: echoes)
                for body in ["one", "lost 1", "two", "lost 2", "three"] {
                    try await connection.send(OutgoingMessage(to: "/app/echo", body: ByteBuffer(string: body)))
                }
                var iterator = echoes.messages.makeAsyncIterator()
                for body in ["one", "two", "three"] {
                    #expect(String(buffer: try #require(try await iterator.next()).body) == body)
                }
            }
            #expect(
                tapped.faults == Array(repeating: .droppedFrame(.send, destination: "/app/echo", bodySize: 6), count: 2)
            )
            #expect(tapped.frames(.outgoing) == client.frames(.outgoing))
        }
    }

    /// An asynchronous decision may take long: other connections continue, and its own connection keeps the order.
    @Test(arguments: Tapped.Way.allCases)
    func messagesAreDroppedWhenThatIsDecided(way: Tapped.Way) async throws {
        let isHeld = NIOLockedValueBox(true)
        var faults = TapFaults()
        faults.dropsMessage = { String(buffer: $0.body).contains("lost") }
        faults.runner = { work, callBack in
            Thread {
                let results = work()
                while results.contains(true), isHeld.withLockedValue({ $0 }) { usleep(1000) }
                callBack(results)
            }.start()
        }
        try await Tapped.run(way, faults: faults) { tapped, endpoint in
            var slow = Self.client(endpoint, way).configuration
            // Without heart-beats, because the connection is silent while it waits.
            slow.session.heartBeat = HeartBeat(outgoing: 0, incoming: 0)
            try await STOMPConnection.withConnection(to: endpoint, configuration: slow) { connection in
                for body in ["1", "lost 2", "3", "lost 4", "5"] {
                    try await connection.send(OutgoingMessage(to: "/topic/a", body: ByteBuffer(string: body)))
                }
                let other = Self.client(endpoint, way)
                try await STOMPConnection.withConnection(to: endpoint, configuration: other.configuration) { other in
                    let echoes = try await other.subscribe(to: "/topic/echo")
                    let messages = try await other.subscribe(to: "/topic/a")
                    _ = try await other.confirmation(of: messages)
                    try await other.send(OutgoingMessage(to: "/app/echo", body: ByteBuffer(string: "quick")))
                    var iterator = echoes.messages.makeAsyncIterator()
                    #expect(String(buffer: try #require(try await iterator.next()).body) == "quick")
                    isHeld.withLockedValue { $0 = false }
                    let sent = try await connection.subscribe(to: "/topic/done")
                    _ = try await connection.confirmation(of: sent)
                }
            }
            let dropped = TapFault.droppedFrame(.send, destination: "/topic/a", bodySize: 6)
            #expect(tapped.faults == [dropped, dropped])
            #expect(
                tapped.frames(.outgoing).filter { $0.hasPrefix("SEND\ndestination:/topic/a") }.map {
                    String($0.dropLast().suffix(1))
                }
                    == ["1", "2", "3", "4", "5"])
        }
    }

    @Test(arguments: Tapped.Way.allCases)
    func withoutHeartBeatsTheAppLeaves(way: Tapped.Way) async throws {
        var faults = TapFaults()
        faults.dropsHeartBeats = true
        try await Tapped.run(way, faults: faults) { tapped, endpoint in
            var configuration = Self.client(endpoint, way).configuration
            // An interval at which a heart-beat is sent, and dropped, before the app leaves, even on a busy machine.
            configuration.session.heartBeat = HeartBeat(outgoing: 0, incoming: 1000)
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.withConnection(to: endpoint, configuration: configuration) { connection in
                    let clock = try await connection.subscribe(to: "/topic/silence")
                    for try await _ in clock.messages {}
                }
            }
            #expect(error?.isLoss == true)
            #expect(tapped.faults.contains(.droppedHeartBeat))
        }
    }

    @Test(arguments: [Tapped.Way.tcp, .ws, .websocket, .xhrStreaming])
    func theConnectionEndsAfterAGivenNumberOfFrames(way: Tapped.Way) async throws {
        var faults = TapFaults()
        faults.closing = .frames(4)
        try await Tapped.run(way, faults: faults) { tapped, endpoint in
            let client = Self.client(endpoint, way)
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) {
                    connection in
                    // These four are CONNECT, CONNECTED, SUBSCRIBE and RECEIPT.
                    let echoes = try await connection.subscribe(to: "/topic/echo")
                    for try await _ in echoes.messages {}
                }
            }
            #expect(error?.isLoss == true)
            #expect(tapped.faults == [.closed(code: nil)])
            #expect(tapped.frames(.outgoing).count + tapped.frames(.incoming).count == 4)
            // If the client sends with separate requests, it may miss one of these frames.
            let incoming = client.frames(.incoming).count
            #expect(incoming == 2 || way == .xhrStreaming && incoming == 1)
        }
    }

    @Test(arguments: [Tapped.Way.ws, .websocket, .xhrStreaming, .eventSource, .xhrPolling])
    func theCloseCodeIsReported(way: Tapped.Way) async throws {
        var faults = TapFaults()
        // CONNECT, CONNECTED, SUBSCRIBE, RECEIPT, MESSAGE.
        faults.closing = .frames(5)
        faults.closeCode = 3042
        try await Tapped.run(way, faults: faults) { tapped, endpoint in
            let client = Self.client(endpoint, way)
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) {
                    connection in
                    let messages = try await connection.subscribe(to: "/topic/messages")
                    _ = try await connection.confirmation(of: messages)
                    // Sent by another client, because this one must be idle: an answer to one of its own frames
                    // would arrive first.
                    let server = try Endpoint(tapped.broker.addresses[0].url)
                    _ = try await STOMPConnection.withConnection(to: server) { other in
                        try await other.send(OutgoingMessage(to: "/topic/messages", body: ByteBuffer(string: "last")))
                    }
                    for try await _ in messages.messages {}
                }
            }
            #expect("\(error as Any)".contains("3042"), "\(error as Any)")
            #expect(tapped.faults == [.closed(code: 3042)])
        }
    }

    @Test func aClientThatComesBackGetsAnotherConnection() async throws {
        var faults = TapFaults()
        faults.closing = .frames(4)
        try await Tapped.run(.ws, faults: faults) { tapped, endpoint in
            let client = Self.client(endpoint, .ws)
            let reconnection = Reconnection(
                servers: [(endpoint, client.configuration)], policy: ReconnectPolicy(delay: .milliseconds(10)))
            var sessions = 0
            try await reconnection.run { connection in
                sessions += 1
                if sessions == 3 { return }
                let echoes = try await connection.subscribe(to: "/topic/echo")
                for try await _ in echoes.messages {}
            }
            #expect(sessions == 3)
            #expect(Set(tapped.all.map(\.connection)).isSuperset(of: [1, 2, 3]))
        }
    }

    @Test(arguments: [Tapped.Way.tcp, .ws, .xhrPolling])
    func connectionsAreRefused(way: Tapped.Way) async throws {
        var faults = TapFaults()
        faults.refusal = 1
        try await Tapped.run(way, faults: faults) { tapped, endpoint in
            let client = Self.client(endpoint, way)
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) { _ in }
            }
            // The reset may arrive before the system reports the connection as established.
            #expect(error?.isRetryable(hadSession: true) == true)
            #expect(tapped.faults.contains(.connectionRefused))
        }
    }

    @Test(arguments: [Tapped.Way.tcp, .ws, .websocket, .xhrStreaming])
    func aFrozenConnectionFallsSilent(way: Tapped.Way) async throws {
        try await Tapped.run(way) { tapped, endpoint in
            var configuration = Self.client(endpoint, way).configuration
            // Long enough that even a busy machine misses no heart-beat.
            configuration.session.heartBeat = HeartBeat(outgoing: 2000, incoming: 2000)
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.withConnection(to: endpoint, configuration: configuration) { connection in
                    let echoes = try await connection.subscribe(to: "/topic/echo")
                    _ = try await connection.confirmation(of: echoes)
                    try await tapped.freeze()
                    for try await _ in echoes.messages {}
                }
            }
            #expect("\(error as Any)".contains("silent") || "\(error as Any)".contains("heart-beat"), "\(error as Any)")
            #expect(tapped.faults == [.frozen])
        }
    }

    /// Faults use the real clock; ``FaultTableTests`` covers the rest.
    @Test func everythingIsHeld() async throws {
        var faults = TapFaults()
        faults.delay = .milliseconds(30)
        try await Tapped.run(.tcp, faults: faults) { tapped, endpoint in
            let client = Self.client(endpoint, .tcp)
            let start = ContinuousClock.now
            try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) { _ in
                #expect(ContinuousClock.now - start >= .milliseconds(60))
            }
            #expect(tapped.faults == [.slowed(delay: .milliseconds(30), jitter: .zero, rate: nil)])
        }
    }
}
