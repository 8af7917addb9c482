import NIOConcurrencyHelpers
import NIOCore
import STOMPBroker
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

import enum TestSupport.Loopback

@testable import STOMPClient

/// An application that receives a user's alarms and the messages of the user's chat rooms over one connection.
private struct Member: Sendable {
    let user: String
    /// The rooms the user is in; they are kept across connections.
    let rooms: NIOLockedValueBox<[String]>

    init(_ user: String, rooms: [String] = []) {
        self.user = user
        self.rooms = NIOLockedValueBox(rooms)
    }

    func headers(_ type: String, room: String = "") -> HeaderList {
        ["type": type, "userId": user, "roomId": room]
    }

    /// Subscribes to everything, each with its own id, into one message sequence.
    func listen(on connection: STOMPConnection) async throws -> MessageSequence {
        let messages = await connection.makeMessageSequence()
        let alarms = try await connection.subscribe(
            to: "/queue/\(user)", id: "alarm-\(user)", headers: headers("alarm"), into: messages)
        #expect(try await connection.confirmation(of: alarms) == .assumed)
        for room in rooms.withLockedValue({ $0 }) { _ = try await enter(room, on: connection, into: messages) }
        return messages
    }

    /// Subscribes to a room and announces the user there.
    func enter(
        _ room: String, on connection: STOMPConnection, into messages: MessageSequence
    ) async throws -> Subscription {
        let chat = try await connection.subscribe(
            to: "/topic/\(room)", id: "chat-\(room)", headers: headers("chat", room: room), into: messages)
        // Spring does not confirm subscriptions, and may process the next frame before the subscription.
        #expect(try await connection.confirmation(of: chat) == .assumed)
        try await connection.send(
            OutgoingMessage(to: "/chat/subscribe/\(room)", body: ByteBuffer(string: "\(user) entered")))
        return chat
    }
}

@Suite(.timeLimit(.minutes(1))) struct AlarmAndChatTests {
    /// The bytes of each message that the broker received, in order.
    private final class Wire: Sendable {
        private let box = NIOLockedValueBox<[String]>([])
        var frames: [String] { box.withLockedValue { $0 } }

        var trace: WireTrace {
            WireTrace(detail: .bytes) { [box] event in
                guard event.layer == .ws, event.direction == .incoming, let bytes = event.bytes else { return }
                box.withLockedValue { $0.append(String(buffer: bytes)) }
            }
        }
    }

    private static func spring(port: Int, wire: Wire) -> BrokerConfiguration {
        var broker = BrokerConfiguration()
        broker.serverProfile = .spring
        broker.listeners = [.webSocket(host: "127.0.0.1", port: port)]
        broker.routes = ["/chat/subscribe/7": "/topic/7", "/chat/subscribe/8": "/topic/8"]
        broker.transport.trace = wire.trace
        return broker
    }

    private static func server(port: Int) throws -> (endpoint: Endpoint, configuration: ClientConfiguration) {
        let endpoint = try Endpoint("ws://127.0.0.1:\(port)/ws/websocket")
        var configuration = ClientConfiguration(endpoint)
        configuration.connectTimeout = .seconds(20)
        configuration.receiptTimeout = .seconds(20)
        return (endpoint, configuration)
    }

    private static func send(_ text: String, to destination: String, port: Int) async throws {
        let (endpoint, configuration) = try server(port: port)
        try await STOMPConnection.withConnection(to: endpoint, configuration: configuration) { connection in
            _ = try await connection.send(OutgoingMessage(to: destination, body: ByteBuffer(string: text)))
        }
    }

    /// The next messages, each with the id of its subscription.
    private static func next(_ count: Int, of messages: inout MessageSequence.Iterator) async throws -> [String] {
        var texts: [String] = []
        while texts.count < count, let message = try await messages.next() {
            texts.append("\(message.subscription ?? "-"): \(String(buffer: message.body))")
        }
        return texts
    }

    @Test func alarmsAndRoomsShareAConnection() async throws {
        let wire = Wire()
        try await withBroker(Self.spring(port: 0, wire: wire)) { addresses in
            guard case .webSocket(_, let port, _) = addresses[0].listener else { return }
            let (endpoint, configuration) = try Self.server(port: port)
            try await STOMPConnection.withConnection(to: endpoint, configuration: configuration) { connection in
                let minji = Member("minji")
                let messages = try await minji.listen(on: connection)
                var reader = messages.makeAsyncIterator()
                let seventh = try await minji.enter("7", on: connection, into: messages)
                #expect(try await Self.next(1, of: &reader) == ["chat-7: minji entered"])
                _ = try await minji.enter("8", on: connection, into: messages)
                #expect(try await Self.next(1, of: &reader) == ["chat-8: minji entered"])

                try await Self.send("you are invited", to: "/queue/minji", port: port)
                try await Self.send("not for you", to: "/queue/jun", port: port)
                try await Self.send("hi", to: "/topic/7", port: port)
                try await Self.send("안녕", to: "/topic/8", port: port)
                #expect(
                    try await Self.next(3, of: &reader) == [
                        "alarm-minji: you are invited", "chat-7: hi", "chat-8: 안녕",
                    ])

                // Leaving one room does not affect the others.
                try await connection.unsubscribe(seventh, headers: minji.headers("chat", room: "7"))
                try await Self.send("too late", to: "/topic/7", port: port)
                try await Self.send("still here", to: "/topic/8", port: port)
                #expect(try await Self.next(1, of: &reader) == ["chat-8: still here"])
            }
        }
        let own = wire.frames.filter { $0.contains("SUBSCRIBE\n") || $0.contains("minji entered") }
        #expect(
            own == [
                "SUBSCRIBE\nid:alarm-minji\ndestination:/queue/minji\ntype:alarm\nuserId:minji\nroomId:\n\n\0",
                "SUBSCRIBE\nid:chat-7\ndestination:/topic/7\ntype:chat\nuserId:minji\nroomId:7\n\n\0",
                "SEND\ndestination:/chat/subscribe/7\ncontent-length:13\n\nminji entered\0",
                "SUBSCRIBE\nid:chat-8\ndestination:/topic/8\ntype:chat\nuserId:minji\nroomId:8\n\n\0",
                "SEND\ndestination:/chat/subscribe/8\ncontent-length:13\n\nminji entered\0",
                "UNSUBSCRIBE\nid:chat-7\ntype:chat\nuserId:minji\nroomId:7\n\n\0",
            ])
    }

    /// The server restarts twice; each time all subscriptions are restored with their ids and headers.
    @Test func reconnectionBringsThemBack() async throws {
        let port = try Loopback.freePorts(1)[0]
        let wire = Wire()
        let minji = Member("minji", rooms: ["7", "8"])
        let (sessions, opened) = AsyncStream.makeStream(of: Void.self)
        let received = NIOLockedValueBox<[String]>([])
        let application = Task {
            var policy = ReconnectPolicy(delay: .milliseconds(20), maximumDelay: .milliseconds(100))
            // The application starts before its server.
            policy.includesFirst = true
            // However the task ends, the test must not wait for another session.
            defer { opened.finish() }
            try await Reconnection(servers: [Self.server(port: port)], policy: policy).run { connection in
                let messages = try await minji.listen(on: connection)
                opened.yield()
                for try await message in messages {
                    let text = "\(message.subscription ?? "-"): \(String(buffer: message.body))"
                    received.withLockedValue { $0.append(text) }
                    if text == "alarm-minji: the end" { break }
                }
                try await connection.disconnect()
            }
        }
        var session = sessions.makeAsyncIterator()
        let entered = ["chat-7: minji entered", "chat-8: minji entered"]
        for round in 1...3 {
            try await withBroker(Self.spring(port: port, wire: wire)) { _ in
                await session.next()
                try await Self.send("alarm \(round)", to: "/queue/minji", port: port)
                try await Self.send("chat \(round)", to: "/topic/8", port: port)
                try await eventually {
                    received.withLockedValue { $0.count } == round * 4 ? true : nil
                } otherwise: {
                    "only \(received.withLockedValue { $0 }) came"
                }
                if round == 3 {
                    try await Self.send("the end", to: "/queue/minji", port: port)
                    try await application.value
                }
            }
        }
        var expected: [String] = []
        for round in 1...3 { expected += entered + ["alarm-minji: alarm \(round)", "chat-8: chat \(round)"] }
        expected.append("alarm-minji: the end")
        #expect(received.withLockedValue { $0 } == expected)
        let subscribed = wire.frames.filter { $0.hasPrefix("SUBSCRIBE\n") }
        #expect(subscribed.count == 9)
        #expect(Array(subscribed[..<3]) == Array(subscribed[3..<6]))
        #expect(Array(subscribed[..<3]) == Array(subscribed[6...]))
        #expect(subscribed[2].contains("\nid:chat-8\ndestination:/topic/8\ntype:chat\nuserId:minji\nroomId:8\n"))
    }
}
