import Foundation
import TestSupport
import Testing

/// Tests against the embedded broker's emulation of RabbitMQ; BrokerTests uses the real one.
@Suite(.spawning) struct RabbitMQTests {
    private static func run(_ body: (ServedBroker) async throws -> Void) async throws {
        try await ServedBroker.run(["--emulate", "rabbitmq", "--login", "guest:guest"], body)
    }

    private func expect(
        _ status: Int32, _ line: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await Program(Program.stomptap().path, arguments).run()
        #expect(result.status == .exited(status), "\(result)", sourceLocation: sourceLocation)
        let expected = line.isEmpty ? "" : "stomptap: \(line)\n"
        #expect(result.errors == expected, "\(result)", sourceLocation: sourceLocation)
    }

    /// A session that ends without a receipt for DISCONNECT, as RabbitMQ does over WebSocket, is not an error.
    @Test func publishesAndLeavesOverEither() async throws {
        try await Self.run { broker in
            for url in broker.urls {
                let login = ["--virtual-host", "/", "--login", "guest", "--passcode", "guest"]
                var subscribe = Program.stomptap("subscribe", url, "/topic/a", "-n", "1", "-o", "body")
                subscribe.arguments += login
                try await subscribe.startSubscribed { subscriber in
                    var publish = Program.stomptap("publish", url, "/exchange/amq.topic/a", "hi", "--transaction")
                    publish.arguments += login
                    let sent = try await publish.run()
                    #expect(sent.status == .exited(0), "\(sent)")
                    #expect(sent.errors == "")
                    #expect(try await subscriber.result().output == "hi\n")
                }
            }
        }
    }

    @Test func anUnknownVirtualHostGetsAHint() async throws {
        try await Self.run { broker in
            for url in broker.urls {
                try await expect(
                    77,
                    "STOMP: CONNECT was refused: Bad CONNECT: Virtual host '127.0.0.1' access denied; the virtual "
                        + "host must exist in RabbitMQ; try --virtual-host /", "subscribe", url, "/topic/a", "--login",
                    "guest", "--passcode", "guest")
            }
        }
    }

    /// RabbitMQ keeps the socket open for ten seconds; the program does not wait for that.
    @Test func aBadLoginEndsAtOnce() async throws {
        try await Self.run { broker in
            let start = ContinuousClock.now
            try await expect(
                77,
                "STOMP: CONNECT was refused: Bad CONNECT: Access refused for user 'guest'; check --login and the passcode",
                "publish", broker.tcp, "/topic/a", "hi", "--virtual-host", "/", "--login", "guest", "--passcode", "x")
            #expect(ContinuousClock.now - start < .seconds(9))
        }
    }

    @Test func whatIsNotThereIsNamedOverTCPAndOnlyClosedOverWebSocket() async throws {
        let login = ["--virtual-host", "/", "--login", "guest", "--passcode", "guest", "--reconnect", "never"]
        try await Self.run { broker in
            for destination in ["/amq/queue/nope", "/exchange/nope/key"] {
                var subscribe = Program.stomptap("subscribe", broker.tcp, destination)
                subscribe.arguments += login
                let named = try await subscribe.run()
                #expect(named.status == .exited(1), "\(named)")
                #expect(named.errors.hasPrefix("stomptap: STOMP: ERROR: not_found: NOT_FOUND - no "), "\(named)")
                subscribe = Program.stomptap("subscribe", broker.webSocket, destination)
                subscribe.arguments += login
                let closed = try await subscribe.run()
                #expect(closed.status == .exited(69), "\(closed)")
                #expect(
                    closed.errors == "stomptap: WebSocket: closed by the server with 1000 \"STOMP died\"; RabbitMQ "
                        + "does this after an ERROR that it does not send over WebSocket; try stomp://, or see its "
                        + "log\n")
            }
        }
    }

    @Test func anInvalidDestinationIsAnError() async throws {
        try await Self.run { broker in
            for url in broker.urls {
                for (destination, words) in [
                    (
                        "/nowhere",
                        "Unknown destination: '/nowhere' is not a valid destination.; RabbitMQ accepts /topic/NAME, "
                            + "/queue/NAME, /exchange/NAME and /amq/queue/NAME"
                    ),
                    (
                        "/topic/a/b",
                        "Invalid destination: '/a/b' is not a valid topic destination (in answer to SUBSCRIBE /topic/a/b)"
                    ),
                ] {
                    try await expect(
                        1, "STOMP: ERROR: \(words)", "subscribe", url, destination, "--virtual-host", "/", "--login",
                        "guest", "--passcode", "guest")
                }
            }
        }
    }

    /// RabbitMQ sends frames as text messages even if the body is not text: a warning appears, and the bytes are
    /// unchanged.
    @Test func aBinaryBodyOverWebSocketIsTakenWithAWarning() async throws {
        let login = ["--virtual-host", "/", "--login", "guest", "--passcode", "guest"]
        try await Self.run { broker in
            var subscribe = Program.stomptap("subscribe", broker.webSocket, "/topic/a", "-n", "1", "-o", "body")
            subscribe.arguments += login
            try await subscribe.startSubscribed { subscriber in
                var publish = Program.stomptap("publish", broker.tcp, "/topic/a", input: .bytes([0xFF, 0, 0xFE]))
                publish.arguments += login
                #expect(try await publish.run().status == .exited(0))
                let result = try await subscriber.result()
                #expect(result.stdout == [0xFF, 0, 0xFE, 0x0A])
                #expect(
                    result.errors.hasSuffix(
                        "a text message was not UTF-8; a browser would close the connection with "
                            + "1007\n"),
                    "\(result)")
            }
        }
    }
}
