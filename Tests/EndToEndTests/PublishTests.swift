import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct PublishTests {
    /// Publishes to a subscriber, and returns the subscriber's result.
    private func received(
        _ count: Int, form: [String], _ arguments: [String], input: Program.Input = .nothing,
        status: Int32 = 0
    ) async throws -> ProgramResult {
        try await ServedBroker.run { broker in
            var subscribe = Program.stomptap("subscribe", broker.tcp, "/topic/a", "-n", "\(count)")
            subscribe.arguments += form
            return try await subscribe.startSubscribed { subscriber in
                var publish = Program.stomptap("publish", broker.webSocket, "/topic/a", input: input)
                publish.arguments += arguments
                let published = try await publish.run()
                #expect(published.status == .exited(status), "\(published)")
                return try await subscriber.result()
            }
        }
    }

    @Test(arguments: [
        ("{\"a\": 1}", "application/json"), ("[]", "application/json"), ("hello", "text/plain"),
        ("안녕", "text/plain"), ("{broken", "text/plain"), ("-1.5", "text/plain"),
    ])
    func guessesTheContentType(body: String, type: String) async throws {
        let result = try await received(1, form: ["-F", "%{content-type} %b"], [body])
        #expect(result.output == "\(type) \(body)\n")
    }

    @Test func theContentTypeCanBeSet() async throws {
        #expect(
            try await received(1, form: ["-F", "%{content-type}|"], ["{}", "-t", "text/x-own"]).output
                == "text/x-own|\n")
        #expect(try await received(1, form: ["-F", "%{content-type}|"], ["{}", "-t", ""]).output == "|\n")
    }

    @Test func takesTheBodyFromStdin() async throws {
        let result = try await received(1, form: ["-o", "body", "-0"], [], input: .text("two\nlines\n"))
        #expect(result.output == "two\nlines\n\0")
    }

    @Test func splitsAtNUL() async throws {
        let result = try await received(3, form: ["-o", "body"], ["-0"], input: .text("a\0b c\0d"))
        #expect(result.output == "a\nb c\nd\n")
    }

    @Test func sendsEachLineAsItIsTyped() async throws {
        try await ServedBroker.run { broker in
            try await Program.stomptap("subscribe", broker.tcp, "/topic/a", "-o", "body").startSubscribed {
                subscriber in
                try await Program.stomptap("publish", broker.tcp, "/topic/a", "-l", input: .open).start { publisher in
                    publisher.write("first\n")
                    try await subscriber.waitFor("first\n")
                    publisher.write("second\n")
                    try await subscriber.waitFor("second\n")
                    publisher.write("no line end")
                    publisher.closeInput()
                    #expect(try await publisher.result().status == .exited(0))
                    try await subscriber.waitFor("no line end\n")
                }
            }
        }
    }

    @Test func repeatsAndSkips() async throws {
        #expect(try await received(3, form: ["-o", "body"], ["x", "--count", "3"]).output == "x\nx\nx\n")
        #expect(
            try await received(1, form: ["-o", "body"], ["-l", "--skip", "2"], input: .text("1\n2\n3\n")).output
                == "3\n")
    }

    @Test func aTransactionIsSentWhole() async throws {
        let result = try await received(
            3, form: ["-F", "%b%{transaction}"], ["-l", "--transaction"], input: .text("1\n2\n3\n"))
        #expect(result.output == "1\n2\n3\n")
    }

    @Test func aNULNeedsItsLength() async throws {
        try await ServedBroker.run { broker in
            let refused = try await Program.stomptap(
                "publish", broker.tcp, "/topic/a", "--no-content-length", input: .bytes([0x61, 0, 0x62])
            ).run()
            #expect(refused.status == .exited(65))
            #expect(refused.errors.contains("NUL"))
        }
        let sent = try await received(1, form: ["-o", "body"], [], input: .bytes([0x61, 0, 0x62]))
        #expect(sent.stdout == [0x61, 0, 0x62, 0x0A])
    }

    /// With `--receipt require` every message asks for a receipt; a missing receipt is an error that names the lost
    /// messages.
    @Test func namesWhatWasNotConfirmed() async throws {
        let connected = "CONNECTED\nversion:1.2\nserver:x\nsession:y\n\n\0"
        try await ScriptedServer.run(.awaitText("\0"), .sendText(connected), .stall) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let required = try await Program.stomptap(
                "publish", url, "/a", "-l", "--receipt", "require", "--receipt-timeout", "2s",
                input: .text("1\n2\n3\n")
            ).run()
            #expect(required.status == .exited(75))
            #expect(required.errors.contains("3 sent, 0 confirmed; resume with --skip 0"), "\(required)")
            #expect(required.errors.split(separator: "\n").count == 1)
            let wire = String(decoding: try await server.receivedWhole()[0], as: UTF8.self)
            #expect(wire.components(separatedBy: "receipt:receipt-").count == 5, "three of SEND and one of DISCONNECT")
        }
    }

    /// Once every message is confirmed, it does not matter how the connection ends, before or after DISCONNECT.
    @Test(arguments: 0..<10) func aConnectionLostAfterTheLastReceiptLosesNothing(_: Int) async throws {
        let script: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\nserver:x\nsession:y\n\n\0"), .awaitText("\nhi\0"),
            .answer { came in
                let text = String(decoding: came, as: UTF8.self)
                let id = text.firstMatch(of: #/SEND\n[^\0]*receipt:(\S+)/#)?.output.1 ?? ""
                return Array("RECEIPT\nreceipt-id:\(id)\n\n\0".utf8)
            }, .reset,
        ]
        try await ScriptedServer.run(script: { _ in script }) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let result = try await Program.stomptap("publish", url, "/a", "hi", "--receipt", "require").run()
            #expect(result.status == .exited(0) && result.errors == "", "\(result)")
        }
    }

    @Test(arguments: [["-l", "--skip", "3"], ["-l", "--skip", "4"]])
    func skippingEverythingIsReported(options: [String]) async throws {
        var program = Program.stomptap("publish", "demo", "/topic/a", input: .text("1\n2\n3\n"))
        program.arguments += options
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        let told = "stomptap: --skip 4: nothing sent; the input has only 3 messages\n"
        #expect(result.errors == (options.contains("4") ? told : ""), "\(result)")
    }

    /// Spring's simple broker only answers DISCONNECT with a receipt; that is enough.
    @Test func asksNoReceiptWhereNoneComes() async throws {
        let script: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"), .awaitText("DISCONNECT\n"),
            .awaitText("\0"),
            .answer { came in
                let text = String(decoding: came, as: UTF8.self)
                let id = text.components(separatedBy: "receipt:").last?.prefix { $0 != "\n" } ?? ""
                return Array("RECEIPT\nreceipt-id:\(id)\n\n\0".utf8)
            }, .stall,
        ]
        try await ScriptedServer.run(script: { _ in script }) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let result = try await Program.stomptap("publish", url, "/app/a", "hi", "-v").run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors.contains("only answers DISCONNECT with a receipt"))
            let wire = String(decoding: try await server.receivedWhole()[0], as: UTF8.self)
            #expect(wire.components(separatedBy: "receipt:").count == 2)
        }
    }

    @Test func anERRORIsStatusOne() async throws {
        let script: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\nserver:x\n\n\0"), .awaitText("SEND"),
            .sendText("ERROR\nmessage:no such thing\n\n\0"), .stall,
        ]
        try await ScriptedServer.run(script: { _ in script }) { server in
            let result = try await Program.stomptap("publish", "stomp://127.0.0.1:\(server.port)", "/a", "hi").run()
            #expect(result.status == .exited(1))
            #expect(
                result.errors == "stomptap: STOMP: ERROR: no such thing (last sent: SEND /a) (1 sent, 0 confirmed)\n")
        }
    }

    /// The connection is reset twice; every line must arrive at least once.
    @Test func resendsWhatWasNotConfirmed() async throws {
        try await withTemporaryFolder { folder in
            let lines = (1...3000).map { "line \($0)" }
            try await ScriptedServer.run(
                script: { connection in
                    connection < 2
                        ? [
                            .awaitText("\0"), Self.connected, .awaitText("line \(1000 + connection * 1000)\0"),
                            .reset,
                        ]
                        : [
                            .awaitText("\0"), Self.connected, .awaitText("line 3000\0"), Self.receipts(),
                            .awaitText("DISCONNECT\n"), .awaitText("\0"), Self.receipts(), .stall,
                        ]
                }
            ) { server in
                let result = try await Program.stomptap(
                    "publish", "stomp://127.0.0.1:\(server.port)", "/a", "-l", "--reconnect", "5", "--reconnect-delay",
                    "10ms", "--receipt", "require", input: .text(lines.joined(separator: "\n"))
                ).run()
                #expect(result.status == .exited(0), "\(result)")
                #expect(result.errors.contains("unconfirmed messages; some may be duplicates"))
                let wire = try await server.receivedWhole().map { String(decoding: $0, as: UTF8.self) }.joined()
                let arrived = Set(wire.matches(of: /line \d+/).map { String($0.output) })
                #expect(Set(lines).subtracting(arrived) == [])
            }
        }
    }

    private static let connected = ScriptedServer.Step.sendText("CONNECTED\nversion:1.2\nserver:x\nsession:y\n\n\0")
    /// A receipt for each request received so far, the oldest first.
    private static func receipts(atMost count: Int = .max) -> ScriptedServer.Step {
        .answer { came in
            let asked = came.split(separator: 0x0A).filter { $0.starts(with: "receipt:".utf8) }.prefix(count)
            return asked.flatMap { Array("RECEIPT\nreceipt-id:".utf8) + $0.dropFirst(8) + Array("\n\n\0".utf8) }
        }
    }

    /// The server sends no receipt, and then the connection is lost: some messages may be lost, so all are named.
    /// Messages sent after that are again kept until they are confirmed.
    @Test func namesWhatNoReceiptWasWaitedFor() async throws {
        let scripts: [[ScriptedServer.Step]] = [
            [.awaitText("\0"), Self.connected, .awaitText("early 4501\0"), .reset],
            // The answered receipt is for message 5000, which is number 498 of the later ones.
            [
                .awaitText("\0"), Self.connected, .awaitText("l 512\0"), Self.receipts(atMost: 1),
                .awaitText("l 513\0"), .reset,
            ],
            [
                .awaitText("\0"), Self.connected, .awaitText("l 600\0"), Self.receipts(),
                .awaitText("DISCONNECT\n"), .awaitText("\0"), Self.receipts(), .stall,
            ],
        ]
        func lines(_ name: String, _ numbers: ClosedRange<Int>) -> String {
            numbers.map { "\(name) \($0)\n" }.joined()
        }
        try await ScriptedServer.run(script: { scripts[min($0, 2)] }) { server in
            try await Program.stomptap(
                "publish", "stomp://127.0.0.1:\(server.port)", "/a", "-l", "--reconnect", "5", "--reconnect-delay",
                "10ms", "--receipt-timeout", "2s", "-vv", input: .open
            ).start { publisher in
                publisher.write(lines("early", 1...4500))
                try await publisher.waitFor("early 4500\n", in: .stderr)
                // After the receipt timeout it reads more input; it notices the lost connection at its next send.
                publisher.write(lines("early", 4501...4501))
                try await publisher.waitFor("closed", in: .stderr)
                publisher.write(lines("early", 4502...4502))
                try await publisher.waitFor(
                    "the 4502 messages sent before the connection was lost are unconfirmed; some may be lost",
                    in: .stderr)
                // Small enough for one write to the pipe; the program sends it in two batches.
                publisher.write(lines("l", 1...600))
                publisher.closeInput()
                let result = try await publisher.result()
                #expect(result.status == .exited(0), "\(result.errors.suffix(1000))")
                #expect(server.received.count == 3)
                let last = String(decoding: server.received.last ?? [], as: UTF8.self)
                #expect(last.matches(of: /\nl (\d+)/).compactMap { Int($0.1) }.elementsEqual(499...600))
            }
        }
    }

    /// Tomcat closes with 1009 for a message over 16 KiB; the error line says what to do, and doing it works.
    @Test func aMessageTooLargeForTheServerIsSplit() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            let body = String(repeating: "x", count: 20_000)
            let refused = try await Program.stomptap("publish", broker.webSocket, "/topic/a", body).run()
            #expect(refused.status == .exited(69), "\(refused)")
            #expect(refused.errors.contains("1009") && refused.errors.contains("--split 8192"), "\(refused)")
            let split = try await Program.stomptap(
                "publish", broker.webSocket, "/topic/a", body, "--split", "16384"
            ).run()
            #expect(split.status == .exited(0), "\(split)")
        }
    }

    /// If a client promises heart-beats, RabbitMQ ends its WebSocket session at the first flow control.
    @Test(arguments: [
        ("publish", ["/topic/a", "x"], "0,10000"), ("publish", ["/topic/a", "x", "--heart-beat", "7000,0"], "7000,0"),
        ("subscribe", ["/topic/a", "--reconnect", "never"], "10000,10000"), ("check", [], "1000,1000"),
        ("bench", ["--messages", "1"], "0,0"),
    ])
    func heartBeatsAreOfferedAsTheCommandNeeds(command: String, arguments: [String], expected: String) async throws {
        try await ScriptedServer.run(.awaitText("\0")) { server in
            var program = Program.stomptap(command, "stomp://127.0.0.1:\(server.port)")
            program.arguments += arguments
            _ = try await program.run()
            let connect = String(decoding: try #require(server.received.first), as: UTF8.self)
            #expect(connect.contains("\nheart-beat:\(expected)\n"), "\(connect)")
        }
    }
}
