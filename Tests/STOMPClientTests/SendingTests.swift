import NIOCore
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPClient

@Suite(.timeLimit(.minutes(1))) struct SendingTests {
    @Test func sendsAndGetsReceipts() async throws {
        try await ScriptedBroker.with { server in
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: configuration(server)) {
                connection in
                let receipts = try await connection.send([
                    OutgoingMessage(to: "/a", body: ByteBuffer(string: "1")),
                    OutgoingMessage(to: "/a", body: ByteBuffer(string: "22"), wantsReceipt: true),
                ])
                #expect(receipts.count == 1)
                try await receipts[0].confirmation()
                #expect(receipts[0].isConfirmed)
            }
            #expect(
                Array(server.frames[1...2]) == [
                    "SEND destination:/a content-length:1 [1 B]",
                    "SEND destination:/a receipt:receipt-1 content-length:2 [2 B]",
                ])
        }
    }

    @Test func whoWaitsForAReceiptCanBeCancelled() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            if frame.command != .send { ScriptedBroker.obliging(frame, peer) }
        }
        try await ScriptedBroker.with(script) { server in
            let connection = try await STOMPConnection.connect(
                to: server.endpoint, configuration: configuration(server) { $0.receiptTimeout = .seconds(3600) })
            let receipt = try await connection.send(OutgoingMessage(to: "/a", wantsReceipt: true))
            let waiting = Task { try await receipt?.confirmation() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            try await connection.disconnect()
        }
    }

    @Test func sendsNothingOfABatchThatCannotGo() async throws {
        try await ScriptedBroker.with { server in
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: configuration(server)) {
                connection in
                let error = await #expect(throws: STOMPClientError.self) {
                    try await connection.send([
                        OutgoingMessage(to: "/a"), OutgoingMessage(to: "/a", headers: ["": "no name"]),
                    ])
                }
                guard case .cannotSend(.invalid(let fault)) = error else {
                    Issue.record("\(error as Any)")
                    return
                }
                #expect(fault == STOMPProtocolError(.local, .headerWithoutName(.send)))
            }
            #expect(!server.frames.contains { $0.hasPrefix("SEND") })
        }
    }

    @Test func anERRORFailsTheReceiptsThatAreMissing() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            guard frame.command == .send else { return ScriptedBroker.obliging(frame, peer) }
            peer.send("ERROR\nmessage:not allowed\n\n\0")
        }
        try await ScriptedBroker.with(script) { server in
            let connection = try await STOMPConnection.connect(
                to: server.endpoint, configuration: configuration(server))
            let receipt = try await connection.send(OutgoingMessage(to: "/a", wantsReceipt: true))
            let error = await #expect(throws: STOMPClientError.self) { try await receipt?.confirmation() }
            guard case .serverError = error else {
                Issue.record("\(error as Any)")
                return
            }
            await #expect(throws: STOMPClientError.self) { try await connection.send(OutgoingMessage(to: "/a")) }
        }
    }

    @Test func aTransactionIsOneUntilItsCommit() async throws {
        try await ScriptedBroker.with { server in
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: configuration(server)) {
                connection in
                let transaction = try await connection.begin()
                try await connection.send(OutgoingMessage(to: "/a", transaction: transaction))
                try await connection.commit(transaction).confirmation()
                await #expect(throws: STOMPClientError.self) { try await connection.commit(transaction) }
            }
            #expect(server.frames[1] == "BEGIN transaction:tx-0 [0 B]")
            #expect(server.frames[2] == "SEND destination:/a transaction:tx-0 content-length:0 [0 B]")
            #expect(server.frames[3] == "COMMIT transaction:tx-0 receipt:receipt-1 [0 B]")
        }
    }

    /// If a server reads nothing, the client must neither grow without limit nor wait forever.
    @Test func aServerThatTakesNothingIsGivenUp() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            ScriptedBroker.obliging(frame, peer)
            if frame.command == .begin { peer.stopReading() }
        }
        try await ScriptedBroker.with(script) { server in
            let settings = configuration(server) { $0.receiptTimeout = .milliseconds(20) }
            let connection = try await STOMPConnection.connect(to: server.endpoint, configuration: settings)
            _ = try await connection.begin()
            let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)
            let error = await #expect(throws: STOMPClientError.self) {
                for _ in 0..<1000 { try await connection.send(OutgoingMessage(to: "/a", body: body)) }
            }
            guard case .timedOut(.progress, _) = error else {
                Issue.record("\(error as Any)")
                return
            }
        }
    }
}
