import NIOCore
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPClient

private func configuration(_ server: ScriptedBroker, _ change: (inout ClientConfiguration) -> Void = { _ in })
    -> ClientConfiguration
{
    var configuration = ClientConfiguration(server.endpoint)
    configuration.connectTimeout = .seconds(20)
    configuration.receiptTimeout = .seconds(20)
    change(&configuration)
    return configuration
}

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

    @Test func tellsWhyCONNECTWasRefused() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { _, peer in
            peer.send("ERROR\nmessage:Bad CONNECT\n\nAccess refused for user 'x'\n\0")
        }
        try await ScriptedBroker.with(script) { server in
            let error = await #expect(throws: STOMPClientError.self) {
                try await STOMPConnection.connect(to: server.endpoint, configuration: configuration(server))
            }
            guard case .refused(let frame) = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(frame.headers["message"] == "Bad CONNECT")
            #expect(String(buffer: frame.body) == "Access refused for user 'x'\n")
        }
    }

    @Test func tellsThatTheServerClosedBeforeCONNECTED() async throws {
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
            guard case .protocolViolation(_, foreign: .http) = error else {
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
            guard case .protocolViolation(let violation, foreign: nil) = error else {
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

    @Test func aSecondGoodbyeIsTheFirst() async throws {
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

    @Test func saysGoodbyeWhenTheBodyThrows() async throws {
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

    @Test func takesAClosedStreamForAGoodbye() async throws {
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

@Suite(.timeLimit(.minutes(1))) struct SubscriptionTests {
    @Test func deliversMessagesInOrderAndEndsOnUnsubscribe() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            ScriptedBroker.obliging(frame, peer)
            if frame.command == .subscribe { for number in 0..<3 { peer.sendMessage("m\(number)", id: number) } }
        }
        try await ScriptedBroker.with(script) { server in
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: configuration(server)) {
                connection in
                let subscription = try await connection.subscribe(to: "/topic/a")
                #expect(try await connection.confirmation(of: subscription) == .confirmed)
                var bodies: [String] = []
                for try await message in subscription.messages {
                    bodies.append(String(buffer: message.body))
                    if bodies.count == 3 { try await connection.unsubscribe(subscription) }
                }
                #expect(bodies == ["m0", "m1", "m2"])
            }
        }
    }

    @Test func keepsTheOrderOfSubscriptionsThatShareASequence() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            ScriptedBroker.obliging(frame, peer)
            guard frame.command == .subscribe, frame.headers["id"] == "sub-1" else { return }
            for number in 0..<10 { peer.sendMessage("m\(number)", subscription: "sub-\(number % 2)", id: number) }
        }
        try await ScriptedBroker.with(script) { server in
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: configuration(server)) {
                connection in
                let messages = await connection.makeMessageSequence()
                _ = try await connection.subscribe(to: "/topic/a", into: messages)
                _ = try await connection.subscribe(to: "/topic/b", into: messages)
                var bodies: [String] = []
                for try await message in messages {
                    bodies.append(String(buffer: message.body))
                    if bodies.count == 10 { break }
                }
                #expect(bodies == (0..<10).map { "m\($0)" })
            }
        }
    }

    @Test func deliversWhatCameBeforeAnERROR() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            ScriptedBroker.obliging(frame, peer)
            guard frame.command == .subscribe else { return }
            peer.sendMessage("last")
            peer.send("ERROR\nmessage:no such queue\n\n\0")
        }
        try await ScriptedBroker.with(script) { server in
            let connection = try await STOMPConnection.connect(
                to: server.endpoint, configuration: configuration(server))
            let subscription = try await connection.subscribe(to: "/topic/a")
            var iterator = subscription.messages.makeAsyncIterator()
            #expect(try await iterator.next().map { String(buffer: $0.body) } == "last")
            let error = await #expect(throws: STOMPClientError.self) { try await iterator.next() }
            guard case .serverError(let frame) = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(frame.headers["message"] == "no such queue")
        }
    }

    @Test func asksNoReceiptOfAServerThatAnswersNone() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            if frame.command == .connect { peer.sendConnected("heart-beat:0,0\n") }
            if frame.command == .disconnect { peer.sendReceipt(of: frame) }
        }
        try await ScriptedBroker.with(script) { server in
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: configuration(server)) {
                connection in
                let subscription = try await connection.subscribe(to: "/topic/a", headers: ["x": "1"])
                #expect(try await connection.confirmation(of: subscription) == .settled)
            }
            #expect(server.frames.contains("SUBSCRIBE id:sub-0 destination:/topic/a x:1 [0 B]"))
        }
    }

    @Test func tellsOfASubscriptionWhoseReceiptIsMissing() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            if frame.command != .subscribe { ScriptedBroker.obliging(frame, peer) }
        }
        try await ScriptedBroker.with(script) { server in
            let settings = configuration(server) { $0.receiptTimeout = .milliseconds(1) }
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: settings) { connection in
                let subscription = try await connection.subscribe(to: "/topic/a")
                #expect(try await connection.confirmation(of: subscription) == .unconfirmed)
            }
        }
    }

    @Test func aCancelledReaderEndsQuietly() async throws {
        try await ScriptedBroker.with { server in
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: configuration(server)) {
                connection in
                let subscription = try await connection.subscribe(to: "/topic/a")
                let reader = Task { try await subscription.messages.first { _ in true } }
                _ = try await connection.confirmation(of: subscription)
                reader.cancel()
                #expect(try await reader.value?.frame == nil)
            }
        }
    }

    /// A reader that is away must stop the socket, and lose nothing.
    @Test func aSlowReaderStopsTheServer() async throws {
        let total = 400
        let body = String(repeating: "x", count: 64 << 10)
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            ScriptedBroker.obliging(frame, peer)
            guard frame.command == .subscribe else { return }
            for number in 0..<total { peer.sendMessage(body, id: number) }
        }
        try await ScriptedBroker.with(script) { server in
            try await STOMPConnection.withConnection(to: server.endpoint, configuration: configuration(server)) {
                connection in
                let subscription = try await connection.subscribe(to: "/topic/a")
                try await eventually {
                    server.timesUnwritable > 0 ? true : nil
                } otherwise: {
                    "the server could send all"
                }
                var received = 0
                for try await batch in subscription.messages.batches {
                    let bytes = batch.reduce(0) { $0 + $1.frame.bytes.readableBytes }
                    #expect(bytes < 4 << 20, "a batch holds more than the limit of what may wait")
                    for message in batch {
                        #expect(message.headers["message-id"] == "\(received)")
                        received += 1
                    }
                    if received == total { break }
                }
                #expect(received == total)
            }
        }
    }
}

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
                try await receipts[0].arrives()
                #expect(receipts[0].hasArrived)
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
                to: server.endpoint, configuration: configuration(server) { $0.receiptTimeout = .hours(1) })
            let receipt = try await connection.send(OutgoingMessage(to: "/a", wantsReceipt: true))
            let waiting = Task { try await receipt?.arrives() }
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
            let error = await #expect(throws: STOMPClientError.self) { try await receipt?.arrives() }
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
                try await connection.commit(transaction).arrives()
                await #expect(throws: STOMPClientError.self) { try await connection.commit(transaction) }
            }
            #expect(server.frames[1] == "BEGIN transaction:tx-0 [0 B]")
            #expect(server.frames[2] == "SEND destination:/a transaction:tx-0 content-length:0 [0 B]")
            #expect(server.frames[3] == "COMMIT transaction:tx-0 receipt:receipt-1 [0 B]")
        }
    }

    /// A server that reads nothing must not make the client grow, nor wait for ever.
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
