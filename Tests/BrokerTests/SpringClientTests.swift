import Foundation
import TestSupport
import Testing

/// Independent clients, in node and in a browser, with `serve --emulate spring`. They use the features in the
/// README's Spring section: a topic, and a handler's reply on a user queue.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct SpringClientTests {
    private static let ways = ["plain", "plain-binary", "websocket", "xhr-streaming", "eventsource", "xhr-polling"]

    private func withBroker(
        _ options: [String], isolation: isolated (any Actor)? = #isolation, _ body: (Int) async throws -> Void
    ) async throws {
        var serve = Program.stomptap("serve", "--ws", "127.0.0.1:0", "--reply")
        serve.arguments += [#"/app/price=/user/queue/price {"id": {{body .id}}, "price": 9.5}"#] + options
        try await serve.start { serve in
            let written = try await serve.waitFor("/ws\n")
            let port = try #require(written.firstMatch(of: /:(\d+)\/ws/)).1
            try await body(Int(port) ?? 0)
        }
    }

    @Test(arguments: ways, ["spring", "spring-5", "spring-4"])
    func nodeRunsASession(way: String, profile: String) async throws {
        try await withBroker(["--emulate", profile]) { port in
            let base = "http://127.0.0.1:\(port)/ws" + (way.hasPrefix("plain") ? "/websocket" : "")
            let session = try await SessionClient.inNode(base, way, destination: "/topic/room.1")
            #expect(session.opened == way)
            #expect(session.isWhole, "\(session)")
            #expect(session.received.first == "CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0")
            let price = try #require(session.received.dropFirst().first)
            let type = profile == "spring-4" ? "application/json;charset=UTF-8" : "application/json"
            #expect(
                price.contains(/MESSAGE\ndestination:\/user\/queue\/price\ncontent-type:[^\n]*\nsubscription:price\n/))
            #expect(price.contains("\ncontent-type:\(type)\n"))
            #expect(price.hasSuffix("\n\n{\"id\": 42, \"price\": 9.5}\0"))
        }
    }

    @Test(arguments: [["plain"], ["websocket", "xhr-streaming", "eventsource", "xhr-polling"]])
    func aPageRunsASession(ways: [String]) async throws {
        let origin = "127.0.0.1:\(try Loopback.freePorts(1)[0])"
        let path = ways == ["plain"] ? "/ws/websocket" : "/ws"
        try await withBroker(["--emulate", "spring", "--origin", "http://\(origin)"]) { port in
            try await SessionClient.withFront(at: origin, before: port) { front in
                let sessions = try await SessionClient.inBrowser(
                    front, at: origin, path: path, ways, destination: "/topic/room.1")
                #expect(sessions.map(\.opened) == ways)
                #expect(sessions.map(\.isWhole) == ways.map { _ in true }, "\(sessions)")
            }
        }
    }
}
