import TestSupport
import Testing

/// Tests that a time limit reached without a session is an error.
@Suite(.spawning) struct NoSessionTests {
    /// Longer than any limit here, so that there is no second attempt.
    private static let rarely = ["--reconnect", "forever", "--reconnect-delay", "60s", "--reconnect-max-delay", "60s"]

    private func run(_ arguments: [String]) async throws -> ProgramResult {
        try await Program(Program.stomptap().path, arguments).run()
    }

    /// Runs `body` with the address of a port that accepts connections and never answers.
    private func silent<Value: Sendable>(_ body: (String) async throws -> Value) async throws -> Value {
        try await ScriptedServer.run(.stall) { try await body("127.0.0.1:\($0.port)") }
    }

    private func refusal(_ port: Int) -> String {
        "stomptap: TCP: connection refused by 127.0.0.1:\(port); is the server running, and is this its port?"
    }

    private static let limits = [
        ["-W", "1s"], ["--idle-timeout", "1s"], ["-W", "1s", "--expect", "x"], ["-W", "1s", "--reconnect", "forever"],
    ]

    // MARK: No answer

    @Test(arguments: limits) func aTailOfASilentServerIs75(options: [String]) async throws {
        try await silent { place in
            let result = try await run(["subscribe", "stomp://\(place)", "/a", "--connect-timeout", "60s"] + options)
            #expect(result.status == .exited(75), "\(result)")
            #expect(result.errors == "stomptap: STOMP: no CONNECTED from stomp://\(place) in time\n")
        }
    }

    @Test func whatHasComeIsCounted() async throws {
        try await silent { place in
            let result = try await run(["subscribe", "ws://\(place)/ws", "/a", "-W", "1s", "-n", "3"])
            #expect(result.status == .exited(75), "\(result)")
            #expect(
                result.errors
                    == "stomptap: STOMP: no CONNECTED from ws://\(place)/ws in time (received 0 of 3 messages)\n")
        }
    }

    @Test func aRequestToASilentServerIs75() async throws {
        try await silent { place in
            let result = try await run([
                "request", "stomp://\(place)", "/a", "hi", "--reply", "/b", "-W", "1s", "--connect-timeout", "60s",
            ])
            #expect(result.status == .exited(75), "\(result)")
            #expect(result.errors == "stomptap: STOMP: no CONNECTED from stomp://\(place) in time\n")
        }
    }

    @Test(arguments: [
        (["--text", "ws://PLACE/a"], "WebSocket: no connection to ws://PLACE/a in time"),
        (["--echo", "http://PLACE/a"], "HTTP: no connection to http://PLACE/a in time"),
        (["--sse", "http://PLACE/a"], "HTTP: no event stream from http://PLACE/a in time"),
        (["--sse", "http://PLACE/a", "--reconnect", "forever"], "HTTP: no event stream from http://PLACE/a in time"),
        (["--connect", "stomp://PLACE"], "STOMP: no CONNECTED in time"),
    ])
    func rawAtASilentServerIs75(arguments: [String], line: String) async throws {
        try await silent { place in
            let arguments = arguments.map { $0.replacing("PLACE", with: place) }
            let result = try await run(["raw", "-W", "1s", "--connect-timeout", "60s"] + arguments)
            #expect(result.status == .exited(75), "\(result)")
            #expect(result.errors == "stomptap: \(line.replacing("PLACE", with: place))\n")
        }
    }

    // MARK: A refusal with retries

    @Test(arguments: [
        ["subscribe", "stomp://PLACE", "/a", "-W", "2s"],
        ["subscribe", "stomp://PLACE", "/a", "--idle-timeout", "2s"],
        ["subscribe", "ws://PLACE/ws", "/a", "-W", "2s", "--expect", "x"],
        ["request", "stomp://PLACE", "/a", "hi", "--reply", "/b", "-W", "2s"],
        ["raw", "--sse", "http://PLACE/a", "-W", "2s"],
    ])
    func theLastErrorIsThatOfTheProgram(arguments: [String]) async throws {
        let port = try Loopback.freePorts(1)[0]
        let arguments = arguments.map { $0.replacing("PLACE", with: "127.0.0.1:\(port)") }
        let result = try await run(arguments + Self.rarely)
        #expect(result.status == .exited(69), "\(result)")
        let lines = result.errors.split(separator: "\n").map(String.init)
        #expect(lines.count == 2 && lines[0].contains("etrying in "), "\(result)")
        #expect(lines.last == refusal(port), "\(result)")
    }

    @Test func anErrorThatIsNotTriedAgainKeepsItsStatus() async throws {
        try await ServedBroker.run(["--login", "me:right"]) { broker in
            let url = broker.tcp.replacing("://", with: "://me:wrong@")
            let result = try await run(["subscribe", url, "/a", "-W", "60s", "--reconnect", "forever"])
            #expect(result.status == .exited(77), "\(result)")
        }
    }

    // MARK: A lost session

    private static func oneMessage(_ number: Int) -> [ScriptedServer.Step] {
        guard number == 0 else { return [.stall] }
        return [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .awaitText("SUBSCRIBE\n"), .awaitText("\0"),
            .sendText("MESSAGE\nsubscription:sub-0\nmessage-id:1\ndestination:/a\n\nhello\0"),
        ]
    }

    @Test(arguments: [[], ["-n", "2"], ["--expect", "x"]])
    func aLostConnectionIs69(options: [String]) async throws {
        try await ScriptedServer.run(script: Self.oneMessage) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let result = try await run(
                ["subscribe", url, "/a", "-W", "4s", "-o", "body"] + options + Self.rarely)
            #expect(result.status == .exited(69), "\(result)")
            #expect(result.output == "hello\n")
            let account = options.contains("-n") ? "received 1 of 2 messages" : "received 1 message"
            #expect(
                result.errors.hasSuffix("stomptap: TCP: closed by the server (\(account))\n"), "\(result)")
        }
    }

    @Test func aPendingAttemptIs75() async throws {
        try await ScriptedServer.run(script: Self.oneMessage) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let result = try await run([
                "subscribe", url, "/a", "-W", "4s", "--reconnect", "forever", "--reconnect-delay", "10ms",
                "--connect-timeout", "60s",
            ])
            #expect(result.status == .exited(75), "\(result)")
            #expect(
                result.errors.hasSuffix(
                    "stomptap: STOMP: no CONNECTED from \(url) in time; before that: TCP: closed by the server "
                        + "(received 1 message)\n"), "\(result)")
        }
    }

    @Test func aRequestWhoseSessionIsLostIs69() async throws {
        let script: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .awaitText("SEND\n"), .awaitText("\0"),
        ]
        try await ScriptedServer.run(script: { $0 == 0 ? script : [.stall] }) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let result = try await run(["request", url, "/a", "hi", "--reply", "/b", "-W", "3s"] + Self.rarely)
            #expect(result.status == .exited(69), "\(result)")
            #expect(result.errors.hasSuffix("stomptap: TCP: closed by the server\n"), "\(result)")
        }
    }

    @Test func anEventStreamThatIsNotBackIs69() async throws {
        let script: [ScriptedServer.Step] = [
            .awaitText("\r\n\r\n"),
            .sendText("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\n"),
        ]
        try await ScriptedServer.run(script: { _ in script }) { server in
            let url = "http://127.0.0.1:\(server.port)/"
            let result = try await run(["raw", "--sse", url, "-W", "3s", "-n", "2"] + Self.rarely)
            #expect(result.status == .exited(69), "\(result)")
            #expect(result.errors.hasSuffix("stomptap: HTTP: the stream ended (received 1 of 2 events)\n"), "\(result)")
        }
    }

    @Test func anOpenEventStreamIs0() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
        try await ScriptedServer.run(.awaitText("\r\n\r\n"), .sendText(head), .stall) { server in
            let result = try await run(["raw", "--sse", "http://127.0.0.1:\(server.port)/", "-W", "3s", "-o", "body"])
            #expect(result.status == .exited(0) && result.errors == "", "\(result)")
            #expect(result.output == "1\n")
        }
    }

    @Test(arguments: ["wait 2 --timeout 3s", "expect x --timeout 3s", "sleep 3s"])
    func aScriptWithoutItsSessionFails(line: String) async throws {
        try await ScriptedServer.run(script: Self.oneMessage) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let result = try await run(["connect", url, "-e", "sub /a", "-e", "wait; \(line)"] + Self.rarely)
            #expect(result.status == .exited(69), "\(result)")
            #expect(result.errors.contains("closed by the server"), "\(result)")
        }
    }
}
