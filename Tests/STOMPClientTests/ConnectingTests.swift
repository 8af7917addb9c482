import NIOConcurrencyHelpers
import NIOCore
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPClient

@Suite(.timeLimit(.minutes(1))) struct ConnectingTests {
    @Test func opensASession() async throws {
        try await ScriptedBroker.with { server in
            let settings = configuration(server) {
                $0.session.login = "guest"
                $0.session.passcode = "secret"
                $0.session.headers = ["x-own": "1"]
            }
            let connection = try await STOMPConnection.connect(to: server.endpoint, configuration: settings)
            #expect(connection.handshake.version == .v12)
            #expect(connection.handshake.server == "scripted/1")
            #expect(connection.handshake.answersReceipts)
            #expect(try await connection.disconnect() == .confirmed)
            #expect(
                server.frames == [
                    "CONNECT accept-version:1.0,1.1,1.2 host:127.0.0.1 login:guest passcode:secret "
                        + "heart-beat:10000,10000 x-own:1 [0 B]",
                    "DISCONNECT receipt:receipt-1 [0 B]",
                ])
        }
    }

    @Test func reportsWhyCONNECTWasRefused() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { _, peer in
            peer.send("ERROR\nmessage:Bad CONNECT\n\nAccess refused for user 'x'\n\0")
        }
        try await ScriptedBroker.with(script) { server in
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.connect(to: server.endpoint, configuration: configuration(server))
            }
            guard case .refused(let frame, _) = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(frame.headers["message"] == "Bad CONNECT")
            #expect(String(buffer: frame.body) == "Access refused for user 'x'\n")
        }
    }

    @Test func reportsACloseBeforeCONNECTED() async throws {
        try await ScriptedBroker.with({ _, peer in peer.close() }) { server in
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.connect(to: server.endpoint, configuration: configuration(server))
            }
            guard case .closed(_, .beforeConnected) = error else {
                Issue.record("\(error as Any)")
                return
            }
        }
    }

    @Test func namesTheProtocolThatThePortSpeaks() async throws {
        try await ScriptedBroker.with({ _, _ in }, greeting: "HTTP/1.1 400 Bad Request\r\n\r\n") { server in
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.connect(to: server.endpoint, configuration: configuration(server))
            }
            guard case .protocolViolation(_, .speaks(.http)) = error else {
                Issue.record("\(error as Any)")
                return
            }
        }
    }

    @Test func refusesAVersionThatWasNotOffered() async throws {
        try await ScriptedBroker.with({ _, peer in peer.send("CONNECTED\nversion:1.0\n\n\0") }) { server in
            let settings = configuration(server) { $0.session.versions = [.v12] }
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.connect(to: server.endpoint, configuration: settings)
            }
            guard case .protocolViolation(let violation, nil) = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(violation == STOMPProtocolError(.peer, .versionMismatch(chosen: "1.0", offered: [.v12])))
        }
    }

    @Test func leavesNothingOpenWhenItIsCancelled() async throws {
        try await ScriptedBroker.with({ _, _ in }) { server in
            let settings = configuration(server)
            let endpoint = server.endpoint
            let task = Task { try await STOMPConnection.connect(to: endpoint, configuration: settings) }
            try await eventually {
                !server.frames.isEmpty ? true : nil
            } otherwise: {
                "no frame came"
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await eventually {
                server.connectionsEnded >= 1 ? true : nil
            } otherwise: {
                "the connection goes on"
            }
        }
    }

    @Test func aSecondDisconnectReturnsTheFirstResult() async throws {
        try await ScriptedBroker.with { server in
            let connection = try await STOMPConnection.connect(
                to: server.endpoint, configuration: configuration(server))
            let first = try await connection.disconnect()
            let second = try await connection.disconnect()
            #expect(first == .confirmed)
            #expect(second == .confirmed)
            #expect(server.frames.filter { $0.hasPrefix("DISCONNECT") }.count == 1)
        }
    }

    @Test func disconnectsWhenTheBodyThrows() async throws {
        struct Oops: Error {}
        try await ScriptedBroker.with { server in
            await #expect(throws: Oops.self) {
                try await STOMPConnection.withConnection(
                    to: server.endpoint, configuration: configuration(server)
                ) { _ in throw Oops() }
            }
            #expect(server.frames.last?.hasPrefix("DISCONNECT") == true)
        }
    }

    @Test func disconnectsInACancelledTask() async throws {
        try await ScriptedBroker.with { server in
            let connection = try await STOMPConnection.connect(
                to: server.endpoint, configuration: configuration(server))
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await connection.disconnect()
            }
            #expect(try await task.value == .confirmed)
            #expect(server.frames.last?.hasPrefix("DISCONNECT") == true)
        }
    }

    @Test func cancellationDoesNotInterruptDisconnect() async throws {
        let held = NIOLockedValueBox<(Frame, ScriptedBroker.Peer)?>(nil)
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            if frame.command == .disconnect {
                held.withLockedValue { $0 = (frame, peer) }
            } else {
                ScriptedBroker.obliging(frame, peer)
            }
        }
        try await ScriptedBroker.with(script) { server in
            let connection = try await STOMPConnection.connect(
                to: server.endpoint, configuration: configuration(server))
            let task = Task { try await connection.disconnect() }
            let (frame, peer) = try await eventually {
                held.withLockedValue { $0 }
            } otherwise: {
                "no DISCONNECT came"
            }
            task.cancel()
            peer.sendReceipt(of: frame)
            #expect(try await task.value == .confirmed)
        }
    }

    @Test func disconnectsWhenTheTaskOfTheBodyIsCancelled() async throws {
        try await ScriptedBroker.with { server in
            let (endpoint, settings) = (server.endpoint, configuration(server))
            let task = Task {
                try await STOMPConnection.withConnection(to: endpoint, configuration: settings) { connection in
                    for try await _ in try await connection.subscribe(to: "/topic/a").messages {}
                    try Task.checkCancellation()
                }
            }
            try await eventually {
                server.frames.count == 2 ? true : nil
            } otherwise: {
                "no SUBSCRIBE came"
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(server.frames.last?.hasPrefix("DISCONNECT") == true)
        }
    }

    @Test func acceptsAClosedStreamAfterDISCONNECT() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            if frame.command == .disconnect { peer.close() } else { ScriptedBroker.obliging(frame, peer) }
        }
        try await ScriptedBroker.with(script) { server in
            let connection = try await STOMPConnection.connect(
                to: server.endpoint, configuration: configuration(server))
            #expect(try await connection.disconnect() == .ended)
        }
    }
}
