import NIOCore
import STOMPClient
import STOMPCore
import Testing

/// Redelivered messages show which messages the server counts as acknowledged.
@Suite(.timeLimit(.minutes(5)))
struct AckTests {
    /// Sends `1`, `2`, `3`; one session receives them and runs `body`. Returns what the next session receives.
    private func leftOver(
        _ session: Session, _ ack: AckMode, _ body: @Sendable (STOMPConnection, [Message]) async throws -> Void
    ) async throws -> [String] {
        let queue = session.way.destination("queue")
        try await session.withConnection { connection in
            try await connection.publish("1", "2", "3", to: queue)
            let subscription = try await connection.subscribed(to: queue, ack: ack)
            var messages = subscription.reader
            let received = try await messages.messages(3)
            #expect(received.map(\.text) == ["1", "2", "3"])
            try await body(connection, received)
            try await connection.unsubscribe(subscription)
        }
        return try await session.withConnection { connection in
            var messages = try await connection.subscribed(to: queue).reader
            try await connection.publish("end", to: queue)
            var texts: [String] = []
            while let text = try await messages.next()?.text, text != "end" { texts.append(text) }
            return texts
        }
    }

    @Test(arguments: Session.all, AckMode.allCases)
    func unacknowledgedMessagesComeAgain(_ session: Session, _ ack: AckMode) async throws {
        let left = try await leftOver(session, ack) { _, _ in }
        #expect(left.sorted() == (ack == .auto ? [] : ["1", "2", "3"]))
    }

    @Test(arguments: Session.all)
    func clientAckTakesAllBeforeIt(_ session: Session) async throws {
        let left = try await leftOver(session, .client) { connection, messages in
            try await connection.ack(messages[1])
        }
        #expect(left == ["3"])
    }

    @Test(arguments: Session.all)
    func individualAckTakesOne(_ session: Session) async throws {
        let left = try await leftOver(session, .clientIndividual) { connection, messages in
            try await connection.ack(messages[1])
        }
        #expect(left.sorted() == ["1", "3"])
    }

    @Test(arguments: Session.all)
    func ackInAnAbortedTransactionIsNone(_ session: Session) async throws {
        let left = try await leftOver(session, .clientIndividual) { connection, messages in
            let kept = try await connection.begin()
            try await connection.ack(messages[0], transaction: kept)
            try await connection.commit(kept).confirmation()
            let dropped = try await connection.begin()
            try await connection.ack(messages[1], transaction: dropped)
            try await connection.abort(dropped)
        }
        #expect(left.sorted() == ["2", "3"])
    }

    /// RabbitMQ redelivers a rejected message to the next subscriber; ActiveMQ moves it to a dead-letter queue if
    /// it is persistent.
    @Test(arguments: Session.all.filter { $0.version != .v10 })
    func nackGivesBack(_ session: Session) async throws {
        let queue = session.way.destination("queue")
        try await session.withConnection { connection in
            var messages = try await connection.subscribed(to: queue, ack: .clientIndividual).reader
            try await connection.publish("unwanted", to: queue, headers: ["mark": queue, "persistent": "true"])
            let first = try #require(try await messages.next())
            try await connection.nack(first)
            if session.way.isRabbitMQ {
                let second = try #require(try await messages.next())
                #expect(second.text == "unwanted")
                #expect(second.headers["redelivered"] == "true")
                try await connection.ack(second)
            } else {
                let selector: HeaderList = ["selector": "mark = '\(queue)'"]
                var dead = try await connection.subscribed(to: "/queue/ActiveMQ.DLQ", headers: selector).reader
                #expect(try await dead.texts(1) == ["unwanted"])
            }
        }
    }
}
