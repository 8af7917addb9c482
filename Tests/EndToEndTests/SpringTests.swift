import Foundation
import TestSupport
import Testing

/// URLs of browser clients also work here: endpoints as in typical Spring applications.
@Suite(.spawning) struct SpringTests {
    private static let transports = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"]

    /// `--emulate` had another name before, which scripts may still use.
    @Test func theOldNameOfEmulateIsStillUnderstood() async throws {
        try await ServedBroker.run(["--manner", "spring", "--prefix", "/only"]) { _ in }
        let help = try await Program.stomptap("serve", "--help").run()
        #expect(help.output.contains("--emulate") && !help.output.contains("--manner"), "\(help)")
    }

    /// A booking screen: SockJS with a custom path, allowed origins, JSON on a topic.
    @Test(arguments: transports)
    func aBookingScreenOverEachTransport(transport: String) async throws {
        let arguments = [
            "--emulate", "spring", "--ws-path", "/ws/v1/offline-store-pad", "--origin", "http://localhost:3000",
            "--prefix",
            "/ws/v1/topic", "-v",
        ]
        try await ServedBroker.run(arguments) { broker in
            let url = broker.sockJS
            let topic = "/ws/v1/topic/call-store/gangnam-1"
            let subscribe = Program.stomptap(
                "subscribe", url, topic, "-n", "1", "-o", "body", "--sockjs-transport", transport, "--origin",
                "http://localhost:3000")
            try await subscribe.startSubscribed { subscriber in
                let body = #"{"storeSlug": "gangnam-1", "차량": "12가 3456", "text": "a;b \"c\""}"#
                let sent = try await Program.stomptap(
                    "publish", url, topic, body, "--sockjs-transport", transport, "--origin", "http://localhost:3000"
                ).run()
                #expect(sent.status == .exited(0), "\(sent)")
                #expect(try await subscriber.result().output == body + "\n")
            }
            let name = transport == "websocket" ? "SockJS websocket" : "SockJS \(transport)"
            try await broker.program.waitFor("connection 1: \(name) from ", in: .stderr)
            let refused = try await Program.stomptap(
                "publish", url, topic, "x", "--sockjs-transport", transport, "--origin", "http://evil.example"
            ).run()
            #expect(refused.status == .exited(77), "\(refused)")
            #expect(refused.errors.contains("--origin"), "\(refused)")
        }
    }

    /// The booking screen's server restarts: the screen reconnects by itself and restores its subscription.
    @Test(arguments: transports)
    func aBookingScreenComesBack(transport: String) async throws {
        let port = try Loopback.freePorts(1)[0]
        let url = "http://127.0.0.1:\(port)/ws/v1/offline-store-pad"
        let topic = "/ws/v1/topic/call-store/gangnam-1"
        var serve = Program.stomptap("serve", "--emulate", "spring", "--ws", "127.0.0.1:\(port)", "-v")
        serve.arguments += ["--ws-path", "/ws/v1/offline-store-pad", "--prefix", "/ws/v1/topic"]
        let screen = Program.stomptap(
            "subscribe", url, topic, "-o", "body", "--sockjs-transport", transport, "--id", "screen-1", "-H", "slug: x",
            "--reconnect-delay", "50ms", "--reconnect-max-delay", "200ms")
        try await screen.start { screen in
            for round in 1...3 {
                try await serve.start { server in
                    try await server.waitFor("subscribed to \(topic) as screen-1", in: .stderr)
                    let come = try await server.waitFor("SockJS", in: .stderr)
                    #expect(come.contains("connection 1: SockJS \(transport) from "), "\(come)")
                    let sent = try await Program.stomptap("publish", url, topic, #"{"round": \#(round)}"#).run()
                    #expect(sent.status == .exited(0), "\(sent)")
                    try await screen.waitFor(#"{"round": \#(round)}"#)
                }
            }
            screen.send(signal: SIGINT)
            let result = try await screen.result()
            #expect(result.status == .exited(130))
            #expect(result.lines == (1...3).map { #"{"round": \#($0)}"# })
            #expect(result.errors.components(separatedBy: "reconnected; offline from ").count == 3, "\(result)")
        }
    }

    /// A WebSocket request to the URL of a SockJS endpoint: the error has the URLs that work, and they do.
    @Test func aWebSocketURLOfSockJSGetsAHint() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            let webSocket = broker.sockJS.replacing("http://", with: "ws://")
            for command in [["publish", webSocket, "/topic/a", "hi"], ["subscribe", webSocket, "/topic/a"]] {
                var program = Program.stomptap()
                program.arguments = command
                let refused = try await program.run()
                #expect(refused.status == .exited(76), "\(refused)")
                #expect(
                    refused.errors
                        == "stomptap: WebSocket: 400 Bad Request from \(webSocket), not a WebSocket upgrade; this is a "
                        + "SockJS endpoint: use \(broker.sockJS), or \(webSocket)/websocket\n")
            }
            for url in [broker.sockJS, webSocket + "/websocket"] {
                let sent = try await Program.stomptap("publish", url, "/topic/a", "hi").run()
                #expect(sent.status == .exited(0), "\(sent)")
            }
        }
    }

    /// STOMP heart-beats go both ways over each transport, and keep an idle session alive.
    @Test(arguments: transports)
    func heartBeatsKeepAQuietSession(transport: String) async throws {
        try await ServedBroker.run(["--emulate", "spring", "--heart-beat", "1000,1000"]) { broker in
            let tail = Program.stomptap(
                "subscribe", broker.sockJS, "/topic/a", "-n", "1", "-o", "body", "-vv", "--heart-beat", "1000,1000",
                "--sockjs-transport", transport, "--reconnect", "never")
            try await tail.startSubscribed { tail in
                // More heart-beats than the intervals after which either side would give up.
                for mark in ["< stomp heart-beat", "> stomp heart-beat"] {
                    try await tail.waitFor(mark, count: 4, in: .stderr)
                }
                let sent = try await Program.stomptap("publish", broker.sockJS, "/topic/a", "awake").run()
                #expect(sent.status == .exited(0), "\(sent)")
                #expect(try await tail.result().output == "awake\n")
            }
        }
    }

    /// A stopped (SIGSTOP) server is detected over each transport.
    @Test(arguments: transports)
    func aFrozenServerIsNoticed(transport: String) async throws {
        try await ServedBroker.run(["--emulate", "spring", "--heart-beat", "1000,1000"]) { broker in
            let tail = Program.stomptap(
                "subscribe", broker.sockJS, "/topic/a", "--heart-beat", "1000,1000", "--reconnect", "never",
                "--receipt-timeout", "500ms", "--sockjs-transport", transport)
            try await tail.startSubscribed { tail in
                broker.program.send(signal: SIGSTOP)
                let result = try await tail.result()
                broker.program.send(signal: SIGCONT)
                #expect(result.status == .exited(69), "\(result)")
                #expect(result.errors.contains("heart-beat"), "\(result)")
                #expect(result.errors.split(separator: "\n").count <= 2, "\(result)")
            }
        }
    }

    /// The URL is used unchanged: for SockJS, and for the WebSocket below it.
    @Test func theURLIsTakenAsItIs() async throws {
        try await ServedBroker.run { broker in
            let url = broker.sockJS
            let result = try await Program.stomptap("publish", url, "/topic/a", "hi", "-vv").run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors.contains("/ws/info"), "\(result)")
            let beneath = try await Program.stomptap("publish", broker.webSocket + "/websocket", "/topic/a", "hi").run()
            #expect(beneath.status == .exited(0), "\(beneath)")
        }
    }

    /// A chat room over plain WebSocket; its interceptor requires a token and the room in CONNECT. The log has
    /// timestamps.
    @Test func aChatRoomWantsAToken() async throws {
        try await Self.chatRoom { broker, url in
            let headers = ["-C", "Authorization: Bearer good", "-C", "roomId: 2"]
            let body = #"{"roomId": 2, "message": "안녕: 2번 방"}"#
            var tail = Program.stomptap("subscribe", url, "/sub/chat/room/2", "-n", "1", "-o", "body", "-v")
            tail.arguments += headers
            try await tail.startSubscribed { tail in
                var publish = Program.stomptap("publish", url, "/pub/send-message", body)
                publish.arguments += headers
                let sent = try await publish.run()
                #expect(sent.status == .exited(0), "\(sent)")
                #expect(sent.errors == "")
                let result = try await tail.result()
                #expect(result.status == .exited(0), "\(result)")
                #expect(result.output == body + "\n")
                for frame in [
                    "> stomp CONNECT ", "< stomp CONNECTED ", "> stomp SUBSCRIBE ", "< stomp MESSAGE ",
                    "> stomp DISCONNECT ", "< stomp RECEIPT ",
                ] {
                    let line = try Regex(#"(?m)^\d\d:\d\d:\d\d\.\d{3} \#(frame)"#)
                    #expect(result.errors.contains(line), "\(frame): \(result)")
                }
                #expect(result.errors.contains("Authorization"))
                #expect(!result.errors.contains("Bearer good"), "the token is not masked")
            }
        }
    }

    @Test(arguments: ["subscribe", "publish"])
    func aTokenThatIsRefusedIsNotTriedAgain(_ command: String) async throws {
        try await Self.chatRoom { broker, url in
            for (headers, reason, advice) in [
                (
                    ["-C", "Authorization: Bearer bad", "-C", "roomId: 2"], Self.channel,
                    "Authorization was sent but rejected; see the log of the application"
                ),
                (
                    [], Self.channel,
                    "send credentials: -C 'Authorization: Bearer ...' for an interceptor, --http-header or --cookie for "
                        + "Spring Security"
                ),
            ] {
                var program = Program.stomptap(command, url, "/sub/chat/room/2", "--reconnect", "forever")
                program.arguments += headers + (command == "publish" ? ["hi"] : [])
                let result = try await program.run()
                #expect(result.status == .exited(77), "\(result)")
                #expect(
                    result.errors
                        == "stomptap: STOMP: CONNECT was refused: \(reason); \(advice)\n")
            }
            let came = try await broker.program.waitFor(": WebSocket from ", count: 2, in: .stderr)
            #expect(came.components(separatedBy: ": WebSocket from ").count == 3, "\(came)")
        }
    }

    /// Spring 6 sends this for every exception in an interceptor.
    private static let channel = "Failed to send message to ExecutorSubscribableChannel[clientInboundChannel]"

    private static func chatRoom(_ body: (ServedBroker, _ url: String) async throws -> Void) async throws {
        try await ServedBroker.run([
            "--emulate", "spring", "-C", "Authorization: Bearer good", "-C", "roomId: 2", "-v",
            "--route", "/pub/send-message=/sub/chat/room/2",
        ]) { broker in
            try await body(broker, broker.webSocket.replacing("http://", with: "ws://") + "/websocket")
        }
    }

    /// A chat over SockJS with heart-beats 4000/4000: two clients with different transports receive each other's
    /// messages.
    @Test(arguments: transports, ["websocket", "xhr-streaming"])
    func twoClientsOfAChatSeeEachOther(transport: String, other: String) async throws {
        try await ServedBroker.run([
            "--emulate", "spring", "--heart-beat", "4000,4000", "--route", "/pub/messages=/sub/message", "-v",
        ]) { broker in
            func client(_ transport: String, _ command: String, _ arguments: String...) -> Program {
                var program = Program.stomptap(command, broker.sockJS)
                program.arguments +=
                    arguments + ["--heart-beat", "4000,4000", "--sockjs-transport", transport]
                return program
            }
            let first = client(transport, "subscribe", "/sub/message", "-n", "2", "-o", "body", "-v")
            let second = client(other, "subscribe", "/sub/message", "-n", "2", "-o", "body", "-v")
            try await first.startSubscribed { first in
                try await second.startSubscribed { second in
                    for (transport, text) in [(transport, "안녕"), (other, "hello")] {
                        let sent = try await client(transport, "publish", "/pub/messages", text).run()
                        #expect(sent.status == .exited(0), "\(sent)")
                    }
                    for client in [first, second] {
                        let result = try await client.result()
                        #expect(result.output == "안녕\nhello\n")
                        #expect(result.errors.contains("heart-beat:4000,4000"), "\(result)")
                    }
                }
            }
            for (number, transport) in [transport, other, transport, other].enumerated() {
                try await broker.program.waitFor(
                    "connection \(number + 1): SockJS \(transport) from ", in: .stderr)
            }
        }
    }
}
