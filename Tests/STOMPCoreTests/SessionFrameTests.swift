import NIOCore
import Testing

@testable import STOMPCore

/// Subscriptions, messages, acknowledgements and transactions of an open session.
@Suite struct SessionFrameTests {
    // MARK: Subscriptions

    @Test func subscribesWithIDsOfItsOwnOrTheCallers() throws {
        var session = try openSession()
        var made = try session.subscribe(to: "/topic/a")
        #expect(made.id == "sub-0")
        #expect(text(made.frame) == "SUBSCRIBE\nid:sub-0\ndestination:/topic/a\n\n\0")
        made = try session.subscribe(
            to: "/queue/b:c", id: "sub-1", ack: .clientIndividual, headers: ["selector": "a > 1"], receipt: "r")
        #expect(
            text(made.frame)
                == "SUBSCRIBE\nid:sub-1\ndestination:/queue/b\\cc\nack:client-individual\nselector:a > 1\nreceipt:r\n\n\0"
        )
        // A generated id is not one that is in use.
        made = try session.subscribe(to: "/topic/a", ack: .client)
        #expect(text(made.frame) == "SUBSCRIBE\nid:sub-2\ndestination:/topic/a\nack:client\n\n\0")
        #expect(Set(session.subscriptions.keys) == ["sub-0", "sub-1", "sub-2"])
    }

    @Test func refusesAnIDThatIsTaken() throws {
        var session = try openSession()
        _ = try session.subscribe(to: "/topic/a", id: "x")
        expectError(.duplicateID) { try session.subscribe(to: "/topic/b", id: "x") }
        _ = try session.unsubscribe("x")
        #expect(try session.subscribe(to: "/topic/b", id: "x").id == "x")
    }

    @Test func forgetsASubscriptionThatCouldNotBeSent() throws {
        var session = try openSession(.v10)
        expectError(.cannotBeEncoded) { try session.subscribe(to: "/topic/a\nb", id: "x") }
        #expect(session.subscriptions.isEmpty)
        _ = try session.subscribe(to: "/topic/a", id: "x")
        expectError(.cannotBeEncoded) { try session.unsubscribe("x", headers: ["a\n": "b"]) }
        #expect(Set(session.subscriptions.keys) == ["x"])
    }

    @Test func unsubscribesByIDAndIn10ByDestinationToo() throws {
        for version in STOMPVersion.allCases {
            var session = try openSession(version)
            let id = try session.subscribe(to: "/topic/a").id
            let destination = version == .v10 ? "destination:/topic/a\n" : ""
            #expect(
                try text(session.unsubscribe(id, headers: ["durable": "true"], receipt: "r"))
                    == "UNSUBSCRIBE\nid:sub-0\n\(destination)durable:true\nreceipt:r\n\n\0")
            expectError(.unknownSubscription) { try session.unsubscribe(id) }
            expectError(.unknownSubscription) { try session.unsubscribe("other") }
            #expect(session.subscriptions.isEmpty)
        }
    }

    // MARK: Received messages

    private func message(_ headers: HeaderList, _ version: STOMPVersion = .v12) throws -> Frame {
        try served(.message, headers, version: version)
    }

    @Test(arguments: STOMPVersion.allCases)
    func findsTheSubscriptionOfAMessage(version: STOMPVersion) throws {
        var session = try openSession(version)
        for (id, destination) in [("one", "/topic/a"), ("two", "/topic/b")] {
            _ = try session.subscribe(to: destination, id: id)
            #expect(
                try session.receive(message(["subscription": id, "destination": "/x"], version)).words
                    == "message \(id)")
        }
        #expect(try session.receive(message(["subscription": "one"], version)).words == "message one")
        // Only the id counts, whatever the destination is: the subscription may be to a wildcard.
        #expect(
            try session.receive(message(["subscription": "two", "destination": "/topic/a"], version)).words
                == "message two")
        // If a header is repeated, the first one counts.
        #expect(
            try session.receive(message(["subscription": "two", "subscription": "one"], version)).words == "message two"
        )
        #expect(try session.receive(message(["subscription": "three"], version)).words == "message of none")
        // A message that was already under way when UNSUBSCRIBE was sent.
        _ = try session.unsubscribe("one")
        #expect(try session.receive(message(["subscription": "one"], version)).words == "message of none")
        #expect(try session.receive(message(["subscription": "two"], version)).words == "message two")
    }

    @Test(arguments: [STOMPVersion.v11, .v12])
    func refusesAMessageOfNoSubscription(version: STOMPVersion) throws {
        var session = try openSession(version)
        _ = try session.subscribe(to: "/topic/a")
        expectError(.missingHeader) { try session.receive(message(["destination": "/topic/a"], version)) }
    }

    /// Servers that use 1.0 may omit the subscription header.
    @Test func findsTheSubscriptionOf10ByItsDestination() throws {
        var session = try openSession(.v10)
        #expect(try session.receive(message(["destination": "/topic/a"], .v10)).words == "message of none")
        _ = try session.subscribe(to: "/topic/a", id: "a")
        #expect(try session.receive(message(["destination": "/topic/a"], .v10)).words == "message a")
        // With only one subscription there is no ambiguity, whatever destination the server names.
        #expect(try session.receive(message(["destination": "topic://a"], .v10)).words == "message a")
        #expect(try session.receive(message([:], .v10)).words == "message a")
        _ = try session.subscribe(to: "/topic/b", id: "b")
        #expect(try session.receive(message(["destination": "/topic/b"], .v10)).words == "message b")
        #expect(try session.receive(message(["destination": "/topic/c"], .v10)).words == "message of none")
        #expect(try session.receive(message([:], .v10)).words == "message of none")
    }

    @Test func comparesAnIDAsItWasMeant() throws {
        var session = try openSession()
        _ = try session.subscribe(to: "/topic/a", id: "a:b\\n")
        #expect(try session.receive(message(["subscription": "a:b\\n"])).words == "message a:b\\n")
        #expect(try session.receive(message(["subscription": "a:b\n"])).words == "message of none")
    }

    @Test func refusesAReceiptOfNothing() throws {
        var session = try openSession()
        expectError(.missingHeader) { try session.receive(served(.receipt)) }
        expectError(.missingHeader) { try session.receive(served(.receipt, ["receipt": "r"])) }
    }

    // MARK: Sending

    @Test func sends() throws {
        var session = try openSession()
        #expect(
            try text(
                session.send(
                    to: "/queue/a", headers: ["content-type": "text/plain"], body: ByteBuffer(string: "hi"),
                    receipt: "r"))
                == "SEND\ndestination:/queue/a\ncontent-type:text/plain\nreceipt:r\ncontent-length:2\n\nhi\0")
        _ = try session.begin("t")
        #expect(
            try text(
                session.send(
                    to: "/queue/a", body: ByteBuffer(string: "hi"), contentLength: .omitted, transaction: "t"))
                == "SEND\ndestination:/queue/a\ntransaction:t\n\nhi\0")
        expectError(.unknownTransaction) { try session.send(to: "/queue/a", transaction: "u") }
        expectError(.cannotBeEncoded) {
            try session.send(to: "/queue/a", body: ByteBuffer(string: "\0"), contentLength: .omitted)
        }
    }

    /// The requested receipt or transaction must precede the caller's headers: the first of repeated headers counts.
    @Test func letsNoHeaderHideWhatItAsksFor() throws {
        var session = try openSession()
        _ = try session.begin("t")
        let frame = try session.send(
            to: "/queue/a", headers: ["receipt": "x", "destination": "/y", "transaction": "z"], transaction: "t",
            receipt: "r")
        #expect(frame.headers["receipt"] == "r")
        #expect(frame.headers["destination"] == "/queue/a")
        #expect(frame.headers["transaction"] == "t")
        let subscribe = try session.subscribe(
            to: "/a", id: "s", ack: .client, headers: ["id": "x", "ack": "auto", "receipt": "y"], receipt: "r"
        ).frame
        #expect(subscribe.headers["id"] == "s")
        #expect(subscribe.headers["ack"] == "client")
        #expect(subscribe.headers["receipt"] == "r")
        #expect(try session.unsubscribe("s", headers: ["receipt": "y"], receipt: "r").headers["receipt"] == "r")
        // If the session asks for no receipt, the caller's header is sent unchanged.
        #expect(try session.send(to: "/queue/a", headers: ["receipt": "x"]).headers["receipt"] == "x")
    }

    @Test func makesReceiptIDsThatDiffer() throws {
        var session = try openSession()
        #expect(Set((0..<100).map { _ in session.makeReceiptID() }).count == 100)
    }

    // MARK: Acknowledgements

    private static let message: HeaderList = ["subscription": "s:1", "message-id": "m", "ack": "a"]

    @Test(arguments: [
        (STOMPVersion.v10, "subscription:s:1\nmessage-id:m\n"), (.v11, "subscription:s\\c1\nmessage-id:m\n"),
        (.v12, "id:a\n"),
    ])
    func acknowledgesByTheHeadersOfTheVersion(version: STOMPVersion, headers: String) throws {
        var session = try openSession(version)
        let message = try message(Self.message, version)
        #expect(try text(session.ack(message)) == "ACK\n\(headers)\n\0")
        _ = try session.begin("t")
        #expect(
            try text(session.ack(message, transaction: "t", receipt: "r"))
                == "ACK\n\(headers)transaction:t\nreceipt:r\n\n\0")
        expectError(.unknownTransaction) { try session.ack(message, transaction: "u") }
        if version == .v10 {
            expectError(.notInThisVersion) { try session.nack(message) }
        } else {
            #expect(
                try text(session.nack(message, transaction: "t", receipt: "r"))
                    == "NACK\n\(headers)transaction:t\nreceipt:r\n\n\0")
        }
    }

    @Test func acknowledgesIn10WithoutASubscription() throws {
        let session = try openSession(.v10)
        #expect(try text(session.ack(message(["message-id": "m"], .v10))) == "ACK\nmessage-id:m\n\n\0")
    }

    @Test func refusesToAcknowledgeWhatHasNoID() throws {
        let messages: [(STOMPVersion, HeaderList)] = [
            (.v10, ["subscription": "s", "ack": "a"]), (.v11, ["subscription": "s", "ack": "a"]),
            (.v11, ["message-id": "m", "ack": "a"]), (.v12, ["subscription": "s", "message-id": "m"]),
        ]
        for (version, headers) in messages {
            let session = try openSession(version)
            let message = try message(headers, version)
            expectError(.missingHeader) { try session.ack(message) }
        }
    }

    // MARK: Transactions

    @Test(arguments: STOMPVersion.allCases)
    func opensAndEndsTransactions(version: STOMPVersion) throws {
        var session = try openSession(version)
        let (id, frame) = try session.begin()
        #expect(id == "tx-0")
        #expect(text(frame) == "BEGIN\ntransaction:tx-0\n\n\0")
        #expect(try text(session.begin("tx-1", receipt: "r").frame) == "BEGIN\ntransaction:tx-1\nreceipt:r\n\n\0")
        // A generated id is not one of an open transaction.
        #expect(try session.begin().id == "tx-2")
        expectError(.duplicateID) { try session.begin("tx-1") }
        #expect(try text(session.commit("tx-0", receipt: "r")) == "COMMIT\ntransaction:tx-0\nreceipt:r\n\n\0")
        #expect(try text(session.abort("tx-1", receipt: "r")) == "ABORT\ntransaction:tx-1\nreceipt:r\n\n\0")
        for ended in ["tx-0", "tx-1", "tx-9"] {
            expectError(.unknownTransaction) { try session.commit(ended) }
            expectError(.unknownTransaction) { try session.abort(ended) }
            expectError(.unknownTransaction) { try session.send(to: "/a", transaction: ended) }
        }
        #expect(try session.begin("tx-1").id == "tx-1")
    }

    @Test func forgetsATransactionThatCouldNotBeSent() throws {
        var session = try openSession(.v11)
        expectError(.cannotBeEncoded) { try session.begin("a\rb") }
        expectError(.unknownTransaction) { try session.commit("a\rb") }
        _ = try session.begin("t")
        expectError(.cannotBeEncoded) { try session.commit("t", receipt: "\0") }
        #expect(try session.commit("t").command == .commit)
    }
}
