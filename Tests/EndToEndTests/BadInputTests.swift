import Foundation
import TestSupport
import Testing

/// Wrong input of any kind: one line with the layer, the cause and the fix, and the correct exit status.
@Suite(.spawning) struct BadInputTests {
    private func expect(
        _ status: Int32, _ parts: [String], _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var program = Program.stomptap()
        program.arguments = arguments
        let result = try await program.run()
        #expect(result.status == .exited(status), "\(result)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(result.errors.contains(part), "\(part) is missing in \(result)", sourceLocation: sourceLocation)
        }
        if status != 64 || result.errors.hasPrefix("stomptap:") {
            #expect(result.errors.hasPrefix("stomptap: "), "\(result)", sourceLocation: sourceLocation)
            #expect(
                result.errors.split(separator: "\n").count == 1, "more than one line: \(result)",
                sourceLocation: sourceLocation)
        }
        #expect(result.output == "", sourceLocation: sourceLocation)
    }

    /// If a standard stream is closed, the program must not use another descriptor with that number in its place;
    /// it reports the closed stream.
    @Test(arguments: [
        ("check demo >&-", Int32(74), "standard output: cannot write: file descriptor closed"),
        ("publish demo /topic/a <&-", 66, "stdin: file descriptor closed"),
    ])
    func aStreamThatIsClosedIsNamed(line: String, status: Int32, error: String) async throws {
        let result = try await Program("/bin/sh", ["-c", "exec \(Program.stomptap().path) \(line)"]).run()
        #expect(result.status == .exited(status), "\(result)")
        #expect(result.errors == "stomptap: \(error)\n", "\(result)")
    }

    @Test(arguments: [
        (["publish", "demo", "/a", "-f", "/none/x"], "--file"),
        (["publish", "demo", "/a", "-l", "-f", "/none/x"], "--file"),
        (["publish", "demo", "--json-lines", "/none/x"], "--json-lines"),
        (["subscribe", "demo", "/a", "--passcode-file", "/none/x"], "--passcode-file"),
        (["subscribe", "demo", "/a", "--record", "/none/x"], "--record"),
        (["subscribe", "demo", "/a", "-n", "1", "--ready-file", "/none/x"], "--ready-file"),
        (["check", "demo", "--trace-file", "/none/x"], "--trace-file"),
    ])
    func anOptionsFileThatCannotBeOpenedIsNamedWithIt(arguments: [String], option: String) async throws {
        var program = Program.stomptap()
        program.arguments = arguments
        let result = try await program.run()
        #expect(result.errors == "stomptap: \(option): /none/x: no such file or directory\n", "\(result)")
    }

    @Test func aPortThatNobodyListensOn() async throws {
        let port = try Loopback.freePorts(1)[0]
        try await expect(69, ["TCP", "refused", "\(port)"], ["publish", "stomp://127.0.0.1:\(port)", "/a", "hi"])
        try await expect(69, ["TCP", "refused"], ["subscribe", "ws://127.0.0.1:\(port)/ws", "/a"])
    }

    /// Swift would replace the invalid bytes, and a different body would be sent.
    @Test func anArgumentThatIsNotUTF8() async throws {
        let result = try await Program(
            "/bin/sh", ["-c", #"exec "$0" publish demo /topic/a "$(printf 'caf\351')""#, Program.stomptap().path]
        ).run()
        #expect(result.status == .exited(65), "\(result)")
        #expect(
            result.errors == "stomptap: argument 4 is not UTF-8; use -f or stdin for such a body\n",
            "\(result)")
    }

    @Test func aHeaderThatTheCommandSets() async throws {
        for (arguments, setter) in [
            (["publish", "demo", "/a", "x", "-H", "destination:/b"], "DESTINATION"),
            (["publish", "demo", "/a", "x", "-H", "receipt:1"], "--receipt"),
            (["request", "demo", "/a", "x", "--reply", "/b", "-t", "a/b", "-H", "content-type:c/d"], "-t"),
            (["subscribe", "demo", "/a", "-H", "id: 7"], "--id"),
            (["subscribe", "demo", "/a", "-H", "ack:client"], "--ack"),
        ] {
            try await expect(64, ["\(setter) sets this header"], arguments)
        }
        try await expect(64, ["--prefix needs --emulate spring"], ["serve", "--prefix", "/x"])
    }

    @Test func aHostThatNobodyKnows() async throws {
        try await expect(
            68, ["no such host", "nonexistent.invalid"], ["publish", "stomp://nonexistent.invalid", "/a", "hi"])
    }

    @Test func aServerThatNeverAnswers() async throws {
        try await ScriptedServer.run(.stall) { server in
            let address = "127.0.0.1:\(server.port)"
            try await expect(
                75, ["STOMP", "waiting for CONNECTED"],
                ["publish", "stomp://\(address)", "/a", "hi", "--connect-timeout", "3s"])
            try await expect(
                75, ["HTTP", "timed out after"], ["publish", "ws://\(address)/", "/a", "hi", "--connect-timeout", "3s"])
        }
    }

    @Test(arguments: [
        ("200 OK", 76, "not a WebSocket upgrade"), ("404 Not Found", 76, "not a WebSocket upgrade"),
        ("401 Unauthorized", 77, "401 Unauthorized"), ("403 Forbidden", 77, "--origin"),
        ("500 Oops", 76, "500 Oops"),
    ])
    func anotherAnswerThanAWebSocket(answer: String, status: Int32, part: String) async throws {
        try await ScriptedServer.run(script: { _ in ScriptedServer.http(answer, body: "no") }) { server in
            try await expect(
                status, [part, String(answer.prefix(3))], ["subscribe", "ws://127.0.0.1:\(server.port)/ws", "/a"])
        }
    }

    @Test func anotherProtocol() async throws {
        try await ScriptedServer.run(.sendText("SSH-2.0-OpenSSH_9.2\r\n"), .stall) { server in
            try await expect(76, ["SSH"], ["publish", "stomp://127.0.0.1:\(server.port)", "/a", "hi"])
        }
        try await ServedBroker.run { broker in
            let url = broker.webSocket.replacing("ws://", with: "stomp://").replacing("/ws", with: "")
            try await expect(76, ["HTTP", "ws://"], ["publish", url, "/a", "hi"])
        }
    }

    @Test func aWrongLogin() async throws {
        try await ServedBroker.run(["--login", "me:right"]) { broker in
            for url in broker.urls {
                try await expect(
                    77, ["STOMP", "CONNECT was refused"],
                    ["publish", url, "/a", "hi", "--login", "me", "--passcode", "wrong"])
            }
            var right = Program.stomptap("publish", broker.tcp, "/a", "hi", "--login", "me", "--passcode-env", "SECRET")
            right.environment["SECRET"] = "right"
            #expect(try await right.run().status == .exited(0))
        }
    }

    @Test func aMessageOverTheLimit() async throws {
        try await ServedBroker.run { broker in
            for url in broker.urls {
                let subscribe = Program.stomptap("subscribe", url, "/topic/a", "--max-message", "1KiB")
                try await subscribe.startSubscribed { subscriber in
                    let body = String(repeating: "x", count: 2000)
                    _ = try await Program.stomptap("publish", broker.tcp, "/topic/a", body).run()
                    let result = try await subscriber.result()
                    #expect(result.status == .exited(76), "\(result)")
                    #expect(result.errors.contains("--max-message"), "\(result)")
                }
            }
        }
    }

    @Test func files() async throws {
        try await expect(66, ["/nonexistent/body"], ["publish", "demo", "/a", "-f", "/nonexistent/body"])
        try await expect(
            66, ["/nonexistent/passcode"], ["publish", "demo", "/a", "hi", "--passcode-file", "/nonexistent/passcode"])
        try await expect(
            73, ["/nonexistent/ready"], ["subscribe", "demo", "/topic/clock", "--ready-file", "/nonexistent/ready"])
    }

    @Test func aFullDisk() async throws {
        let result = try await Program(
            "/bin/sh", ["-c", "exec \"$0\" subscribe demo /topic/clock -n 1 >/dev/full", Program.stomptap().path]
        ).run()
        #expect(result.status == .exited(74), "\(result)")
        #expect(
            result.errors.contains("no space left on device"), "\(result)")
    }

    @Test(arguments: [
        ["subscribe"], ["subscribe", "demo"], ["subscribe", "demo", "/a", "-n", "0"],
        ["subscribe", "demo", "/a", "/b", "--id", "x"], ["subscribe", "demo", "/a", "-H", "no colon"],
        ["subscribe", "demo", "/a", "-W", "5"], ["subscribe", "demo", "/a", "-o", "yaml"],
        ["subscribe", "demo", "/a", "-F", "%q"], ["subscribe", "demo", "/a", "--heart-beat", "x"],
        ["subscribe", "demo", "/a", "--stomp-version", "2.0"], ["publish", "demo", "/a", "b", "-f", "x"],
        ["publish", "demo", "/a", "-l", "-0"], ["publish", "demo", "/a", "-l", "--count", "2"], ["nonsense"],
        ["serve", "--tcp", "nonsense"], ["publish", "demo", "/a", "hi", "--passcode", "a", "--passcode-env", "B"],
    ])
    func wrongUsageIsOneLineThatNamesTheHelp(arguments: [String]) async throws {
        var program = Program.stomptap()
        program.arguments = arguments
        let result = try await program.run()
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.errors.hasPrefix("stomptap: ") && result.errors.contains("see 'stomptap "), "\(result)")
        #expect(result.errors.count { $0 == "\n" } == 1, "\(result)")
    }

    @Test func invalidEndpoints() async throws {
        try await expect(64, ["endpoint", "ftp"], ["publish", "ftp://host", "/a", "hi"])
        try await expect(64, ["endpoint", "stomp://localhost:61613"], ["publish", "localhost:61613", "/a", "hi"])
        try await expect(78, ["unknown profile", "staging"], ["publish", "staging", "/a", "hi"])
    }

    @Test func headersThatCannotGo() async throws {
        try await ServedBroker.run { broker in
            try await expect(
                65, ["STOMP", "line feed"],
                ["publish", broker.tcp, "/a", "hi", "-H", "x: a\nb", "--stomp-version", "1.0"])
            try await expect(
                64, ["HTTP"], ["publish", broker.webSocket, "/a", "hi", "--http-header", "x: a\nb"])
        }
    }

    @Test func aPortThatIsTaken() async throws {
        try await ServedBroker.run { broker in
            let address = String(broker.tcp.dropFirst("stomp://".count))
            try await expect(73, ["cannot listen", address], ["serve", "--tcp", address])
        }
    }

    @Test func aServerThatGoesAway() async throws {
        let connected = "CONNECTED\nversion:1.2\nserver:x\nsession:y\n\n\0"
        try await ScriptedServer.run(.awaitText("\0"), .sendText(connected), .awaitText("SUBSCRIBE")) { server in
            try await expect(
                69, ["closed"], ["subscribe", "stomp://127.0.0.1:\(server.port)", "/a", "--reconnect", "never"])
        }
    }

    @Test func aServerThatFallsSilent() async throws {
        let connected = "CONNECTED\nversion:1.2\nserver:x\nheart-beat:100,0\n\n\0"
        try await ScriptedServer.run(.awaitText("\0"), .sendText(connected), .stall) { server in
            try await expect(
                69, ["heart-beat"],
                [
                    "subscribe", "stomp://127.0.0.1:\(server.port)", "/a", "--reconnect", "never", "--heart-beat",
                    "0,100",
                ])
        }
    }
}
