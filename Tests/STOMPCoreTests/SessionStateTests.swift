import Testing

@testable import STOMPCore

/// Each state of a session, and what is allowed in it.
@Suite struct SessionStateTests {
    enum Stage: CaseIterable {
        case idle, connecting, connected, disconnecting, closed

        /// A session in this state, with a subscription `s`, a transaction `t` and the receipt `receipt-1` of
        /// DISCONNECT, if it got that far.
        func session() throws -> Session {
            var session = Session()
            if self == .idle { return session }
            _ = try session.connect(SessionConfiguration(virtualHost: "host"))
            if self == .connecting { return session }
            _ = try session.receive(served(.connected, ["version": "1.2"], version: nil))
            _ = try session.subscribe(to: "/topic/a", id: "s")
            _ = try session.begin("t")
            if self == .connected { return session }
            _ = try session.disconnect()
            if self == .disconnecting { return session }
            session.close()
            return session
        }
    }

    static let message: HeaderList = ["subscription": "s", "message-id": "m", "destination": "/topic/a", "ack": "a"]

    @Test(arguments: Stage.allCases)
    func takesFromTheServerWhatMayCome(stage: Stage) throws {
        let frames: [(Frame, [Stage: String])] = [
            (try served(.connected, ["version": "1.1"], version: nil), [.connecting: "connected 1.1 0,0"]),
            (try served(.message, Self.message), [.connected: "message s", .disconnecting: "message s"]),
            (try served(.receipt, ["receipt-id": "r"]), [.connected: "receipt r", .disconnecting: "receipt r"]),
            (
                try served(.receipt, ["receipt-id": "receipt-1"]),
                [.connected: "receipt receipt-1", .disconnecting: "disconnected"]
            ),
            (try served(.error), [.connecting: "error", .connected: "error", .disconnecting: "error"]),
        ]
        for (frame, expected) in frames {
            var session = try stage.session()
            if let words = expected[stage] {
                #expect(try session.receive(frame).words == words)
            } else {
                expectError(.unexpectedFrame) { try session.receive(frame) }
            }
        }
    }

    /// The commands that a server never sends.
    private static let clientCommands = Command.allCases.filter {
        ![.connected, .message, .receipt, .error].contains($0)
    }

    @Test(arguments: Stage.allCases, clientCommands)
    func neverTakesAClientsFrame(stage: Stage, command: Command) throws {
        var session = try stage.session()
        expectError(.unexpectedFrame) {
            try session.receive(served(command, ["receipt-id": "r", "subscription": "s"]))
        }
    }

    @Test(arguments: Stage.allCases)
    func sendsOnlyInAnOpenSession(stage: Stage) throws {
        let message = try served(.message, Self.message)
        let calls: [(String, (inout Session) throws -> Frame)] = [
            ("SUBSCRIBE", { try $0.subscribe(to: "/topic/b").frame }),
            ("UNSUBSCRIBE", { try $0.unsubscribe("s") }),
            ("SEND", { try $0.send(to: "/topic/a") }),
            ("ACK", { try $0.ack(message) }),
            ("NACK", { try $0.nack(message) }),
            ("BEGIN", { try $0.begin().frame }),
            ("COMMIT", { try $0.commit("t") }),
            ("ABORT", { try $0.abort("t") }),
            ("DISCONNECT", { try $0.disconnect() }),
        ]
        for (command, call) in calls {
            var session = try stage.session()
            #expect(session.isConnected == (stage == .connected))
            if stage == .connected {
                #expect(try call(&session).command.rawValue == command)
            } else {
                expectError(.invalidState) { try call(&session) }
            }
        }
    }

    @Test(arguments: Stage.allCases)
    func connectsOnce(stage: Stage) throws {
        var session = try stage.session()
        let configuration = SessionConfiguration(virtualHost: "host")
        if stage == .idle {
            #expect(try session.connect(configuration).command == .connect)
        } else {
            expectError(.invalidState) { try session.connect(configuration) }
        }
    }

    /// RabbitMQ continues after an ERROR; the caller decides what to do about an invalid frame from the server.
    @Test func staysOpenAfterAnError() throws {
        var session = try Stage.connected.session()
        #expect(try session.receive(served(.error, ["message": "no such queue"])).words == "error")
        expectError(.missingHeader) { try session.receive(served(.receipt)) }
        #expect(session.isConnected)
        #expect(try session.receive(served(.receipt, ["receipt-id": "r"])).words == "receipt r")
    }

    @Test func knowsItsVersionFromConnectedOn() throws {
        #expect(try Stage.idle.session().version == nil)
        #expect(try Stage.connecting.session().version == nil)
        #expect(try Stage.connected.session().version == .v12)
    }

    /// Two values are two sessions: they share nothing.
    @Test func isAValue() throws {
        let one = try Stage.connected.session()
        var other = one
        _ = try other.unsubscribe("s")
        #expect(Set(one.subscriptions.keys) == ["s"])
        #expect(other.subscriptions.isEmpty)
    }
}
