import STOMPClient
import STOMPCore
import Testing

/// Requests that the servers reject, and the resulting errors.
@Suite(.timeLimit(.minutes(5)))
struct RefusalTests {
    @Test(arguments: Way.allCases)
    func wrongPasscode(_ way: Way) async throws {
        _ = try await way.url()
        let start = ContinuousClock.now
        let error = await #expect(throws: STOMPClientError.self) {
            try await way.withConnection(user: way.isRabbitMQ ? "guest:wrong" : "system:wrong") { _ in }
        }
        guard case .refused(let frame, _) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(frame.command == .error)
        #expect(ContinuousClock.now - start < .seconds(8), "RabbitMQ closes after 10 s; that is not to be waited for")
    }

    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func wrongVirtualHost(_ way: Way) async throws {
        let error = await #expect(throws: STOMPClientError.self) {
            try await way.withConnection(change: { $0.session.virtualHost = "localhost" }) { _ in }
        }
        guard case .refused(let frame, _) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(frame.words.contains("Virtual host 'localhost' access denied"))
    }

    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func rightVirtualHostOfAnotherUser(_ way: Way) async throws {
        try await way.withConnection(user: "alice:wonderland", change: { $0.session.virtualHost = "orders" }) {
            #expect($0.handshake.version == .v12)
        }
    }

    /// ActiveMQ accepts any destination name, so only RabbitMQ is tested.
    @Test(arguments: Session.all.filter(\.way.isRabbitMQ))
    func unknownDestination(_ session: Session) async throws {
        let error = await #expect(throws: STOMPClientError.self) {
            try await session.withConnection { connection in
                try await connection.publish("x", to: "/nowhere/at/all")
            }
        }
        guard case .serverError(let frame, _, _) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(frame.words.contains("Unknown destination"), "\(frame.words)")
    }

    /// RabbitMQ sends ERROR, then still the receipt, and closes; over WebSocket it only closes.
    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func unknownExchange(_ way: Way) async throws {
        let error = await #expect(throws: STOMPClientError.self) {
            try await way.withConnection { connection in
                try await connection.publish("x", to: "/exchange/nowhere/key")
                _ = try await connection.subscribed(to: way.destination("topic"))
            }
        }
        switch error {
        case .serverError(let frame, _, _) where way == .rabbitMQ:
            #expect(frame.words.contains("no exchange 'nowhere'"), "\(frame.words)")
        case .closed(let closure?, _) where way == .rabbitMQWebSocket:
            #expect(closure.reason == "STOMP died")
        default: Issue.record("\(error as Any)")
        }
    }
}

extension Frame {
    fileprivate var words: String { "\(headers["message"] ?? "") \(String(buffer: body))" }
}
