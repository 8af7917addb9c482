import STOMPBroker
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

@Suite struct BrokerTests {
    @Test(arguments: Way.allCases)
    func aMessageGoesFromOneClientToAnother(_ way: Way) async throws {
        try await withBroker(way) { address, _ in
            let receiver = try await ScriptedClient(address)
            try await receiver.send("CONNECT\naccept-version:1.1,1.2\nhost:h\n\n\0")
            #expect(
                try await receiver.next()
                    == "CONNECTED\nversion:1.2\nsession:session-1\nserver:stomptap\nheart-beat:10000,10000\n\n")
            try await receiver.send("SUBSCRIBE\nid:a\ndestination:/topic/x\nreceipt:r1\n\n\0")
            #expect(try await receiver.next() == "RECEIPT\nreceipt-id:r1\n\n")

            let publisher = try await ScriptedClient.connected(to: address)
            try await publisher.send("SEND\ndestination:/topic/x\ncontent-type:text/plain\nreceipt:r2\n\n안녕 👋\0")
            #expect(try await publisher.next() == "RECEIPT\nreceipt-id:r2\n\n")
            #expect(
                try await receiver.next()
                    == "MESSAGE\nsubscription:a\nmessage-id:1-1\ndestination:/topic/x\ncontent-type:text/plain\n"
                    + "content-length:11\n\n안녕 👋")

            try await receiver.send("UNSUBSCRIBE\nid:a\nreceipt:r3\n\n\0DISCONNECT\nreceipt:r4\n\n\0")
            #expect(try await receiver.next() == "RECEIPT\nreceipt-id:r3\n\n")
            #expect(try await receiver.next() == "RECEIPT\nreceipt-id:r4\n\n")
            #expect(try await receiver.end() == nil)
            #expect(receiver.contents.closures.map(\.isClean) == [true])
        }
    }

    @Test(arguments: [STOMPVersion.v10, .v11, .v12])
    func eachVersionIsSpokenAtOnce(_ version: STOMPVersion) async throws {
        try await withBroker { address, _ in
            let receiver = try await ScriptedClient.connected(to: address, version: version)
            try await receiver.send("SUBSCRIBE\nid:a\ndestination:/queue/x\nack:client\n\n\0")
            let publisher = try await ScriptedClient.connected(to: address, version: .v12)
            try await publisher.send("SEND\ndestination:/queue/x\nurl:http\\c//x\n\nhello\0")
            let ack = version == .v12 ? "ack:1-1\n" : ""
            let url = version == .v10 ? "http://x" : "http\\c//x"
            #expect(
                try await receiver.next()
                    == "MESSAGE\nsubscription:a\nmessage-id:1-1\n\(ack)destination:/queue/x\nurl:\(url)\n"
                    + "content-length:5\n\nhello")
            let id = version == .v12 ? "id:1-1" : "subscription:a\nmessage-id:1-1"
            try await receiver.send("ACK\n\(id)\nreceipt:r\n\n\0")
            #expect(try await receiver.next() == "RECEIPT\nreceipt-id:r\n\n")
        }
    }

    @Test func aLostConnectionGivesItsMessagesBack() async throws {
        try await withBroker { address, _ in
            let first = try await ScriptedClient.connected(to: address)
            try await first.send("SUBSCRIBE\nid:a\ndestination:/queue/x\nack:client-individual\n\n\0")
            let publisher = try await ScriptedClient.connected(to: address)
            try await publisher.send("SEND\ndestination:/queue/x\n\n1\0SEND\ndestination:/queue/x\n\n2\0")
            #expect(try await first.bodies(2) == ["1", "2"])
            try await first.send("ACK\nid:1-1\nreceipt:r\n\n\0")
            _ = try await first.next()
            try await first.abort()

            let second = try await ScriptedClient.connected(to: address)
            try await second.send("SUBSCRIBE\nid:b\ndestination:/queue/x\n\n\0")
            #expect(
                try await second.next()
                    == "MESSAGE\nsubscription:b\nmessage-id:2-1\nredelivered:true\ndestination:/queue/x\n"
                    + "content-length:1\n\n2")
        }
    }

    @Test func aTransactionIsSentByItsCommit() async throws {
        try await withBroker { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send(
                "SUBSCRIBE\nid:a\ndestination:/topic/x\n\n\0BEGIN\ntransaction:t\nreceipt:1\n\n\0"
                    + "SEND\ndestination:/topic/x\ntransaction:t\nreceipt:2\n\ninside\0"
                    + "SEND\ndestination:/topic/x\n\noutside\0COMMIT\ntransaction:t\nreceipt:3\n\n\0")
            #expect(try await client.next() == "RECEIPT\nreceipt-id:1\n\n")
            #expect(try await client.next() == "RECEIPT\nreceipt-id:2\n\n")
            #expect(try await client.bodies(2) == ["outside", "inside"])
            #expect(try await client.next() == "RECEIPT\nreceipt-id:3\n\n")
        }
    }

    @Test(arguments: Way.allCases)
    func aLargeBinaryBodyArrivesAsItWas(_ way: Way) async throws {
        try await withBroker(way) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SUBSCRIBE\nid:a\ndestination:/topic/x\n\n\0")
            let body = String(repeating: "\0\r\n한:\\", count: 700_000)
            let size = body.utf8.count
            #expect(size > 5 << 20)
            try await client.send("SEND\ndestination:/topic/x\ncontent-length:\(size)\n\n\(body)\0")
            #expect(try await client.bodies(1) == [body])
        }
    }

    @Test func theClockTicksAndTheEchoAnswers() async throws {
        try await withBroker(
            .tcp,
            {
                $0.hasClock = true
                $0.hasEcho = true
            }
        ) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SUBSCRIBE\nid:c\ndestination:/topic/clock\n\n\0")
            let ticks = try await client.bodies(2)
            #expect(ticks[0].contains(/^\{"time":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ","tick":\d+\}$/))
            #expect(ticks[0] != ticks[1])
            try await client.send("UNSUBSCRIBE\nid:c\nreceipt:r\n\n\0SUBSCRIBE\nid:e\ndestination:/topic/echo\n\n\0")
            try await client.wait { !$0.frames.isEmpty }
            while try await client.next() != "RECEIPT\nreceipt-id:r\n\n" {}
            try await client.send("SEND\ndestination:/app/echo\nk:v\ncontent-type:text/x\n\nhi\0")
            #expect(
                try await client.next()
                    == "MESSAGE\nsubscription:e\nmessage-id:2-1\ndestination:/topic/echo\nk:v\ncontent-type:text/x\n"
                    + "content-length:2\n\nhi")
        }
    }

    @Test func aBrokerReportsItsEvents() async throws {
        try await withBroker { address, events in
            let client = try await ScriptedClient(address)
            try await client.send("CONNECT\naccept-version:1.2\nlogin:ann\n\n\0")
            try await client.send("SUBSCRIBE\nid:a\ndestination:/topic/x\nack:client\n\n\0")
            try await client.send("UNSUBSCRIBE\nid:a\n\n\0UNSUBSCRIBE\nid:a\n\n\0")
            _ = try await client.next()
            _ = try await client.next()
            _ = try await client.end()
            let told = try await events.first(6).map { "\($0.connection) \($0.kind)" }
            #expect(told[0].hasPrefix("1 accepted("))
            #expect(told[1] == #"1 connected(version: 1.2, login: Optional("ann"))"#)
            #expect(told[2].contains(#"destination: "/topic/x", id: Optional("a")"#))
            #expect(told[3] == #"1 unsubscribed("a")"#)
            #expect(told[4].contains("Unknown subscription"))
            #expect(told[5] == "1 ended(nil)")
        }
    }

    @Test(arguments: Way.allCases)
    func aBrokerThatEndsClosesItsConnections(_ way: Way) async throws {
        var configuration = BrokerConfiguration()
        // A port reserved for this test: one that the system chose could belong to another test after the shutdown.
        let port = try Loopback.freePorts(1)[0]
        configuration.listeners = [
            way == .tcp ? .tcp(host: "127.0.0.1", port: port) : .webSocket(host: "127.0.0.1", port: port)
        ]
        let broker = try await Broker.start(configuration: configuration)
        let client = try await ScriptedClient.connected(to: broker.addresses[0])
        await broker.shutdown()
        #expect(try await client.end() == nil)
        if way == .webSocket { #expect(client.contents.closures.map(\.code) == [1001]) }
        // A child process that another test is just starting also holds the listening socket for a moment.
        try await eventually { () async throws -> Bool? in
            do {
                _ = try await ScriptedClient(broker.addresses[0])
                return nil
            } catch is TransportError {
                return true
            }
        } otherwise: {
            "it still accepts connections"
        }
        await broker.shutdown()
    }

    @Test func addressesHaveTheirRealPortsAndURLs() async throws {
        var configuration = BrokerConfiguration()
        configuration.listeners = [
            .tcp(host: "127.0.0.1", port: 0), .webSocket(host: "127.0.0.1", port: 0, path: "/stomp"),
        ]
        let broker = try await Broker.start(configuration: configuration)
        #expect(broker.addresses[0].url.contains(/^stomp:\/\/127\.0\.0\.1:[1-9]\d*$/))
        #expect(broker.addresses[1].url.contains(/^ws:\/\/127\.0\.0\.1:[1-9]\d*\/stomp$/))
        guard case .tcp(_, let port) = broker.addresses[0].listener else { throw NoFrame(text: "tcp") }

        var second = BrokerConfiguration()
        second.listeners = [.webSocket(host: "127.0.0.1", port: 0), .tcp(host: "127.0.0.1", port: port)]
        let error = await #expect(throws: TransportError.self) { try await Broker.start(configuration: second) }
        #expect(error?.kind == .cannotListen)
        await broker.shutdown()
    }

    @Test func anOriginThatIsNotAllowedIsRefused() async throws {
        try await withBroker(.webSocket, { $0.allowedOrigins = ["http://good"] }) { address, _ in
            _ = try await ScriptedClient(address, origin: "http://good")
            _ = try await ScriptedClient(address)
            let error = await #expect(throws: TransportError.self) {
                try await ScriptedClient(address, origin: "http://evil")
            }
            #expect(error?.response?.status == 403)
        }
    }
}
