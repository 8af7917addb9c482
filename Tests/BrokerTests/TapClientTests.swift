import Foundation
import TestSupport
import Testing

/// Independent clients, in node and in a browser, that use `stomptap tap`: they must receive the same as without
/// the tap, and the tap must record everything.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct TapClientTests {
    private static let plain = ["plain", "plain-binary"]
    private static let sockJS = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"]

    /// Runs sessions without the tap and with it, and compares them.
    ///
    /// - Parameters:
    ///   - address: the server's host and port.
    ///   - ways: the transports that `sessions` uses, in order.
    ///   - sessions: runs sessions with a given host and port.
    private func compare(
        _ address: String, _ ways: [String], isolation: isolated (any Actor)? = #isolation,
        _ sessions: (String) async throws -> [LoggedSession]
    ) async throws {
        let without = try await sessions(address)
        #expect(without.map(\.opened) == ways)
        #expect(without.map(\.isWhole) == ways.map { _ in true }, "\(without.map { ($0.opened, $0.closed) })")
        try await withTemporaryFolder { folder in
            let record = folder.appending(path: "record")
            let options = ["--show-secrets", "-o", "json", "--record", record.path]
            try await RunningTap.run(to: "http://\(address)", options) { tap in
                let with = try await sessions(tap.address)
                #expect(with.map(\.isWhole) == ways.map { _ in true }, "\(with.map { ($0.opened, $0.closed) })")
                #expect(with.map(\.anonymous) == without.map(\.anonymous))
                let result = try await tap.end()
                #expect(result.output == (try String(contentsOf: record, encoding: .utf8)))
                let recorded = try await LoggedSession.recorded(in: record)
                #expect(recorded.map(\.sent) == with.map(\.sent))
                #expect(recorded.map(\.received) == with.map(\.received))
            }
        }
    }

    /// Runs `stomptap serve`, and passes the port of its WebSocket to `body`.
    private func withBroker(
        _ options: String..., isolation: isolated (any Actor)? = #isolation, _ body: (Int) async throws -> Void
    ) async throws {
        var serve = Program.stomptap("serve", "--ws", "127.0.0.1:0")
        serve.arguments += options
        try await serve.start { serve in
            let written = try await serve.waitFor("/ws\n")
            let port = try #require(written.firstMatch(of: /:(\d+)\/ws/)).1
            try await body(Int(port) ?? 0)
        }
    }

    @Test(arguments: plain + sockJS)
    func nodeTalksToTheBroker(way: String) async throws {
        try await withBroker { port in
            try await compare("127.0.0.1:\(port)", [way]) { address in
                [try await SessionClient.inNode("http://\(address)/ws", way, destination: "/topic/node")]
            }
        }
    }

    /// RabbitMQ has no SockJS.
    @Test func nodeTalksToRabbitMQ() async throws {
        try await compare("127.0.0.1:\(try await RabbitMQServer.shared.webSocketPort)", ["plain"]) { address in
            [try await SessionClient.inNode("http://\(address)/ws", "plain", destination: "/topic/tapped.node")]
        }
    }

    /// The broker accepts only the origin of the page's own server; with the tap, the browser has a different origin.
    @Test func aPageTalksToTheBroker() async throws {
        let origin = "127.0.0.1:\(try Loopback.freePorts(1)[0])"
        try await withBroker("--origin", "http://\(origin)") { port in
            try await compare(page: origin, before: port, path: "/ws", Self.plain + Self.sockJS)
        }
    }

    @Test func aPageTalksToRabbitMQ() async throws {
        let origin = "127.0.0.1:\(try Loopback.freePorts(1)[0])"
        try await compare(page: origin, before: RabbitMQServer.shared.webSocketPort, path: "/ws", ["plain"])
    }

    /// It has all SockJS transports, including those for old browsers.
    @Test func aPageTalksToNode() async throws {
        let origin = "127.0.0.1:\(try Loopback.freePorts(1)[0])"
        let old = ["jsonp-polling", "htmlfile", "iframe-eventsource", "iframe-htmlfile", "iframe-xhr-polling"]
        try await compare(page: origin, before: NodeSockJSServer.shared.port, path: "/stomp", Self.sockJS + old)
    }

    private func compare(
        page origin: String, before port: Int, path: String, _ ways: [String],
        isolation: isolated (any Actor)? = #isolation
    ) async throws {
        try await SessionClient.withFront(at: origin, before: port) { front in
            var addresses: [String] = []
            try await compare(origin, ways) { address in
                addresses.append(address)
                return try await SessionClient.inBrowser(
                    front, at: address, path: path, ways, destination: "/topic/tapped.page")
            }
            #expect(addresses.count == 2)
            // The server must not see the tap's address in a host, origin or referrer.
            #expect(addresses.map { front.written.output.contains($0) } == [true, false])
        }
    }
}
