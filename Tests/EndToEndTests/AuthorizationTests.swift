import NIOCore
import TestSupport
import Testing

/// The error line after a server's refusal: it contains what was sent, and which option may help.
@Suite(.spawning) struct AuthorizationTests {
    private static let denied = "Failed to send message to ExecutorSubscribableChannel[clientInboundChannel]"
    private static let connected = "CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"
    private static let logSays = "but rejected; see the log of the application"

    private func result(
        _ arguments: [String], steps: [ScriptedServer.Step]
    ) async throws -> (result: ProgramResult, connections: Int) {
        try await ScriptedServer.run(script: { _ in steps }) { server in
            let arguments = arguments.map { $0.replacing("SERVER", with: "127.0.0.1:\(server.port)") }
            let result = try await Program(Program.stomptap().path, arguments).run()
            return (result, server.received.count)
        }
    }

    @Test func aSubscriptionThatIsDeniedIsNamed() async throws {
        let steps: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText(Self.connected), .awaitText("SUBSCRIBE"), .awaitText("\0"),
            .sendText("ERROR\nmessage:\(Self.denied)\n\n\0"), .stall,
        ]
        let without = try await result(["subscribe", "stomp://SERVER", "/topic/secret"], steps: steps).result
        #expect(without.status == .exited(1), "\(without)")
        #expect(
            without.errors
                == "stomptap: STOMP: ERROR: \(Self.denied) (last sent: SUBSCRIBE /topic/secret); send credentials: "
                + "-C 'Authorization: Bearer ...' for an interceptor, --http-header or --cookie for Spring Security\n")
        let with = try await result(
            ["subscribe", "stomp://SERVER", "/topic/secret", "-C", "Authorization: Bearer x"], steps: steps
        ).result
        #expect(
            with.errors
                == "stomptap: STOMP: ERROR: \(Self.denied) (last sent: SUBSCRIBE /topic/secret); Authorization was sent "
                + "\(Self.logSays)\n")
    }

    /// The refused subscription is not restored in the next session; the other one is. The ERROR arrives during the
    /// settle time or after it.
    @Test(arguments: ["2s", "1ms"]) func thePromptForgetsASubscriptionThatIsDenied(settle: String) async throws {
        let refused = ScriptedServer.Step.react { bytes, peer in
            guard String(buffer: bytes).contains("/topic/secret\n") else { return }
            Task {
                try await Task.sleep(for: .milliseconds(300))
                peer.send("ERROR\nmessage:Access denied\n\n\0")
            }
        }
        let steps: @Sendable (Int) -> [ScriptedServer.Step] = { number in
            [.awaitText("\0"), .sendText(Self.connected), number == 0 ? refused : .stall]
        }
        try await ScriptedServer.run(script: steps) { server in
            let result = try await Program.stomptap(
                "connect", "stomp://127.0.0.1:\(server.port)", "--keep-going", "--settle", settle, "-e",
                "sub /topic/a; sub /topic/secret; sleep 3s; subs; reconnect; status; disconnect"
            ).run()
            #expect(result.status == .exited(1), "\(result)")
            #expect(
                result.errors.contains("ERROR: Access denied (last sent: SUBSCRIBE /topic/secret); send credentials"),
                "\(result)")
            #expect(result.output.contains("/topic/a"), "\(result)")
            #expect(!result.output.contains("/topic/secret"), "\(result)")
            #expect(result.output.contains(/subscriptions +1\n/), "\(result)")
            let second = String(decoding: try await server.receivedWhole()[1], as: UTF8.self)
            #expect(second.contains("/topic/a\n") && !second.contains("/topic/secret"), "\(second)")
        }
    }

    @Test func aRefusalBySockJSComesOnce() async throws {
        try await ScriptedHTTP.run(script: { $0.path == "/ws/info" ? .info : .answer("401 Unauthorized") }) { server in
            let result = try await Program.stomptap("subscribe", "http://127.0.0.1:\(server.port)/ws", "/topic/a").run()
            #expect(result.status == .exited(77), "\(result)")
            #expect(
                result.errors.hasSuffix(
                    "/websocket; send credentials, such as --http-header 'Authorization: Bearer TOKEN'\n"), "\(result)")
            #expect(result.errors.hasPrefix("stomptap: WebSocket: 401 Unauthorized from ws://127.0.0.1:"), "\(result)")
            #expect(server.lines == ["GET /ws/info", "GET /ws/S/websocket"])
        }
    }

    @Test(arguments: [
        (
            "200 OK", [], "", 76,
            "a HandshakeInterceptor rejects the request; send credentials with --http-header or --cookie"
        ),
        (
            "302 Found", ["Location: /login"], "", 76,
            "it redirects to /login, a login page; send credentials with --cookie or --http-header"
        ),
        (
            "431 Request Header Fields Too Large", [], "", 76,
            "send smaller cookies (--cookie) or headers (--http-header)"
        ),
        (
            "400 Bad Request", [], "<center>Request Header Or Cookie Too Large</center>", 76,
            "send smaller cookies (--cookie) or headers (--http-header)"
        ),
    ])
    func anAnswerInPlaceOfAnUpgradeIsExplained(
        status: String, headers: [String], body: String, exit: Int32, advice: String
    ) async throws {
        let (result, _) = try await result(
            ["subscribe", "ws://SERVER/ws", "/topic/a"],
            steps: ScriptedServer.http(status, headers: headers, body: body))
        #expect(result.status == .exited(exit), "\(result)")
        #expect(result.errors.hasSuffix("\(advice)\n"), "\(result)")
    }

    @Test func whatWasSentIsNotAdvised() async throws {
        let (result, _) = try await result(
            ["subscribe", "ws://SERVER/ws", "/topic/a", "--http-header", "Authorization: Bearer x"],
            steps: ScriptedServer.http("401 Unauthorized"))
        #expect(result.status == .exited(77), "\(result)")
        #expect(result.errors.hasSuffix("; Authorization was sent \(Self.logSays)\n"), "\(result)")
    }
}
