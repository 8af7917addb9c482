import Foundation
import TestSupport
import Testing

/// Cases in which Spring sends nothing, and what the program prints instead.
@Suite(.spawning) struct SpringSilenceTests {
    private func expect(
        _ status: Int32, _ line: String, _ arguments: [String], input: Program.Input = .nothing,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var program = Program(Program.stomptap().path, arguments)
        program.input = input
        let result = try await program.run()
        #expect(result.status == .exited(status), "\(result)", sourceLocation: sourceLocation)
        let expected = line.isEmpty ? "" : "stomptap: \(line)\n"
        #expect(result.errors == expected, "\(result)", sourceLocation: sourceLocation)
    }

    @Test func acceptVersionOneIsNeverAnswered() async throws {
        try await ServedBroker.run(["--emulate", "spring-4"]) { broker in
            try await expect(
                75,
                "STOMP: timed out after 5 s waiting for CONNECTED from \(broker.sockJS); Spring does not answer a "
                    + "client that only accepts STOMP 1.0; use --stomp-version 1.2,1.1",
                [
                    "publish", broker.sockJS, "/topic/a", "hi", "--stomp-version", "1.0", "--connect-timeout", "5s",
                ])
        }
    }

    /// The program neither requests nor awaits receipts that never come; it always requests the receipt of DISCONNECT.
    @Test func receiptsThatDoNotComeAreNotWaitedFor() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            let lines = Program.Input.text(String(repeating: "x\n", count: 5000))
            var publish = Program.stomptap("publish", broker.sockJS, "/topic/a", "-l", "-v", input: lines)
            // If the program waited for a receipt, the test would time out.
            publish.arguments += ["--receipt-timeout", "1h"]
            let result = try await publish.run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors.components(separatedBy: "\n               receipt:").count == 2, "\(result)")
            #expect(
                result.errors.hasSuffix(
                    "stomptap: STOMP: this server only answers DISCONNECT with a receipt; that receipt confirms all "
                        + "messages\n"), "\(result)")
            try await expect(
                75,
                "STOMP: timed out after 200 ms waiting for a receipt; Spring's simple broker only answers DISCONNECT "
                    + "with a receipt; use --receipt auto (1 sent, 0 confirmed)",
                ["publish", broker.sockJS, "/topic/a", "x", "--receipt", "require", "--receipt-timeout", "200ms"])
        }
    }

    /// A relay passes on RabbitMQ's CONNECTED, but an application sends no receipts.
    @Test func anApplicationBehindARelayIsNotWaitedFor() async throws {
        let relay = ScriptedServer.Step.react { bytes, peer in
            for frame in String(buffer: bytes).split(separator: "\0") {
                if frame.contains("CONNECT\n") && !frame.contains("DISCONNECT") {
                    peer.send("CONNECTED\nversion:1.2\nserver:RabbitMQ/3.10.8\nsession:s\nheart-beat:0,0\n\n\0")
                } else if let receipt = frame.firstMatch(of: /receipt:(.*)/)?.1, !frame.contains(":/app/") {
                    peer.send("RECEIPT\nreceipt-id:\(receipt)\n\n\0")
                }
            }
        }
        try await ScriptedServer.run(relay) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            // If the program waited for a receipt, the test would time out.
            let longTimeout = ["--receipt-timeout", "1h"]
            try await expect(0, "", ["publish", url, "/app/hello", "hi"] + longTimeout)
            try await expect(0, "", ["publish", url, "/topic/a", "hi"] + longTimeout)
            try await expect(0, "", ["connect", url, "-e", "send /app/hello hi; send /topic/a hi"] + longTimeout)
            try await expect(
                75,
                "STOMP: timed out after 200 ms waiting for a receipt; Spring's simple broker only answers DISCONNECT "
                    + "with a receipt; use --receipt auto (1 sent, 0 confirmed)",
                ["publish", url, "/app/hello", "hi", "--receipt", "require", "--receipt-timeout", "200ms"])
        }
    }

    @Test func aMessageThatIsTooLargeForTomcatIsToBeSplit() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            let plain = broker.sockJS.replacing("http://", with: "ws://") + "/websocket"
            for url in [broker.sockJS, plain] {
                let large = Program.Input.text(String(repeating: "x", count: 20_000))
                let refused = try await Program.stomptap("publish", url, "/topic/a", input: large).run()
                #expect(refused.status == .exited(69), "\(refused)")
                #expect(refused.errors.contains("closed by the server with 1009"), "\(refused)")
                #expect(
                    refused.errors.hasSuffix(
                        "the WebSocket message is too large for the server (limit of Tomcat: 16640 bytes); "
                            + "try --split 8192 (1 sent, 0 confirmed)\n"
                    ),
                    "\(refused)")
                let subscribe = Program.stomptap("subscribe", url, "/topic/a", "-n", "1", "-o", "body")
                try await subscribe.startSubscribed { subscriber in
                    try await expect(0, "", ["publish", url, "/topic/a", "--split", "8192"], input: large)
                    #expect(try await subscriber.result().stdout.count == 20_001)
                }
            }
            let larger = Program.Input.text(String(repeating: "x", count: 70_000))
            try await expect(
                1,
                "STOMP: ERROR: The STOMP frame exceeds configured buffer size limit (last sent: SEND /topic/a); "
                    + "Spring accepts frames of at most 64 KiB, unless the application sets a larger message size "
                    + "limit (1 sent, 0 confirmed)",
                ["publish", plain, "/topic/a", "--split", "8192"], input: larger)
        }
    }

    /// After the given idle timeout; other tests cover the rest of the hint.
    @Test func aTailThatGetsNothingSaysWhyThatMayBe() async throws {
        try await ServedBroker.run(["--emulate", "spring", "--heart-beat", "10000,10000"]) { broker in
            let result = try await Program.stomptap(
                "subscribe", broker.sockJS, "/queue/a", "--idle-timeout", "3s"
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            let line =
                "stomptap: STOMP: no messages received on /queue/a; this server does not confirm subscriptions "
                + "(Spring does not), and sends no error if a destination is outside its prefixes (usually "
                + "/topic and /queue) or a handler throws; messages for a single user arrive on /user/queue/...; "
                + "the server is alive: last data received "
            #expect(result.errors.hasPrefix(line), "\(result)")
            #expect(result.errors.hasSuffix("s ago\n"), "\(result)")
        }
    }

    /// SockJS cannot carry binary data: the error names the message that cannot be sent.
    @Test func whatIsNoUTF8IsRefusedOverSockJSBeforeItIsSent() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            try await expect(
                65,
                "SockJS: message 2 is not UTF-8, and SockJS carries only text; send it as base64, or use ws:// with "
                    + "/websocket at the end of the path",
                ["publish", broker.sockJS, "/topic/a", "-l"], input: .bytes(Array("fine\n".utf8) + [0xFF, 0x0A]))
            let plain = broker.sockJS.replacing("http://", with: "ws://") + "/websocket"
            try await expect(
                0, "", ["publish", plain, "/topic/a", "-l"], input: .bytes(Array("fine\n".utf8) + [0xFF, 0x0A]))
        }
    }
}
