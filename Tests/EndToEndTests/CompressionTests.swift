import TestSupport
import Testing

/// `--compress`, with servers that accept the offer and one that does not.
@Suite(.spawning) struct CompressionTests {
    @Test(arguments: ["rabbitmq", "spring", "standard"])
    func messagesAreCompressedWhereTheServerTakesTheOffer(profile: String) async throws {
        try await ServedBroker.run(["--emulate", profile]) { broker in
            let url = profile == "spring" ? broker.sockJS : broker.webSocket
            let body = String(repeating: "차량 12가 3456 ", count: 400)
            let subscribe = Program.stomptap(
                "subscribe", url, "/topic/a", "-n", "1", "-o", "body", "--compress", "--virtual-host", "/", "-vvv")
            try await subscribe.startSubscribed { subscriber in
                let sent = try await Program.stomptap(
                    "publish", url, "/topic/a", body, "--compress", "--virtual-host", "/"
                ).run()
                #expect(sent.status == .exited(0), "\(sent)")
                let result = try await subscriber.result()
                #expect(result.output == body + "\n")
                let agreed = profile != "standard"
                #expect(result.errors.contains("agreed on permessage-deflate") == agreed, "\(result)")
                #expect(result.errors.contains(" message, compressed to ") == agreed, "\(result)")
                #expect(result.errors.contains("the server did not accept the offer") == !agreed, "\(result)")
            }
        }
    }
}
