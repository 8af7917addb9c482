import NIOCore
import NIOPosix
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPBroker

/// The behaviour of emulated servers, as a client sees it.
@Suite struct ServerProfileTests {
    private static let v12First = ["v12.stomp", "v11.stomp", "v10.stomp"]

    // MARK: Spring

    @Test func springChoosesTheFirstSubprotocolAndRabbitMQTheHighest() async throws {
        for (serverProfile, chosen) in [
            (ServerProfile.spring, "v10.stomp"), (.standard, "v10.stomp"), (.rabbitMQ, "v12.stomp"),
        ] {
            try await withBroker(.webSocket, { $0.serverProfile = serverProfile }) { address, _ in
                let client = try await ScriptedClient(address, subprotocols: Self.v12First.reversed())
                #expect(client.stream.description.subprotocol == chosen)
            }
        }
    }

    @Test func springEndsInItsOwnWay() async throws {
        try await withBroker(.webSocket, { $0.serverProfile = .spring }) { address, _ in
            let polite = try await ScriptedClient(address)
            try await polite.send("CONNECT\naccept-version:1.2\n\n\0")
            #expect(try await polite.next() == "CONNECTED\nversion:1.2\nheart-beat:0,0\n\n")
            try await polite.send("SEND\ndestination:/topic/a\nreceipt:1\n\n\0DISCONNECT\nreceipt:2\n\n\0")
            #expect(try await polite.next() == "RECEIPT\nreceipt-id:2\n\n")

            let curt = try await ScriptedClient.connected(to: address)
            try await curt.send("DISCONNECT\n\n\0")
            #expect(try await curt.next() == "ERROR\nmessage:Session closed.\ncontent-length:0\n\n")
            _ = try await curt.end()
            #expect(curt.contents.closures.map(\.code) == [1002])

            // The other client's socket is still open.
            #expect(!polite.contents.hasEnded)
            #expect(polite.contents.frames.isEmpty)
        }
    }

    @Test func aSendThatSpringReadsWithASubscribeOvertakesIt() async throws {
        for (share, bodies) in [(1.0, ["found"]), (0, ["lost", "found"])] {
            try await withBroker(
                .webSocket,
                {
                    $0.serverProfile = .spring
                    $0.earlySendLoss = share
                }
            ) { address, events in
                let client = try await ScriptedClient.connected(to: address)
                try await client.send(
                    "SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0SEND\ndestination:/topic/a\n\nlost\0")
                // Its events are: accepted, connected, subscribed.
                _ = try await events.first(3)
                try await client.send("SEND\ndestination:/topic/a\n\nfound\0")
                #expect(try await client.bodies(bodies.count) == bodies)
            }
        }
    }

    @Test func tomcatAcceptsMessagesOf16KiBAndFramesOf64() async throws {
        try await withBroker(.webSocket, { $0.serverProfile = .spring }) { address, events in
            let large = try await ScriptedClient.connected(to: address)
            try await large.send("SEND\ndestination:/topic/a\n\n" + String(repeating: "x", count: 17 << 10) + "\0")
            _ = try await large.end()
            #expect(large.contents.closures.map(\.code) == [1009])

            let split = try await ScriptedClient.connected(to: address)
            try await split.send("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0")
            // The events of two clients: two accepted, two connected, one disconnected, one subscribed.
            _ = try await events.first(6)
            let body = String(repeating: "x", count: 60_000)
            for piece in pieces("SEND\ndestination:/topic/a\n\n\(body)\0") { try await split.send(piece) }
            #expect(try await split.bodies(1) == [body])
            for piece in pieces("SEND\ndestination:/topic/a\n\n\(body)\(body)\0") { try await split.send(piece) }
            #expect(try await split.next().contains("exceeds configured buffer size limit"))
            _ = try await split.end()
            #expect(split.contents.closures.map(\.code) == [1002])
        }
    }

    private func pieces(_ text: String) -> [String] {
        stride(from: 0, to: text.utf8.count, by: 8192).map { String(text.dropFirst($0).prefix(8192)) }
    }

    @Test func springRefusesAConnectWith1002() async throws {
        try await withBroker(
            .webSocket,
            {
                $0.serverProfile = .spring
                $0.connectHeaders = ["Authorization": "Bearer x"]
            }
        ) { address, _ in
            let client = try await ScriptedClient(address)
            try await client.send("CONNECT\naccept-version:1.2\n\n\0")
            #expect(try await client.next().hasPrefix("ERROR\nmessage:Failed to send message to Executor"))
            _ = try await client.end()
            #expect(client.contents.closures.map(\.code) == [1002])
        }
    }

    @Test func springEndsASilentClientWithAnErrorAnd1002() async throws {
        try await withBroker(
            .webSocket,
            {
                $0.serverProfile = .spring
                $0.heartBeat = HeartBeat(outgoing: 100, incoming: 100)
            }
        ) { address, _ in
            let client = try await ScriptedClient.connected(to: address, heartBeat: "100,100")
            #expect(try await client.next() == "ERROR\nmessage:Session closed.\ncontent-length:0\n\n")
            _ = try await client.end()
            #expect(client.contents.closures.map(\.code) == [1002])
            // The server sends line feeds as heart-beats, and sent them until then.
            #expect(client.contents.heartBeats >= 1)
        }
    }

    @Test func tomcatFragmentsMessagesAndSendsNoReasonPhrase() {
        var endpoint = WebSocketEndpoint(path: "/ws")
        ServerProfile.spring.shape(&endpoint)
        #expect(endpoint.omitsReason)
        #expect(ServerProfile.spring.shaped(TransportOptions()).fragment == 8192)
        #expect(ServerProfile.standard.shaped(TransportOptions()).fragment == nil)
    }

    @Test(arguments: [(ServerProfile.spring, true), (.rabbitMQ, true), (.standard, false)])
    func messagesAreCompressedAsTheServerWould(_ serverProfile: ServerProfile, compresses: Bool) {
        var endpoint = WebSocketEndpoint(path: "/ws")
        serverProfile.shape(&endpoint)
        #expect(endpoint.compresses == compresses)
    }

    @Test(arguments: [(ServerProfile.spring, "http"), (.standard, "ws"), (.rabbitMQ, "ws")])
    func springHasItsWebSocketBeneathTheURLForSockJS(_ serverProfile: ServerProfile, scheme: String) async throws {
        try await withBroker(.webSocket, { $0.serverProfile = serverProfile }) { address, _ in
            guard case .webSocket(_, let port, let path) = address.listener else { return }
            #expect(address.url == "\(scheme)://127.0.0.1:\(port)\(path)")
            do {
                let stream = try await TransportConnector().connect(
                    to: TransportTarget(
                        kind: .webSocket(requestTarget: path), host: "127.0.0.1", port: port, isSecure: false),
                    on: MultiThreadedEventLoopGroup.singleton.any(), deadline: .now() + .seconds(60),
                    receiver: { _ in Deaf() })
                #expect(serverProfile != .spring)
                stream.abort()
            } catch let error as TransportError {
                #expect(serverProfile == .spring && error.response?.status == 400)
                guard case .webSocket(.notUpgraded(_, _, let sockJS?)) = error else { throw error }
                #expect(sockJS.url == address.url)
                #expect(sockJS.webSocketURL == "ws://127.0.0.1:\(port)/ws/websocket")
            }
        }
    }

    private struct Deaf: TransportReceiver {
        func received(_ bytes: ByteBuffer) {}
        func receivedAll() {}
        func happened(_ event: TransportEvent) {}
        func writabilityChanged(_ isWritable: Bool) {}
        func ended(_ error: TransportError?) {}
    }

    // MARK: RabbitMQ

    @Test(arguments: Way.allCases)
    func rabbitMQPutsALineFeedAfterEachFrame(_ way: Way) async throws {
        try await withBroker(way, { $0.serverProfile = .rabbitMQ }) { address, _ in
            let client = try await ScriptedClient.connected(to: address, version: .v10)
            let text = "SUBSCRIBE\ndestination:/topic/a\n\n\0SEND\ndestination:/topic/a\nk:a\\nb:c\nreceipt:r\n\n\0"
            let before = client.contents.bytes
            try await client.send(text)
            let expected = [
                "MESSAGE\nmessage-id:1-1\nredelivered:false\ndestination:/topic/a\nk:a\\nb\\cc\nreceipt:r\n\n",
                "RECEIPT\nreceipt-id:r\n\n",
            ]
            for frame in expected { #expect(try await client.next() == frame) }
            let size = expected.joined().utf8.count + 4
            try await client.wait { $0.bytes - before >= size }
            #expect(client.contents.bytes - before == size)
        }
    }

    @Test func rabbitMQClosesSilentlyOnTCPAndWith1007OnWebSocket() async throws {
        for way in Way.allCases {
            try await withBroker(way, { $0.serverProfile = .rabbitMQ }) { address, _ in
                let client = try await ScriptedClient.connected(to: address)
                try await client.send("SEND\nno colon\n\n\0")
                _ = try await client.end()
                if way == .webSocket { #expect(client.contents.closures.map(\.code) == [1007]) }
            }
        }
    }

    @Test(arguments: Way.allCases)
    func rabbitMQAnswersAnUnknownCommandAndGoesOn(_ way: Way) async throws {
        try await withBroker(way, { $0.serverProfile = .rabbitMQ }) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            // In pieces, and with a body that looks like a frame.
            let pieces = [
                "FO", "O\ncontent-length:7\n\nSE\0\n", "\nND\0BAR\n\n\0SEND\n", "destination:/topic/a\nreceipt:r\n\n\0",
            ]
            for piece in pieces { try await client.send(piece) }
            for command in ["FOO", "BAR"] {
                #expect(try await client.next().hasSuffix("\n\nCould not interpret command \"\(command)\"\n"))
            }
            #expect(try await client.next() == "RECEIPT\nreceipt-id:r\n\n")
        }
    }

    @Test func rabbitMQAcceptsSeveralFramesInAMessageAndOneInSeveral() async throws {
        try await withBroker(.webSocket, { $0.serverProfile = .rabbitMQ }) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            let send = "SEND\ndestination:/topic/a\nreceipt:"
            for message in [send + "1\n\n\0\n" + send + "2\n\n\0" + send, "3\n\nbo", "dy\0"] {
                try await client.send(message)
            }
            for number in 1...3 { #expect(try await client.next() == "RECEIPT\nreceipt-id:\(number)\n\n") }
        }
    }

    /// A queue can be addressed by this name once it was used, and exists from then on.
    @Test func rabbitMQHasAQueueOnceItWasUsed() async throws {
        try await withBroker(.tcp, { $0.serverProfile = .rabbitMQ }) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            // A message to a queue that does not exist is silently dropped.
            try await client.send("SEND\ndestination:/amq/queue/a\n\nlost\0SEND\ndestination:/queue/a\n\n1\0")
            try await client.send("SUBSCRIBE\nid:1\ndestination:/amq/queue/a\n\n\0")
            #expect(try await client.next().contains("\ndestination:/queue/a\n"))
            try await client.send("UNSUBSCRIBE\nid:1\n\n\0SEND\ndestination:/amq/queue/a\n\n2\0")
            try await client.send("SUBSCRIBE\nid:2\ndestination:a\n\n\0")
            #expect(try await client.bodies(1) == ["2"])
        }
    }

    @Test(arguments: Way.allCases)
    func rabbitMQClosesWhereAQueueIsMissing(_ way: Way) async throws {
        try await withBroker(way, { $0.serverProfile = .rabbitMQ }) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SUBSCRIBE\nid:1\ndestination:/amq/queue/nope\nreceipt:r\n\n\0")
            if way == .tcp {
                #expect(try await client.next().contains("NOT_FOUND - no queue 'nope' in vhost '/'"))
                #expect(try await client.next() == "RECEIPT\nreceipt-id:r\n\n")
            }
            #expect(try await client.end() == nil)
            if way == .webSocket {
                #expect(client.contents.closures.map(\.code) == [1000])
                #expect(client.contents.closures.map(\.reason) == ["STOMP died"])
            }
        }
    }

    @Test func rabbitMQClosesAfterThreeIntervalsOfSilence() async throws {
        for way in Way.allCases {
            try await withBroker(way, { $0.serverProfile = .rabbitMQ }) { address, _ in
                let client = try await ScriptedClient.connected(to: address, heartBeat: "1000,1000")
                try await client.wait { $0.hasEnded }
                // Until then the server sent a heart-beat each half interval.
                #expect(client.contents.heartBeats >= 2)
                #expect(client.contents.frames.isEmpty)
                if way == .webSocket { #expect(client.contents.closures.map(\.reason) == ["STOMP died"]) }
            }
        }
    }

    @Test func rabbitMQClosesOverWebSocketWithoutTheReceiptOfDisconnect() async throws {
        try await withBroker(.webSocket, { $0.serverProfile = .rabbitMQ }) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("DISCONNECT\nreceipt:r\n\n\0")
            #expect(try await client.end() == nil)
            #expect(client.contents.closures.map(\.code) == [1000])
            #expect(client.contents.closures.map(\.reason) == ["STOMP died"])
        }
    }

    // MARK: WebSocket messages

    @Test(arguments: [
        (ServerProfile.standard, "text/plain", [UInt8(0xFF)], false),
        (.spring, "application/octet-stream", [0x61], false),
        (.spring, "text/plain", [0x61], true), (.rabbitMQ, "application/octet-stream", [0xFF], true),
    ])
    func eachProfileHasItsKindOfMessage(
        _ serverProfile: ServerProfile, _ type: String, _ body: [UInt8], _ isText: Bool
    ) async throws {
        try await withBroker(.webSocket, { $0.serverProfile = serverProfile }) { address, events in
            let kinds = MessageKinds()
            let client = try await ScriptedClient(address, trace: WireTrace(detail: .bytes) { kinds.record($0) })
            try await client.send("CONNECT\naccept-version:1.2\nhost:/\n\n\0")
            _ = try await client.next()
            try await client.send("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0")
            _ = try await events.first(3)
            let head = "SEND\ndestination:/topic/a\ncontent-type:\(type)\ncontent-length:\(body.count)\n\n"
            try await client.send(bytes: Array(head.utf8) + body + [0])
            try await client.wait { !$0.frames.isEmpty }
            #expect(client.contents.frames.map { Array($0.body.readableBytesView) } == [body])
            #expect(kinds.all.last == (isText ? "text" : "binary"))
        }
    }

    /// A larger message limit also raises the frame limit.
    @Test(arguments: [ServerProfile.standard, .spring, .rabbitMQ]) func aLargestMessageLimitsFrames(
        profile: ServerProfile
    ) {
        var configuration = BrokerConfiguration()
        configuration.serverProfile = profile
        configuration.largestMessage = 32 << 20
        #expect(configuration.frameLimits(keepsMessages: true).frame == 32 << 20)
        #expect(configuration.frameLimits(keepsMessages: false).frame == 32 << 20)
        configuration.largestMessage = 1 << 10
        #expect(configuration.frameLimits(keepsMessages: false).frame == 1 << 10)
    }
}
