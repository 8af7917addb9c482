import TestSupport
import Testing

/// Messages sent as binary over WebSocket, which the server may ignore.
@Suite(.spawning) struct BinaryReceiptTests {
    /// Three lines; the second is not valid text.
    private static let lines = Program.Input.bytes(Array("ok\n".utf8) + [0xFF, 0xFE, 0x0A] + Array("ok2\n".utf8))

    private func publish(_ url: String, _ arguments: [String] = [], input: Program.Input = lines) -> Program {
        var program = Program.stomptap("publish", url, "/queue/a", "-l", "--receipt-timeout", "3s", input: input)
        program.arguments += arguments
        return program
    }

    @Test(arguments: [[], ["--receipt", "require"], ["--reconnect", "3"]])
    func whatTheServerIgnoresIsNamed(options: [String]) async throws {
        try await WebSocketServer.run { server in
            let result = try await publish(server.url, options).run()
            #expect(result.status == .exited(75), "\(result)")
            #expect(
                result.errors == "stomptap: STOMP: timed out after 3 s waiting for the receipt of message 2, sent as "
                    + "binary over WebSocket; the server may ignore binary messages: use stomp://; if it sends no "
                    + "receipts, use --receipt none (3 sent, 1 confirmed; resume with --skip 1)\n")
            #expect(server.sends.map(\.hasReceipt) == [options.contains("require"), true, true])
            #expect(server.connections == 1, "another connection would not help")
        }
    }

    /// A binary message counts as unconfirmed even if the server has never sent a receipt, or only answers DISCONNECT.
    @Test(arguments: [false, true]) func theOnlyMessagesAreNamedToo(answersOnlyDisconnect: Bool) async throws {
        let manner = WebSocketServer.Manner(answersOnlyDisconnect: answersOnlyDisconnect)
        try await WebSocketServer.run(manner) { server in
            let input = Program.Input.bytes([0x31, 0x0A, 0xFF, 0x0A, 0xFE])
            let result = try await publish(server.url, ["--skip", "1"], input: input).run()
            #expect(result.status == .exited(75), "\(result)")
            #expect(
                result.errors.contains("timed out after 3 s waiting for the receipt of messages 2, 3, sent as binary"),
                "\(result)")
            #expect(result.errors.contains("(3 sent, 1 confirmed; resume with --skip 1)"), "\(result)")
        }
    }

    @Test func aTransactionWithoutAReceiptIsReportedAsCommitted() async throws {
        try await WebSocketServer.run { server in
            let result = try await publish(server.url, ["--transaction"]).run()
            #expect(result.status == .exited(75), "\(result)")
            #expect(result.errors.contains("receipt of message 2, sent as binary"), "\(result)")
            #expect(result.errors.contains("(the transaction with 3 messages was committed)"), "\(result)")
        }
    }

    @Test func oneThatIsAnsweredIsConfirmed() async throws {
        try await WebSocketServer.run(.init(ignoresBinary: false)) { server in
            for options in [[], ["--transaction"]] {
                let result = try await publish(server.url, options).run()
                #expect(result.status == .exited(0) && result.errors == "", "\(result)")
            }
            #expect(server.sends.map(\.isBinary) == [false, true, false, false, true, false])
            #expect(server.sends.map(\.hasReceipt) == [false, true, true, false, true, false])
        }
    }

    @Test func withWsBinaryEachAsks() async throws {
        try await WebSocketServer.run(.init(ignoresBinary: false)) { server in
            let result = try await publish(server.url, ["--ws-binary"], input: .text("1\n2\n3\n")).run()
            #expect(result.status == .exited(0) && result.errors == "", "\(result)")
            #expect(server.sends.map(\.isBinary) == [true, true, true])
            #expect(server.sends.map(\.hasReceipt) == [true, true, true])
        }
    }

    /// In this case the receipt for DISCONNECT is enough.
    @Test func noneIsAskedForWhereCONNECTEDNamesNeitherServerNorSession() async throws {
        try await WebSocketServer.run(.init(connected: "heart-beat:0,0\n")) { server in
            let result = try await publish(server.url).run()
            #expect(result.status == .exited(0) && result.errors == "", "\(result)")
            #expect(server.sends.count == 3 && !server.sends.contains(where: \.hasReceipt))
            #expect(server.frames.last?.command == .disconnect && server.frames.last?.hasReceipt == true)
        }
    }

    @Test func noneIsAskedForWithReceiptNone() async throws {
        try await WebSocketServer.run { server in
            let result = try await publish(server.url, ["--receipt", "none"]).run()
            #expect(result.status == .exited(0) && result.errors == "", "\(result)")
            #expect(server.sends.count == 3 && !server.sends.contains(where: \.hasReceipt))
        }
    }

    /// Over TCP there are no binary or text messages; with `--emulate spring`, CONNECTED has no server and session
    /// headers.
    @Test func theEmbeddedBrokerTakesThem() async throws {
        try await ServedBroker.run { broker in
            for (url, asked) in [(broker.webSocket, 3), (broker.tcp, 2)] {
                let result = try await publish(url, ["-v"]).run()
                #expect(result.status == .exited(0), "\(result)")
                // One of them is for DISCONNECT.
                #expect(result.errors.components(separatedBy: " receipt:receipt-").count == asked + 1, "\(result)")
            }
        }
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            let url = broker.webSocket.replacing("http://", with: "ws://") + "/websocket"
            let result = try await publish(url, ["-v"]).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors.components(separatedBy: " receipt:receipt-").count == 2, "\(result)")
        }
    }
}
