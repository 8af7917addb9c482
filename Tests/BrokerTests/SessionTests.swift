import Foundation
import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

/// All features of a session, in all versions over all transports.
@Suite(.timeLimit(.minutes(5)))
struct SessionTests {
    @Test(arguments: Session.all)
    func connectsSubscribesSendsAndLeaves(_ session: Session) async throws {
        let destination = session.way.destination("topic")
        try await session.withConnection { connection in
            #expect(connection.handshake.version == session.version)
            #expect(connection.handshake.server?.hasPrefix(session.way.isRabbitMQ ? "RabbitMQ/" : "ActiveMQ/") == true)
            #expect(connection.handshake.answersReceipts)
            #expect(connection.transport.subprotocol == (session.way == .rabbitMQWebSocket ? "v12.stomp" : nil))
            let subscription = try await connection.subscribed(to: destination)
            var messages = subscription.reader
            try await connection.publish("one", "", "셋 🦊", to: destination, headers: ["content-type": "text/plain"])
            let received = try await messages.messages(3)
            #expect(received.map(\.text) == ["one", "", "셋 🦊"])
            #expect(received.allSatisfy { $0.destination == destination })
            #expect(received.allSatisfy { $0.subscription == subscription.id })
            #expect(received.allSatisfy { $0.headers["content-type"] == "text/plain" })
            try await connection.unsubscribe(subscription)
            let after = try await messages.next()
            #expect(after == nil)
        }
    }

    /// RabbitMQ closes a WebSocket instead of sending the receipt for DISCONNECT.
    @Test(arguments: Session.all)
    func disconnectIsAnswered(_ session: Session) async throws {
        let endpoint = try Endpoint(try await session.way.url())
        var configuration = ClientConfiguration(endpoint)
        configuration.session.versions = [session.version]
        configuration.session.virtualHost = "/"
        let connection = try await STOMPConnection.connect(to: endpoint, configuration: configuration)
        #expect(try await connection.disconnect() == (session.way == .rabbitMQWebSocket ? .closed : .confirmed))
    }

    @Test(arguments: Session.all)
    func bodiesAreEqualToTheByte(_ session: Session) async throws {
        let destination = session.way.destination("queue")
        let bodies = [
            (0..<1024).map { UInt8(truncatingIfNeeded: $0) }, [0], [0, 10, 0, 10], [0xFF, 0xFE],
            try randomBytes(5 << 20),
        ]
        try await session.withConnection { connection in
            var messages = try await connection.subscribed(to: destination).reader
            for body in bodies {
                try await connection.send(OutgoingMessage(to: destination, body: ByteBuffer(bytes: body)))
                let received = try #require(try await messages.next())
                #expect(Array(received.body.readableBytesView) == body, "of \(body.count) octets")
            }
        }
    }

    /// RabbitMQ also escapes in STOMP 1.0, which has no escapes: a colon comes back as `\c` there.
    @Test(arguments: Session.all)
    func headersComeBackAsTheyWere(_ session: Session) async throws {
        let destination = session.way.destination("topic")
        var headers: HeaderList = ["plain": "a b", "colon": "a:b:c", "한글": "값 🦊"]
        if session.version != .v10 {
            headers["back\\slash"] = "a\\b\\"
            headers["line"] = "a\nb"
            headers["co:lon"] = "x"
        }
        if session.version == .v12 { headers["return"] = "a\rb" }
        try await session.withConnection { connection in
            var messages = try await connection.subscribed(to: destination).reader
            try await connection.publish("x", to: destination, headers: headers)
            let received = try #require(try await messages.next())
            for header in headers where !(session.way.isRabbitMQ && session.version == .v10 && header.name == "colon") {
                #expect(received.headers[header.name] == header.value)
            }
        }
    }

    @Test(arguments: Session.all)
    func eachReceiptComes(_ session: Session) async throws {
        let destination = session.way.destination("topic")
        try await session.withConnection { connection in
            let messages = (0..<200).map { number in
                OutgoingMessage(to: destination, body: ByteBuffer(string: "\(number)"), wantsReceipt: true)
            }
            let receipts = try await connection.send(messages)
            #expect(receipts.count == 200)
            for receipt in receipts { try await receipt.confirmation() }
        }
    }

    @Test(arguments: Session.all)
    func transactionsHappenWhollyOrNotAtAll(_ session: Session) async throws {
        let destination = session.way.destination("queue")
        try await session.withConnection { connection in
            var messages = try await connection.subscribed(to: destination).reader
            let kept = try await connection.begin()
            try await connection.publish("in 1", "in 2", to: destination, transaction: kept)
            try await connection.publish("outside", to: destination)
            #expect(try await messages.texts(1) == ["outside"])
            try await connection.commit(kept).confirmation()
            #expect(try await messages.texts(2) == ["in 1", "in 2"])

            let dropped = try await connection.begin()
            try await connection.publish("never", to: destination, transaction: dropped)
            try await connection.abort(dropped)
            try await connection.publish("after", to: destination)
            #expect(try await messages.texts(1) == ["after"])
        }
    }

    @Test(arguments: Session.all.filter { $0.version != .v10 })
    func heartBeatsGoBothWays(_ session: Session) async throws {
        let (beats, continuation) = AsyncStream.makeStream(of: WireEvent.Direction.self)
        let trace = WireTrace(detail: .layers) { event in
            if case .heartBeat = event.content { continuation.yield(event.direction) }
        }
        try await session.way.withConnection(
            session.version,
            change: {
                $0.session.heartBeat = HeartBeat(outgoing: 2000, incoming: 2000)
                $0.transport.trace = trace
            }
        ) { connection in
            #expect(connection.handshake.heartBeat == HeartBeat(outgoing: 2000, incoming: 2000))
            let destination = session.way.destination("topic")
            let subscription = try await connection.subscribed(to: destination)
            try await withThrowingTaskGroup { group in
                // Throws if the session is lost.
                group.addTask { for try await _ in subscription.messages {} }
                // Either side would close after three silent intervals.
                group.addTask {
                    var incoming = 0, outgoing = 0
                    for await direction in beats {
                        if direction == .incoming { incoming += 1 } else { outgoing += 1 }
                        if incoming >= 4, outgoing >= 4 { return }
                    }
                }
                try await group.next()
                group.cancelAll()
            }
            try await connection.publish("still here", to: destination)
        }
    }
}
