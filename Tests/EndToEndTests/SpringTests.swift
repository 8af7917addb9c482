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

    /// A chat room over plain WebSocket, whose interceptor wants a token and the room in CONNECT; the log has times.
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
            for (headers, reason) in [
                (["-C", "Authorization: Bearer bad", "-C", "roomId: 2"], "the header Authorization is wrong"),
                ([], "this broker wants the header Authorization"),
            ] {
                var program = Program.stomptap(command, url, "/sub/chat/room/2", "--reconnect", "forever")
                program.arguments += headers + (command == "publish" ? ["hi"] : [])
                let result = try await program.run()
                #expect(result.status == .exited(77), "\(result)")
                #expect(
                    result.errors
                        == "stomptap: STOMP: CONNECT was refused: \(reason); an interceptor of the application "
                        + "may want -C 'Authorization: Bearer ...' in CONNECT\n")
            }
            let came = broker.program.written.errors.components(separatedBy: ": WebSocket from ").count - 1
            #expect(came == 2, "\(broker.program.written)")
        }
    }

    private static func chatRoom(_ body: (ServedBroker, _ url: String) async throws -> Void) async throws {
        try await ServedBroker.run([
            "--manner", "spring", "-C", "Authorization: Bearer good", "-C", "roomId: 2", "-v",
            "--route", "/pub/send-message=/sub/chat/room/2",
        ]) { broker in
            try await body(broker, broker.webSocket.replacing("http://", with: "ws://") + "/websocket")
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
}
