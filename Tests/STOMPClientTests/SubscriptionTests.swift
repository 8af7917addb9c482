import NIOCore
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPClient

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
            guard case .serverError(let frame, _, let last) = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(frame.headers["message"] == "no such queue")
            let subscribe = LastSent.frame(.subscribe, destination: "/topic/a", id: "sub-0")
            #expect(last == PrecedingFrames(last: subscribe, unconfirmed: last.unconfirmed))
        }
    }

    /// A server without receipts refuses some time after SUBSCRIBE.
    @Test func aRefusalWhileItSettlesIsAnError() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            if frame.command == .connect { peer.sendConnected("heart-beat:0,0\n") }
            if frame.command == .subscribe { peer.send("ERROR\nmessage:Access denied\n\n\0") }
        }
        try await ScriptedBroker.with(script) { server in
            let connection = try await STOMPConnection.connect(
                to: server.endpoint, configuration: configuration(server) { $0.settleTime = .seconds(1) })
            let subscription = try await connection.subscribe(to: "/topic/secret")
            let error = await #expect(throws: STOMPClientError.self) {
                try await connection.confirmation(of: subscription)
            }
            guard case .serverError = error else {
                Issue.record("\(error as Any)")
                return
            }
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
                #expect(try await connection.confirmation(of: subscription) == .assumed)
            }
            #expect(server.frames.contains("SUBSCRIBE id:sub-0 destination:/topic/a x:1 [0 B]"))
        }
    }

    @Test func reportsAMissingSubscriptionReceipt() async throws {
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

    /// A reader that stops must make the client stop reading the socket, without losing messages.
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
                    #expect(bytes < 4 << 20, "a batch exceeds the limit of waiting bytes")
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
