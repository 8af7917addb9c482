import TestSupport
import Testing

/// Requests that only explain a failure are sent once per run, and only if they can help.
@Suite(.spawning) struct ProbeTests {
    private static let reconnecting = [
        "--reconnect", "5", "--reconnect-delay", "10ms", "--reconnect-max-delay", "20ms",
    ]

    @Test(arguments: ["ws://SERVER/ws", "http://SERVER/ws"], ["503 Service Unavailable", "429 Too Many Requests"])
    func aBusyServerSeesTheAttemptsAlone(url: String, answer: String) async throws {
        try await ScriptedServer.run(script: { _ in ScriptedServer.http(answer) }) { server in
            var program = Program.stomptap(
                "subscribe", url.replacing("SERVER", with: "127.0.0.1:\(server.port)"), "/a")
            program.arguments += Self.reconnecting
            let result = try await program.run()
            #expect(result.status == .exited(76), "\(result)")
            #expect(server.received.count == 6)
        }
    }

    /// If there was a session before, a 404 may be temporary: `/info` is requested once, after the first 404.
    @Test func aServerThatIsNotThereAnyMoreIsAskedOnce() async throws {
        let connected = Array("CONNECTED\nversion:1.2\nserver:s/1\nheart-beat:0,0\n\n\0".utf8)
        let session = ScriptedServer.webSocket + [.awaitMore(20), .send([0x81, UInt8(connected.count)] + connected)]
        try await ScriptedServer.run(
            script: { number in number == 0 ? session : ScriptedServer.http("404 Not Found") }
        ) { server in
            var program = Program.stomptap(
                "subscribe", "ws://127.0.0.1:\(server.port)/ws", "/a", "--http-header", ScriptedServer.webSocketKey)
            program.arguments += Self.reconnecting
            let result = try await program.run()
            #expect(result.status == .exited(76), "\(result)")
            let targets = server.received.map { request in
                String(decoding: request.prefix(100), as: UTF8.self).split(separator: " ").dropFirst().first ?? ""
            }
            #expect(targets == ["/ws", "/ws", "/ws/info", "/ws", "/ws", "/ws", "/ws"], "\(result)")
        }
    }

    /// A port that closes the connection without an answer may speak TLS.
    @Test func aSilentPortIsAskedForTLSOnce() async throws {
        try await ScriptedServer.run(.awaitText("\0")) { server in
            var program = Program.stomptap("subscribe", "stomp://127.0.0.1:\(server.port)", "/a")
            program.arguments += Self.reconnecting
            let result = try await program.run()
            #expect(result.status == .exited(69), "\(result)")
            let first = server.received.map { $0.first ?? 0 }
            #expect(first.count { $0 == UInt8(ascii: "C") } == 6)
            #expect(first.count { $0 == 0x16 } <= 1 && first.count <= 7)
        }
    }
}
