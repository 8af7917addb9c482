import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct CheckTests {
    private struct Step: Decodable {
        var url: String
        var step: String
        var result: String
        var milliseconds: Double?
        var detail: String
        var remedy: String?
    }

    private func check(_ arguments: String...) async throws -> (result: ProgramResult, steps: [Step]) {
        var program = Program.stomptap("check", "-o", "json")
        program.arguments += arguments
        let result = try await program.run()
        return (result, try result.lines.map { try JSONDecoder().decode(Step.self, from: Data($0.utf8)) })
    }

    @Test func aHealthyServerIsAllGreen() async throws {
        try await ServedBroker.run(["--heart-beat", "500,500"]) { broker in
            for url in broker.urls {
                let (result, steps) = try await check(url, "--destination", "/topic/check")
                #expect(result.status == .exited(0), "\(result)")
                #expect(steps.allSatisfy { $0.result == "ok" && $0.url == url }, "\(result)")
                let names = steps.map(\.step)
                let web = url.hasPrefix("ws") ? ["upgrade", "subprotocol"] : []
                #expect(names == ["name", "tcp"] + web + ["stomp", "receipt", "echo", "heart-beat", "goodbye"])
                #expect(
                    steps.first { $0.step == "heart-beat" }?.detail.hasPrefix("received; negotiated: every 1 s") == true
                )
                #expect(steps.first { $0.step == "echo" }?.milliseconds ?? 0 > 0)
            }
        }
    }

    @Test func whatSpringLeavesOutIsAWarning() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            let url = broker.webSocket.replacing("ws://", with: "http://")
            let (result, steps) = try await check(url, "--destination", "/topic/check")
            #expect(result.status == .exited(0), "\(result)")
            // Without a scheduler Spring sends no heart-beats either.
            #expect(steps.filter { $0.result == "warn" }.map(\.step) == ["receipt", "heart-beat"])
            #expect(steps.contains { $0.step == "sockjs" && $0.detail.hasSuffix("/info: 200 OK") })
            #expect(steps.contains { $0.step == "goodbye" && $0.detail == "RECEIPT for DISCONNECT" })
        }
    }

    /// On a terminal only the report shows the failure; no error line repeats it.
    @Test func aFailureIsPrintedOnceOnATerminal() async throws {
        let refusal = ScriptedServer.Step.sendText("ERROR\nmessage:no entry\n\n\0")
        try await ScriptedServer.run(.awaitText("\0"), refusal, .stall) { server in
            let check = Program.stomptap("check", "stomp://127.0.0.1:\(server.port)")
            try await TerminalProgram.run(check, columns: 100) { terminal in
                try await terminal.wait(forEnd: .exited(77))
                let model = try await terminal.wait(for: "the failure") { model in
                    model.shown.contains { $0.contains("CONNECT was refused: no entry") }
                }
                #expect(model.shown.count { $0.contains("no entry") } == 1, "\(model.shown)")
            }
            let result = try await check.run()
            #expect(result.errors.hasPrefix("stomptap: STOMP: CONNECT was refused: no entry"), "\(result)")
        }
    }

    /// Later failures are shown, but do not change the exit status.
    @Test func theFirstFailureDecides() async throws {
        let server = ScriptedServer.Step.react { bytes, peer in
            for frame in String(buffer: bytes).split(separator: "\0") {
                if frame.contains("DISCONNECT") {
                    peer.send("ERROR\nmessage:no way out\n\n\0")
                } else if frame.contains("CONNECT\n") {
                    peer.send("CONNECTED\nversion:1.2\nserver:s/1\nheart-beat:0,0\n\n\0")
                } else if let receipt = frame.firstMatch(of: /receipt:(.*)/)?.1 {
                    peer.send("RECEIPT\nreceipt-id:\(receipt)\n\n\0")
                }
            }
        }
        try await ScriptedServer.run(server) { server in
            let (result, steps) = try await check(
                "stomp://127.0.0.1:\(server.port)", "--destination", "/topic/a", "--receipt-timeout", "300ms")
            let failed = steps.filter { $0.result == "fail" }
            #expect(failed.map(\.step) == ["echo", "goodbye"], "\(result)")
            #expect(result.status == .exited(75), "\(result)")
            #expect(failed.first.map { result.errors.contains($0.detail) } == true, "\(result)")
            #expect(!result.errors.contains("no way out"), "\(result)")
        }
    }

    @Test func whatDoesNotComeBackIs75() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            let (result, steps) = try await check(
                broker.webSocket, "--destination", "/nowhere/a", "--receipt-timeout", "3s")
            #expect(result.status == .exited(75), "\(result)")
            #expect(steps.filter { $0.result == "fail" }.map(\.step) == ["echo"])
            #expect(steps.first { $0.step == "echo" }?.remedy?.contains("outside the server's prefixes") == true)
            #expect(result.errors.hasPrefix("stomptap: STOMP: the message to /nowhere/a was not received back"))
        }
    }

    /// The server has accepted the message, so the report must not state that it was not sent.
    @Test func messagesDeliveredElsewhereCountAsSent() async throws {
        let (result, steps) = try await check("demo", "--destination", "/app/echo", "--receipt-timeout", "300ms")
        #expect(result.status == .exited(75), "\(result)")
        let echo = try #require(steps.first { $0.step == "echo" })
        #expect(echo.result == "fail" && echo.remedy?.contains("delivers the message elsewhere") == true)
    }

    @Test func aDestinationThatIsRefusedFailsTheEcho() async throws {
        try await ServedBroker.run(["--emulate", "rabbitmq"]) { broker in
            let (result, steps) = try await check(broker.tcp, "--virtual-host", "/", "--destination", "/nope/a")
            #expect(result.status == .exited(1), "\(result)")
            let last = try #require(steps.last)
            #expect(last.step == "echo" && last.result == "fail", "\(result)")
            #expect(last.remedy?.contains("/exchange/NAME") == true, "\(result)")
        }
    }

    /// An HTTP answer alone must not count as a success.
    @Test(arguments: [ScriptedHTTP.Reply.answer("200 OK", "<html></html>", type: "text/html"), .notFound])
    func aPlainWebServerFails(reply: ScriptedHTTP.Reply) async throws {
        let server = try await ScriptedHTTP { _ in reply }
        for scheme in ["ws", "http"] {
            let (result, steps) = try await check("\(scheme)://127.0.0.1:\(server.port)/x")
            #expect(result.status == .exited(76), "\(result)")
            #expect(steps.filter { $0.result == "ok" }.map(\.step) == ["name", "tcp"], "\(result)")
            #expect(steps.last?.remedy?.hasPrefix("is the path right? RabbitMQ uses /ws") == true, "\(result)")
        }
        await server.stop()
    }

    @Test func stompInPlaceOfHTTPIsNamed() async throws {
        try await ServedBroker.run { broker in
            for scheme in ["ws", "http"] {
                let (result, steps) = try await check(broker.tcp.replacing("stomp", with: scheme) + "/ws")
                #expect(steps.last?.remedy == "this port speaks STOMP without WebSocket: try stomp://", "\(result)")
            }
        }
    }

    @Test func eachFailureIsOneStepAndItsStatus() async throws {
        let port = try Loopback.freePorts(1)[0]
        try await ServedBroker.run(["--origin", "http://localhost:3000"]) { broker in
            let web = broker.webSocket
            let cases: [(url: String, arguments: [String], step: String, status: Int32)] = [
                ("stomp://nohost.invalid", [], "name", 68),
                ("stomp://127.0.0.1:\(port)", [], "tcp", 69),
                (broker.tcp.replacing("stomp://", with: "stomps://"), [], "tls", 76),
                (web + "/none", [], "upgrade", 76),
                (web, ["--origin", "http://elsewhere"], "upgrade", 77),
                (web.replacing("ws://", with: "stomp://").replacing("/ws", with: ""), [], "stomp", 76),
            ]
            for (url, arguments, step, status) in cases {
                var program = Program.stomptap("check", "-o", "json", url)
                program.arguments += arguments
                let result = try await program.run()
                #expect(result.status == .exited(status), "\(result)")
                let last = try #require(result.lines.last)
                let decoded = try JSONDecoder().decode(Step.self, from: Data(last.utf8))
                #expect(decoded.step == step && decoded.result == "fail", "\(result)")
                #expect(result.errors.split(separator: "\n").count == 1 && result.errors.contains(decoded.detail))
            }
        }
    }

    @Test func peopleGetALineForEachStep() async throws {
        let result = try await Program.stomptap("check", "demo").run()
        #expect(result.status == .exited(0), "\(result)")
        let lines = result.lines
        #expect(lines.first?.hasPrefix("stomp://127.0.0.1:") == true)
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("ok    ") })
        #expect(lines.contains { $0.contains("CONNECTED, version 1.2") })
    }

    @Test func allServersOfAListAreChecked() async throws {
        let port = try Loopback.freePorts(1)[0]
        try await ServedBroker.run { broker in
            let (result, steps) = try await check("stomp://127.0.0.1:\(port),\(broker.tcp)")
            #expect(result.status == .exited(69), "\(result)")
            #expect(Set(steps.map(\.url)) == ["stomp://127.0.0.1:\(port)", broker.tcp])
            #expect(steps.last?.step == "goodbye")
        }
    }
}
