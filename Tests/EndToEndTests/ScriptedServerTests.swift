import TestSupport
import Testing

struct ScriptedServerTests {
    /// Sends `request` and returns everything received until the server closes; nil after a reset.
    private func exchange(_ request: String, with server: ScriptedServer) async throws -> String? {
        try await RawExchange.answer(to: request, port: server.port)
    }

    @Test func followsItsScriptAndKeepsWhatCame() async throws {
        try await ScriptedServer.run(
            .awaitText("one\n"), .sendText("first "), .awaitText("\n"), .answer { $0.reversed() }
        ) { server in
            let answer = try await exchange("one\ntwo\n", with: server)
            #expect(answer == "first \nowt\neno")
            #expect(server.received == [Array("one\ntwo\n".utf8)])
        }
    }

    @Test func answersAsAnHTTPServer() async throws {
        try await ScriptedServer.run(
            script: { _ in ScriptedServer.http("403 Forbidden", headers: ["X: 1"], body: "no") }
        ) { server in
            let answer = try await exchange("GET / HTTP/1.1\r\n\r\n", with: server)
            #expect(answer == "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\nX: 1\r\n\r\nno")
        }
    }

    @Test func countsConnectionsAndResets() async throws {
        try await ScriptedServer.run(script: { number in
            number == 0 ? [.awaitText("a"), .reset] : [.awaitText("b"), .sendText("\(number)")]
        }) { server in
            let answers = [try await exchange("a", with: server), try await exchange("b", with: server)]
            #expect(answers == [nil, "1"])
            #expect(server.received.map { String(decoding: $0, as: UTF8.self) } == ["a", "b"])
        }
    }
}
