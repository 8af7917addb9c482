import NIOCore
import STOMPBroker
import STOMPClient
import STOMPCore
import TestSupport
import Testing

@testable import STOMPTap

@Suite(.timeLimit(.minutes(1))) struct TapTests {
    private static let bodies = ["", "a", "안녕하세요", String(repeating: "x", count: 70_000), "quotes \" and \\ \u{2028}"]

    @Test(arguments: Tapped.Way.allCases)
    func aSessionIsAsItWasWithoutIt(way: Tapped.Way) async throws {
        try await Tapped.run(way) { tapped, endpoint in
            let client = WatchedClient(endpoint, way: way)
            try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) { connection in
                let echoes = try await connection.subscribe(to: "/topic/echo")
                _ = try await connection.confirmation(of: echoes)
                for body in Self.bodies {
                    try await connection.send(
                        OutgoingMessage(to: "/app/echo", body: ByteBuffer(string: body), headers: ["x": "1"]))
                }
                var iterator = echoes.messages.makeAsyncIterator()
                for body in Self.bodies {
                    let message = try #require(try await iterator.next())
                    #expect(String(buffer: message.body) == body)
                }
            }
            _ = try await eventually {
                tapped.endings.count == 1 ? true : nil
            } otherwise: {
                "\(tapped.all)"
            }
            #expect(tapped.frames(.outgoing) == client.frames(.outgoing))
            #expect(tapped.frames(.incoming) == client.frames(.incoming))
            #expect(tapped.frames(.outgoing).count == 4 + Self.bodies.count - 1)
            #expect(Set(tapped.all.map(\.connection)) == [1])
            #expect(tapped.notes == [])
        }
    }

    @Test func connectionsAreCountedAndKeptApart() async throws {
        try await Tapped.run(.ws) { tapped, endpoint in
            for number in 1...3 {
                let client = WatchedClient(endpoint, way: .ws)
                try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) { _ in }
                _ = try await eventually {
                    tapped.endings.count == number ? true : nil
                } otherwise: {
                    "\(tapped.all)"
                }
            }
            #expect(Set(tapped.all.map(\.connection)) == [1, 2, 3])
            #expect(Set(tapped.all.map(\.app)).count == 3)
        }
    }

    @Test func layersAreReportedOnRequest() async throws {
        try await Tapped.run(.xhrPolling, reportsLayers: true) { tapped, endpoint in
            let client = WatchedClient(endpoint, way: .xhrPolling)
            try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) { _ in }
            let layers = tapped.layers
            #expect(layers.contains { $0.hasPrefix("http request method POST target /ws/") && $0.hasSuffix("/xhr") })
            #expect(layers.contains { $0 == "http answer status 200 reason OK" })
            #expect(layers.contains { $0 == "sockjs sock JSFrame open" })
            #expect(layers.contains { $0.hasPrefix("sockjs sock JSMessages count 1 bytes ") })
        }
        try await Tapped.run(.xhrPolling) { tapped, endpoint in
            let client = WatchedClient(endpoint, way: .xhrPolling)
            try await STOMPConnection.withConnection(to: endpoint, configuration: client.configuration) { _ in }
            #expect(tapped.layers == [])
        }
    }
}
