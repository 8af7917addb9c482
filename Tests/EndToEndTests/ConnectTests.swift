import Foundation
import TestSupport
import Testing

/// `connect` as scripts and CI jobs use it.
@Suite(.spawning) struct ConnectTests {
    private func run(_ arguments: String..., input: Program.Input = .nothing) async throws -> ProgramResult {
        var program = Program.stomptap("connect", input: input)
        program.arguments += arguments
        return try await program.run()
    }

    /// The same session for each profile and each transport.
    static let session = """
        sub /topic/it --id mine -H 'x: 1'; send -H 'type: CHAT' /topic/it {"a": "1; 2 \\"q\\"", "b": '}'}; wait 1;
        sub /queue/it --ack client-individual; send /queue/it first; wait; ack last;
        begin; send /topic/it "in; a transaction"; commit; wait; unsub mine; unsub /queue/it; subs; disconnect
        """

    @Test(arguments: ["standard", "spring", "rabbitmq"])
    func aSessionOverEachTransport(profile: String) async throws {
        try await ServedBroker.run(["--emulate", profile]) { broker in
            for url in broker.urls
                + (profile == "rabbitmq" ? [] : [broker.webSocket.replacing("ws://", with: "http://")])
            {
                let result = try await run(url, "-o", "body", "--virtual-host", "/", "-e", Self.session)
                #expect(result.status == .exited(0), "\(result)")
                // Spring sends no `ack` header.
                #expect(result.errors.contains("no ack header") == (profile == "spring"), "\(result)")
                #expect(result.errors.split(separator: "\n").count == (profile == "spring" ? 1 : 0), "\(result)")
                #expect(
                    result.lines == [
                        #"{"a": "1; 2 \"q\"", "b": '}'}"#, "first", #""in; a transaction""#,
                        "no subscriptions; use 'sub DESTINATION'",
                    ], "\(url) \(result)")
            }
        }
    }

    /// Alarms and a chat on one connection, as in a web page of a Spring application.
    @Test func alarmsAndAChatShareAConnection() async throws {
        try await ServedBroker.run([
            "--emulate", "spring", "--prefix", "/topic", "--prefix", "/queue", "--prefix", "/chat", "--route",
            "/chat/subscribe/7=/topic/7", "--route", "/chat/send/7=/topic/7", "-v",
        ]) { broker in
            let chat = #"{"roomId": 7, "text": "안녕; \"모두\"", "type": 'x'}"#
            let result = try await run(
                broker.webSocket.replacing("ws://", with: "http://"), "-o", "json", "-e",
                "sub /queue/42 --id alarm-42 -H 'type: ALARM' -H 'userId: 42'", "-e",
                "sub /topic/7 --id room-7 -H 'type: CHAT' -H 'userId: 42' -H 'roomId: 7'", "-e",
                #"send /chat/subscribe/7 {"userId": 42}; wait; send -t text/plain /queue/42 ring; wait"#, "-e",
                "send /chat/send/7 \(chat); wait; unsub room-7 -H 'type: CHAT' -H 'roomId: 7'; unsub alarm-42")
            #expect(result.status == .exited(0), "\(result)")
            struct Printed: Decodable {
                var headers: [String: String]
                var body: String
            }
            let printed = try result.lines.map { try JSONDecoder().decode(Printed.self, from: Data($0.utf8)) }
            #expect(printed.map(\.body) == [#"{"userId": 42}"#, "ring", chat])
            #expect(printed.map { $0.headers["subscription"] } == ["room-7", "alarm-42", "room-7"])
            let errors = try await broker.program.waitFor("connection 1: disconnected", in: .stderr)
            #expect(errors.contains("connection 1: unsubscribed"), "\(errors)")
            #expect(!errors.contains("connection 2"), "\(errors)")
        }
    }

    @Test func linesOnStandardInput() async throws {
        let script =
            "# a comment\r\nsub /topic/a\n\nsend /topic/a <<EOF\n{\n  \"x\": 1;\n}\nEOF\nwait\nshow last\nquit\nnonsense\n"
        let result = try await run("demo", "-o", "body", input: .text(script))
        #expect(result.status == .exited(0), "\(result)")
        let body = "{\n  \"x\": 1;\n}\n"
        #expect(result.output == body + body)
    }

    /// A saved session runs the same as a script from stdin and as `-e` arguments; errors have the same line number.
    @Test(arguments: [
        ("wait", Int32(0), ""),
        ("\n\"a\": 2", 64, "stomptap: line 6: unknown command '\"a\":'; 'help' lists the commands\n"),
    ])
    func linesAndArgumentsAreTheSame(end: String, status: Int32, errors: String) async throws {
        let script = "sub /topic/echo\nsend /app/echo {\n  \"a\": [1; 2]\n}\n\(end)"
        for keepsGoing in [[], ["--keep-going"]] {
            var program = Program.stomptap("connect", "demo", "-o", "body", input: .text(script))
            program.arguments += keepsGoing
            let lines = try await program.run()
            program.input = .nothing
            program.arguments += ["-e", script]
            let arguments = try await program.run()
            for result in [lines, arguments] {
                #expect(result.status == .exited(status), "\(result)")
                #expect(result.errors == errors, "\(result)")
            }
            #expect(status != 0 || lines.output == "{\n  \"a\": [1; 2]\n}\n", "\(lines)")
            #expect(status != 0 || lines.output == arguments.output, "\(arguments)")
        }
    }

    @Test func aFaultyLineDoesNotStopAScriptThatKeepsGoing() async throws {
        for script in ["foo\nsubs", "foo; subs"] {
            let result = try await run("demo", "--keep-going", "-e", script)
            #expect(result.status == .exited(64), "\(result)")
            #expect(
                result.errors == "stomptap: line 1: unknown command \"foo\"; 'help' lists the commands\n", "\(result)")
            #expect(result.output.hasPrefix("no subscriptions"), "\(result)")
        }
    }

    @Test func aBodyThatIsNoTextComesToTheByte() async throws {
        try await withTemporaryFolder { folder in
            let bytes: [UInt8] = [0xFF, 0, 0x0A, 0x1B, 0x5B] + Array("안녕".utf8)
            let file = folder.appending(path: "my body.bin")
            try Data(bytes).write(to: file)
            let saved = folder.appending(path: "saved.jsonl").path
            let result = try await run(
                "demo", "-o", "body", "-e", "sub /topic/a; send /topic/a @\(file.path); wait; save '\(saved)'")
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.stdout == bytes + [0x0A])
            #expect(try String(contentsOfFile: saved, encoding: .utf8).contains(#""bodyEncoding":"base64""#))
        }
    }

    /// The exit statuses that a CI job relies on.
    @Test(arguments: [
        (
            "sub /topic/a; wait --timeout 50ms", Int32(75),
            "timed out after 50 ms: received 0 of 1 messages (line 2: wait)"
        ),
        ("sub /topic/a; send /topic/a x; send /topic/a y; wait 3 --timeout 3s", 75, "received 2 of 3 messages"),
        (
            "sub /topic/a; send /topic/a x; expect y --timeout 3s", 1,
            "no match for y within 3 s (1 message checked) (line 3: expect)"
        ),
        ("sub /topic/a; expect --timeout 50ms y", 75, "timed out after 50 ms: received no message; expected y"),
        ("ack nothing-like-it", 65, "unknown message"), ("ack last", 65, "no unacknowledged message"),
        ("nack #3", 65, "unknown message"),
        ("send /topic/a @/no/such/file", 66, "/no/such/file: no such file"),
        ("commit", 65, "no transaction is open"), ("begin; begin", 65, "transaction tx-0 is open"),
        ("begin; disconnect", 65, "transaction tx-0 is open; 'commit' or 'abort' it first (line 2: disconnect)"),
        ("begin; reconnect", 65, "transaction tx-0 is open"), ("begin; connect ws://h", 65, "transaction tx-0 is open"),
        ("begin; send /topic/a x; quit", 65, "transaction tx-0 is still open at the end, so it had no effect"),
        ("sub /topic/a --id x; sub /topic/b --id x", 65, "subscription id \"x\" is already in use"),
        ("unsub nobody", 65, "unknown subscription \"nobody\""), ("show 3", 65, "no message received"),
        ("grep x", 1, "no kept message matches x"), ("edit /topic/a", 64, "needs a terminal"),
        ("ping", 65, "only a plain WebSocket has pings"), ("disconnect; send /topic/a x", 69, "not connected"),
        ("connect nowhere", 64, "missing scheme"), ("connect stomp://127.0.0.1:1", 69, "connection refused"),
        ("save /no/such/folder/x", 73, "/no/such/folder/x"),
        ("raw <<EOF\nBANANA\n\nEOF\nsleep 30s", 1, "ERROR"),
    ])
    func theFirstFailureIsTheStatus(script: String, status: Int32, line: String) async throws {
        let result = try await run("demo", "-o", "none", "-e", script, "-e", "send /topic/never x")
        #expect(result.status == .exited(status), "\(result)")
        #expect(result.errors.contains(line), "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
    }

    /// A script with a syntax error sends nothing: no server listens on this port.
    @Test(arguments: ["sub /a; sned /a x", "send /a <<EOF\nx", "sub /a --id", "expect ("])
    func syntaxErrorsAreReportedFirst(script: String) async throws {
        let result = try await run("stomp://127.0.0.1:1", "-e", script)
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.errors.hasPrefix("stomptap: line "), "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
    }

    @Test func keepGoingContinuesAfterAFailure() async throws {
        let result = try await run(
            "demo", "-o", "body", "--keep-going", "-e",
            "ack none; sub /topic/a; send /topic/a x; expect --timeout 99ms y",
            "-e", "send /topic/a z; wait")
        #expect(result.status == .exited(65), "\(result)")
        #expect(result.output == "x\nz\n")
        #expect(result.errors.split(separator: "\n").count == 2, "\(result)")
    }

    /// A plain number is the number of a message, unless the server uses the same text as an ID.
    @Test func messagesAreAcknowledgedByNumber() async throws {
        let messages = ["2", "x", "y"].map { id in
            "MESSAGE\nsubscription:s\nmessage-id:\(id)\nack:\(id)\ndestination:/a\n\n\0"
        }
        try await ScriptedServer.run(
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .awaitText("SUBSCRIBE\n"),
            .sendText(messages.joined()), .stall
        ) { server in
            let result = try await run(
                "stomp://127.0.0.1:\(server.port)", "-o", "none", "-v", "--receipt-timeout", "100ms", "-e",
                "sub /a --id s --ack client-individual; wait 3; ack 2; ack #2; ack 3")
            #expect(result.status == .exited(0), "\(result)")
            let sent = String(decoding: server.received.joined(), as: UTF8.self).split(separator: "\0")
            let ids = sent.filter { $0.contains("ACK\n") }.map {
                $0.split(separator: "\n").last { $0.hasPrefix("id:") }
            }
            #expect(ids == ["id:2", "id:x", "id:y"], "\(sent)")
        }
    }

    @Test func eachMessageIsCountedOnce() async throws {
        let result = try await run(
            "demo", "-o", "none", "-e",
            "sub /topic/a; send /topic/a 1; send /topic/a 2; send /topic/a 3; wait 2; expect 3",
            "-e", "expect --timeout 50ms 3")
        #expect(result.status == .exited(75), "\(result)")
    }

    @Test func subscriptionsComeBackWithTheirHeaders() async throws {
        let script: @Sendable (Int) -> [ScriptedServer.Step] = { number in
            let connected = Array("CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0".utf8)
            let message = Array("MESSAGE\nsubscription:mine\nmessage-id:1\ndestination:/topic/a\n\nback\0".utf8)
            return number == 0
                ? [.awaitText("\0"), .answer { _ in connected }, .awaitText("SEND\n")]
                : [
                    .awaitText("\0"), .answer { _ in connected }, .awaitText("x-own:1\n"), .answer { _ in message },
                    .stall,
                ]
        }
        try await ScriptedServer.run(script: script) { server in
            let result = try await run(
                "stomp://127.0.0.1:\(server.port)", "-o", "body", "--reconnect", "3", "--reconnect-delay", "50ms",
                "--receipt-timeout", "100ms", "-e", "sub /topic/a --id mine -H 'x-own: 1'; send /a x; wait")
            #expect(result.output == "back\n", "\(result)")
            #expect(result.errors.contains("reconnected after"), "\(result)")
        }
    }

    /// Without --reconnect a lost connection ends the script with an error.
    @Test func aLostConnectionEndsAScript() async throws {
        let script: @Sendable (Int) -> [ScriptedServer.Step] = { _ in
            [
                .awaitText("\0"), .answer { _ in Array("CONNECTED\nversion:1.2\n\n\0".utf8) }, .awaitText("SEND\n"),
            ]
        }
        try await ScriptedServer.run(script: script) { server in
            let result = try await run("stomp://127.0.0.1:\(server.port)", "-e", "send /a x; sleep 30s")
            #expect(result.status == .exited(69), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
        }
    }

    @Test func anotherServerIsReachedFromHere() async throws {
        try await ServedBroker.run { first in
            try await ServedBroker.run { second in
                let result = try await run(
                    first.tcp, "-o", "body", "-e", "sub /topic/a; connect \(second.webSocket); subs; sub /topic/b",
                    "-e",
                    "send /topic/b there; wait; ping; reconnect; send /topic/b again; wait; close 4001 bye; status")
                #expect(result.status == .exited(0), "\(result)")
                #expect(result.lines.first == "no subscriptions; use 'sub DESTINATION'", "\(result)")
                for part in ["there\n", "pong after ", "again\n", "not connected to 127.0.0.1:"] {
                    #expect(result.output.contains(part), "\(part) \(result)")
                }
            }
        }
    }

    /// Secrets given for one server are never sent to another, even if a line of the script connects to it.
    @Test func anotherServerIsGivenNoSecretsOfThisOne() async throws {
        let secrets = [
            "--login", "l-SECRET", "--passcode", "p-SECRET", "-C", "x-tenant: t-SECRET", "--http-header",
            "Authorization: Bearer h-SECRET", "--cookie", "c-SECRET", "--origin", "http://o-SECRET", "--virtual-host",
            "v-SECRET", "-k", "--receipt-timeout", "200ms",
        ]
        let stomp: [ScriptedServer.Step] = [.awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .stall]
        try await ScriptedServer.run(script: { _ in stomp }) { own in
            try await ScriptedServer.run(script: { _ in stomp }) { other in
                try await ScriptedServer.run(script: { _ in ScriptedServer.http("403 Forbidden") }) { web in
                    let (first, second) = ("stomp://127.0.0.1:\(own.port)", "stomp://127.0.0.1:\(other.port)")
                    let lines = [
                        "connect \(second)", "connect stomp://me:mine@127.0.0.1:\(other.port)", "connect \(first)",
                        "connect ws://127.0.0.1:\(web.port)/ws", "connect \(first),\(second)",
                    ]
                    let result = try await Program(
                        Program.productsFolder + "/stomptap",
                        ["connect", first] + secrets + ["--keep-going", "-e", lines.joined(separator: "; ")]
                    ).run()
                    let toOther = other.received.map { String(decoding: $0, as: UTF8.self) }
                    #expect(toOther.count == 2 && toOther.allSatisfy { $0.contains("host:127.0.0.1\n") }, "\(toOther)")
                    #expect(toOther.first?.contains("login") == false, "\(toOther)")
                    #expect(toOther.last?.contains("login:me\npasscode:mine\n") == true, "\(toOther)")
                    let toWeb = web.received.map { String(decoding: $0, as: UTF8.self) }
                    #expect(toWeb.first?.contains("GET /ws ") == true, "\(toWeb)")
                    #expect(!(toOther + toWeb).contains { $0.contains("SECRET") }, "\(toOther) \(toWeb)")
                    // The server that they were given for gets them each time.
                    let toOwn = own.received.map { String(decoding: $0, as: UTF8.self) }
                    #expect(toOwn.count == 3, "\(toOwn)")
                    for part in ["login:l-SECRET", "passcode:p-SECRET", "x-tenant:t-SECRET", "host:v-SECRET"] {
                        #expect(toOwn.allSatisfy { $0.contains(part) }, "\(part) \(toOwn)")
                    }
                    let notes = result.errors.split(separator: "\n").filter { $0.contains("options not used") }
                    #expect(notes.count == 4, "\(result)")
                    let names =
                        "--login, --passcode, --connect-header, --http-header, --origin, --cookie, --virtual-host, "
                        + "--insecure;"
                    #expect(notes.allSatisfy { $0.contains(names) }, "\(result)")
                    #expect(notes.first?.contains("(\(second))") == true, "\(result)")
                    #expect(!result.errors.contains("SECRET") && !result.output.contains("SECRET"), "\(result)")
                }
            }
        }
    }

    /// If the reader of stdout closes it, the program ends without an error at its next output, even while it waits
    /// for lines.
    @Test func aReaderThatGoesAwayEndsIt() async throws {
        var program = Program.stomptap("connect", "demo", "-o", "body", input: .open)
        program.output = .firstLine
        try await program.start { running in
            running.write("sub /topic/a\nsend /topic/a 1\nwait\n")
            // The reader may not have closed the pipe yet when the next messages are printed.
            let sender = Task {
                while !Task.isCancelled {
                    running.write("send /topic/a more\n")
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            defer { sender.cancel() }
            let result = try await running.result()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors == "")
        }
    }

    @Test func ctrlCDisconnects() async throws {
        try await ServedBroker.run(["-v"]) { broker in
            try await Program.stomptap("connect", broker.tcp, "-e", "sub /topic/a; sleep 50s").start { running in
                try await broker.program.waitFor("subscribed to /topic/a", in: .stderr)
                running.send(signal: SIGINT)
                #expect(try await running.result().status == .exited(130))
            }
            try await broker.program.waitFor("connection 1: disconnected", in: .stderr)
        }
    }

    /// A flood of messages: the number of kept messages is limited, and all messages are printed.
    @Test func aFloodStaysWithinBounds() async throws {
        try await ServedBroker.run(["-v"]) { broker in
            let program = Program.stomptap(
                "connect", broker.tcp, "-o", "body", "-e", "sub /topic/a; wait 10500 --timeout 200s; show 1",
                input: .nothing)
            try await program.start { running in
                try await broker.program.waitFor("subscribed to /topic/a", in: .stderr)
                let sent = try await Program.stomptap(
                    "publish", broker.tcp, "/topic/a", "x", "--count", "10500"
                ).run()
                #expect(sent.status == .exited(0), "\(sent)")
                let result = try await running.result()
                // The first message is no longer kept.
                #expect(result.status == .exited(65), "\(result.status) \(result.errors)")
                #expect(result.errors.contains("only messages #"), "\(result.errors)")
            }
        }
    }
}
