import Foundation
import TestSupport
import Testing

/// What a browser's client is given works here: the endpoints of Spring applications as people have them.
@Suite(.spawning) struct SpringTests {
    /// A booking screen: SockJS under a path of its own, allowed origins, JSON on a topic.
    @Test(arguments: ["websocket", "xhr-streaming", "eventsource", "xhr-polling"])
    func aBookingScreenOverEachTransport(transport: String) async throws {
        let arguments = [
            "--manner", "spring", "--ws-path", "/ws/v1/offline-store-pad", "--origin", "http://localhost:3000",
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
            #expect(broker.program.written.errors.contains("connection 1: \(name) from "), "\(broker.program.written)")
            let refused = try await Program.stomptap(
                "publish", url, topic, "x", "--sockjs-transport", transport, "--origin", "http://evil.example"
            ).run()
            #expect(refused.status == .exited(77), "\(refused)")
            #expect(refused.errors.contains("--origin"), "\(refused)")
        }
    }

    /// The URL is taken as it is: SockJS where it is SockJS, and a hint where a WebSocket is asked of it.
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

    /// A chat room whose interceptor wants a token, in the handshake and in CONNECT.
    @Test func aTokenIsChecked() async throws {
        let script: @Sendable (Int) -> [ScriptedServer.Step] = { _ in
            [
                .awaitText("\0"),
                .answer { came in
                    let text = String(decoding: came, as: UTF8.self)
                    return Array(
                        (text.contains("\nAuthorization:Bearer good\n") && text.contains("\nroomId:2\n")
                            ? "CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"
                            : "ERROR\nmessage:Failed to send message to ExecutorSubscribableChannel\n\n\0").utf8)
                }, .awaitText("DISCONNECT\n"),
                .answer { came in
                    let text = String(decoding: came, as: UTF8.self)
                    let id = text.components(separatedBy: "receipt:").last?.prefix { $0 != "\n" } ?? ""
                    return Array("RECEIPT\nreceipt-id:\(id)\n\n\0".utf8)
                }, .stall,
            ]
        }
        try await ScriptedServer.run(script: script) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let good = try await Program.stomptap(
                "publish", url, "/pub/send-message", "hi", "-C", "Authorization: Bearer good", "-C", "roomId: 2", "-v"
            ).run()
            #expect(good.status == .exited(0), "\(good)")
            #expect(!good.errors.contains("Bearer good"), "the token is not masked")
            let bad = try await Program.stomptap(
                "publish", url, "/pub/send-message", "hi", "-C", "Authorization: Bearer bad"
            ).run()
            #expect(bad.status == .exited(77), "\(bad)")
            #expect(bad.errors.contains("Failed to send message"))
        }
    }

    /// A chat over SockJS with heart-beats 4000/4000: two clients see each other's messages.
    @Test func twoClientsOfAChatSeeEachOther() async throws {
        try await ServedBroker.run([
            "--manner", "spring", "--heart-beat", "4000,4000", "--route", "/pub/messages=/sub/message",
        ]) { broker in
            let url = broker.sockJS
            func client() -> Program {
                Program.stomptap("subscribe", url, "/sub/message", "-n", "2", "-o", "body", "--heart-beat", "4000,4000")
            }
            try await client().startSubscribed { first in
                try await client().startSubscribed { second in
                    for text in ["안녕", "hello"] {
                        let sent = try await Program.stomptap("publish", url, "/pub/messages", text).run()
                        #expect(sent.status == .exited(0), "\(sent)")
                    }
                    #expect(try await first.result().output == "안녕\nhello\n")
                    #expect(try await second.result().output == "안녕\nhello\n")
                }
            }
        }
    }

    @Test func acceptVersionOneIsNeverAnswered() async throws {
        try await ServedBroker.run(["--manner", "spring"]) { broker in
            let result = try await Program.stomptap(
                "publish", broker.webSocket, "/topic/a", "hi", "--stomp-version", "1.0", "--connect-timeout", "500ms"
            ).run()
            #expect(result.status == .exited(75), "\(result)")
        }
    }
}
