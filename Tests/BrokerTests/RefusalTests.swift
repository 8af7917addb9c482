import STOMPClient
import STOMPCore
import Testing

/// What the servers refuse, and how it is told.
@Suite(.timeLimit(.minutes(5)))
struct RefusalTests {
    @Test(arguments: Way.allCases)
    func wrongPasscode(_ way: Way) async throws {
        _ = try await way.url()
        let start = ContinuousClock.now
        let error = await #expect(throws: STOMPClientError.self) {
            try await way.withConnection(user: way.isRabbitMQ ? "guest:wrong" : "system:wrong") { _ in }
        }
        #expect(error?.code == .refused)
        #expect(error?.frame?.command == .error)
        #expect(ContinuousClock.now - start < .seconds(8), "RabbitMQ closes after 10 s; that is not to be waited for")
    }

    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func wrongVirtualHost(_ way: Way) async throws {
        let error = await #expect(throws: STOMPClientError.self) {
            try await way.withConnection(change: { $0.session.virtualHost = "localhost" }) { _ in }
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("Virtual host 'localhost' access denied") == true)
    }

    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func rightVirtualHostOfAnotherUser(_ way: Way) async throws {
        try await way.withConnection(user: "alice:wonderland", change: { $0.session.virtualHost = "orders" }) {
            #expect($0.handshake.version == .v12)
        }
    }

    /// ActiveMQ makes a queue of any name.
    @Test(arguments: Session.all.filter(\.way.isRabbitMQ))
    func unknownDestination(_ session: Session) async throws {
        let error = await #expect(throws: STOMPClientError.self) {
            try await session.withConnection { connection in
                try await connection.publish("x", to: "/nowhere/at/all")
            }
        }
        #expect(error?.code == .serverError)
        #expect(error?.message.contains("Unknown destination") == true, "\(String(describing: error))")
    }

    /// RabbitMQ answers ERROR, then the receipt all the same, and closes; over WebSocket it only closes.
    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func unknownExchange(_ way: Way) async throws {
        let error = await #expect(throws: STOMPClientError.self) {
            try await way.withConnection { connection in
                try await connection.publish("x", to: "/exchange/nowhere/key")
                _ = try await connection.standing(at: way.destination("topic"))
            }
        }
        let expected = way == .rabbitMQ ? "no exchange 'nowhere'" : "STOMP died"
        #expect(error?.code == (way == .rabbitMQ ? .serverError : .connectionLost))
        #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
    }
}
