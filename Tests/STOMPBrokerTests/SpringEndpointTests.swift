import NIOCore
import NIOPosix
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPBroker

/// The behaviour of a Spring endpoint, as a client sees it.
@Suite(.timeLimit(.minutes(2))) struct SpringEndpointTests {
    private func withSpring(
        _ profile: ServerProfile = .spring, _ change: (inout BrokerConfiguration) -> Void = { _ in },
        _ body: (Broker.Address, Int, Events) async throws -> Void
    ) async throws {
        try await withBroker(
            .webSocket,
            {
                $0.serverProfile = profile
                change(&$0)
            }
        ) { address, events in
            guard case .webSocket(_, let port, _) = address.listener else { throw TestFailure("\(address)") }
            try await body(address, port, events)
        }
    }

    // MARK: HTTP and SockJS

    private struct Row: CustomTestStringConvertible {
        var profile = ServerProfile.spring
        var line: String
        var headers: [String] = []
        var status: String
        /// Headers that the response contains.
        var has: [String] = []
        /// Names of headers that the response lacks.
        var lacks: [String] = []
        var body: String?

        var testDescription: String { "\(profile) \(line) \(headers)" }
    }

    private static let page = "Origin: http://localhost:3000"
    private static let rows = [
        // Origins.
        Row(
            line: "GET /ws/websocket", headers: ["Origin: http://evil.example"] + RawExchange.upgrade, status: "403",
            body: "Invalid CORS request"),
        Row(line: "GET /ws/info", headers: ["Origin: null"], status: "403", body: "Invalid CORS request"),
        Row(
            profile: .spring4, line: "POST /ws/1/2/xhr", headers: ["Origin: http://evil.example"], status: "403",
            body: "Invalid CORS request"),
        Row(line: "GET /ws/websocket", headers: RawExchange.upgrade, status: "101"),
        Row(line: "GET /ws/websocket", headers: [page] + RawExchange.upgrade, status: "101"),
        // The info.
        Row(
            line: "GET /ws/info", status: "200", has: ["Cache-Control: no-store, no-cache, must-revalidate, max-age=0"],
            lacks: ["Access-Control-Allow-Origin"], body: #""origins":["*:*"],"cookie_needed":true,"websocket":true}"#),
        Row(
            line: "GET /ws/info", headers: [page], status: "200",
            has: [
                "Access-Control-Allow-Origin: http://localhost:3000", "Access-Control-Allow-Credentials: true",
                "Vary: Origin",
            ]),
        // Preflights.
        Row(
            line: "OPTIONS /ws/1/2/xhr", headers: [page, "Access-Control-Request-Method: POST"], status: "200",
            has: ["Access-Control-Allow-Methods: POST", "Access-Control-Max-Age: 31536000"], body: ""),
        Row(line: "OPTIONS /ws/1/2/xhr", status: "204"),
        // Unknown paths, and requests that are not upgrades.
        Row(line: "GET /ws/none", status: "404", lacks: ["Content-Type"], body: ""),
        Row(line: "GET /ws/websocket", status: "400", body: #"Can "Upgrade" only to "WebSocket"."#),
        Row(line: "GET /ws/1/2/websocket", status: "400", body: #"Can "Upgrade" only to "WebSocket"."#),
        Row(line: "GET /ws", headers: RawExchange.upgrade, status: "400", body: ""),
        Row(profile: .spring5, line: "GET /ws", headers: RawExchange.upgrade, status: "400", body: ""),
        Row(
            profile: .spring4, line: "GET /ws", headers: RawExchange.upgrade, status: "200",
            body: "Welcome to SockJS!\n"),
        Row(line: "GET /ws", status: "200", body: "Welcome to SockJS!\n"),
    ]

    @Test(arguments: rows) private func answersOverHTTP(_ row: Row) async throws {
        try await withSpring(row.profile) { _, port, _ in
            let answer = try await answer(row.line, row.headers, port)
            #expect(answer.status == row.status)
            for header in row.has { #expect(answer.head.contains("\r\n\(header)\r\n"), "\(answer.head)") }
            for name in row.lacks { #expect(!answer.head.contains("\r\n\(name):"), "\(answer.head)") }
            if let body = row.body {
                #expect(row.body == "" ? answer.body == "" : answer.body.hasSuffix(body), "\(answer.body)")
            }
            if row.line == "GET /ws/info", row.status == "200" {
                #expect(answer.body.contains(/^{"entropy":-?\d+,"origins"/))
            }
        }
    }

    private func answer(
        _ line: String, _ headers: [String], _ port: Int
    ) async throws -> (status: Substring, head: String, body: String) {
        let isUpgrade = headers.contains("Upgrade: websocket")
        let lines =
            ["\(line) HTTP/1.1", "Host: localhost:\(port)"] + headers + (isUpgrade ? [] : ["Connection: close"])
        let text = try await RawExchange.answer(
            to: lines.joined(separator: "\r\n") + "\r\n\r\n", port: port, until: isUpgrade ? "\r\n\r\n" : nil)
        let whole = try #require(text)
        let end = try #require(whole.firstRange(of: "\r\n\r\n"))
        let status = try #require(whole.split(separator: " ").dropFirst().first)
        return (status, String(whole[..<end.lowerBound]) + "\r\n", String(whole[end.upperBound...]))
    }

    /// An interceptor (200) refuses only the handshake, with an empty response; a Spring Security filter refuses
    /// every request.
    @Test(
        arguments: [
            (200, "GET /ws/websocket", RawExchange.upgrade, "200", nil), (200, "POST /ws/1/2/xhr", [], "200", nil),
            (200, "GET /ws/info", [], "200", "websocket"),
            (401, "GET /ws/info", [], "401", nil), (403, "GET /ws/websocket", RawExchange.upgrade, "403", nil),
            (302, "GET /ws/websocket", RawExchange.upgrade, "302", nil),
        ] as [(Int, String, [String], Substring, String?)])
    func handshakesAreRefused(
        _ refusal: Int, _ line: String, _ headers: [String], _ status: Substring, _ body: String?
    ) async throws {
        try await withSpring(.spring, { $0.handshakeRefusal = refusal }) { _, port, _ in
            let answer = try await answer(line, headers, port)
            #expect(answer.status == status)
            #expect(body.map { answer.body.contains($0) } ?? answer.body.isEmpty)
            if refusal == 302 { #expect(answer.head.contains("\r\nLocation: http://localhost:\(port)/login\r\n")) }
        }
    }

    @Test func tomcatsStatusHasNoReasonPhrase() async throws {
        for (container, line) in [(ServletContainer.tomcat, "HTTP/1.1 101 \r\n"), (.jetty, "HTTP/1.1 101 Switching")] {
            try await withSpring(.spring, { $0.container = container }) { _, port, _ in
                let answer = try await answer("GET /ws/websocket", RawExchange.upgrade, port)
                #expect(answer.head.hasPrefix(line))
            }
        }
    }

    // MARK: Limits and closing

    @Test(
        arguments: [
            (ServletContainer.tomcat, 16 << 10 + 256, 8192, 1000, "does not support partial messages"),
            (.jetty, 65_536, nil, nil, "[65536]"),
        ] as [(ServletContainer, Int, Int?, Int?, String)])
    func containersHaveTheirLimits(
        _ container: ServletContainer, _ limit: Int, _ fragment: Int?, _ emptyClose: Int?, _ reason: String
    ) async throws {
        let options = ServerProfile.spring.shaped(TransportOptions(), container: container)
        #expect(options.maximumMessage == limit)
        #expect(options.fragment == fragment)
        #expect(options.emptyCloseAnswer == emptyClose)
        #expect(!options.acceptsInvalidUTF8)
        try await withSpring(.spring, { $0.container = container }) { address, _, _ in
            let client = try await ScriptedClient.connected(to: address)
            let head = "SEND\ndestination:/topic/a\n\n"
            // The largest message that is accepted, and one that is a byte larger.
            try await client.send(head + String(repeating: "x", count: limit - head.utf8.count - 1) + "\0")
            try await client.send(head + String(repeating: "x", count: limit - head.utf8.count) + "\0")
            try await client.wait { $0.hasEnded }
            #expect(client.contents.closures.map(\.code) == [1009])
            #expect(client.contents.closures.first?.reason.contains(reason) == true)
            #expect(client.contents.frames.isEmpty)
        }
    }

    @Test func textThatIsNotUTF8ClosesWith1007() async throws {
        for container in ServletContainer.allCases {
            try await withSpring(.spring, { $0.container = container }) { address, _, _ in
                let client = try await ScriptedClient.connected(to: address)
                try await client.stream.eventLoop.submit { client.stream.request(.messages(as: .text)) }.get()
                try await client.send(bytes: Array("SEND\ndestination:/topic/a\n\n".utf8) + [0xFF, 0])
                try await client.wait { $0.hasEnded }
                #expect(client.contents.closures.map(\.code) == [1007])
            }
        }
    }

    @Test func theLargestMessageMayBeAnother() async throws {
        try await withSpring(.spring, { $0.largestMessage = 200 }) { address, _, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SEND\ndestination:/topic/a\n\n" + String(repeating: "x", count: 200) + "\0")
            try await client.wait { $0.hasEnded }
            #expect(client.contents.closures.map(\.code) == [1009])
        }
        try await withBroker(.tcp, { $0.largestMessage = 200 }) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SEND\ndestination:/topic/a\n\n" + String(repeating: "x", count: 200) + "\0")
            #expect(try await client.next().contains("Limit exceeded"))
        }
    }

    @Test(arguments: Way.allCases) func anIdleConnectionIsCutOff(_ way: Way) async throws {
        try await withBroker(way, { $0.idleTimeout = .milliseconds(300) }) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            for _ in 0..<4 {
                try await Task.sleep(for: .milliseconds(100))
                try await client.send("SEND\ndestination:/topic/a\n\n\0")
            }
            #expect(!client.contents.hasEnded)
            try await client.wait { $0.hasEnded }
            // As a proxy does.
            if way == .webSocket { #expect(client.contents.closures.map(\.isClean) == [false]) }
        }
    }

    // MARK: Binary messages over SockJS

    @Test(
        arguments: [
            (ServerProfile.spring, ""), (.spring5, ""), (.spring4, "null"),
        ], ["websocket", "xhr-streaming"])
    func aBinaryMessageClosesASubscriberOverSockJS(_ row: (ServerProfile, String), _ transport: String) async throws {
        try await withSpring(row.0) { address, port, events in
            let target = TransportTarget(
                kind: .sockJS(base: "/ws", transport: try #require(SockJSTransport(rawValue: transport))),
                host: "127.0.0.1", port: port, isSecure: false)
            let subscriber = try await ScriptedClient(target)
            try await subscriber.send("CONNECT\naccept-version:1.2\n\n\0")
            _ = try await subscriber.next()
            try await subscriber.send("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0")
            _ = try await events.first(3)
            let publisher = try await ScriptedClient.connected(to: address)
            try await publisher.send("SEND\ndestination:/topic/a\ncontent-type:application/octet-stream\n\nx\0")
            try await subscriber.wait { $0.hasEnded }
            let closure = try #require(subscriber.contents.closures.first { $0.code == 1002 })
            #expect(closure.reason == row.1)
            #expect(subscriber.contents.frames.isEmpty)
            #expect(events.all.contains { if case .endedByBinary = $0.kind { true } else { false } })
        }
    }

    @Test func aSlowPollingClientGetsGoAway() {
        func ending(_ kind: TransportDescription.Kind) -> SessionEnding? {
            ServerProfile.spring.slownessClose(TransportDescription(kind, remoteAddress: ""))
        }
        #expect(ending(.sockJS(.xhrPolling)) == .close(code: 3000, reason: "Go away!"))
        #expect(ending(.sockJS(.websocket)) == SpringSession.unreliable)
        #expect(ending(.webSocket) == SpringSession.unreliable)
        #expect(
            ServerProfile.standard.slownessClose(TransportDescription(.webSocket, remoteAddress: "")) == nil)
    }

    // MARK: Sessions

    /// In version 4 an invalid frame loses only its own WebSocket message.
    @Test func version4GoesOnAfterAWrongFrame() async throws {
        try await withSpring(.spring4) { address, _, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("FOO\n\n\0SEND\ndestination:/topic/a\n\nlost\0")
            #expect(
                try await client.next()
                    == "ERROR\nmessage:No enum constant org.springframework.messaging.simp.stomp.StompCommand.FOO\n"
                    + "content-length:0\n\n")
            try await client.send("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0SEND\ndestination:/topic/a\n\nhi\0")
            #expect(try await client.bodies(1) == ["hi"])
        }
    }

    @Test func version6NamesTheSessionThatItDoesNotKnow() async throws {
        try await withSpring { address, _, _ in
            let client = try await ScriptedClient(address)
            try await client.send("SEND\ndestination:/topic/a\n\nhi\0")
            #expect(try await client.next() == "ERROR\nmessage:Unknown session\\c session-1\ncontent-length:0\n\n")
            _ = try await client.end()
            #expect(client.contents.closures.map(\.code) == [1002])
        }
    }

    @Test func aLoginNamesTheUser() async throws {
        try await withSpring(.spring, { $0.logins = ["ann": "x", "bob": "y"] }) { address, _, _ in
            let ann = try await ScriptedClient(address)
            try await ann.send("CONNECT\naccept-version:1.2\nlogin:ann\npasscode:x\n\n\0")
            #expect(try await ann.next() == "CONNECTED\nversion:1.2\nheart-beat:0,0\nuser-name:ann\n\n")
            try await ann.send(
                "SUBSCRIBE\nid:1\ndestination:/user/queue/a\n\n\0SEND\ndestination:/user/ann/queue/a\n\nhi\0")
            #expect(try await ann.next().hasPrefix("MESSAGE\ndestination:/user/queue/a\nsubscription:1\n"))
        }
    }

    @Test func theReplyOfAHandlerComesToTheSession() async throws {
        try await withSpring(
            .spring,
            {
                $0.replies = [
                    BrokerReply(from: "/app/price", to: "/user/queue/price") { frame in
                        ByteBuffer(string: #"{"of": \#(String(buffer: frame.body))}"#)
                    }
                ]
            }
        ) { address, _, events in
            let client = try await ScriptedClient.connected(to: address)
            let other = try await ScriptedClient.connected(to: address)
            for one in [client, other] {
                try await one.send("SUBSCRIBE\nid:p\ndestination:/user/queue/price\n\n\0")
            }
            _ = try await events.first(6)
            try await client.send("SEND\ndestination:/app/price\nown:1\n\n42\0")
            #expect(
                try await client.next()
                    == "MESSAGE\ndestination:/user/queue/price\ncontent-type:application/json\nsubscription:p\n"
                    + "message-id:session-1-0\ncontent-length:10\n\n{\"of\": 42}")
            #expect(other.contents.frames.isEmpty)
        }
    }

    // MARK: Random faults

    @Test func everySecondMessageIsOvertaken() async throws {
        try await withSpring(.spring, { $0.reordering = 1 }) { address, _, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0")
            try await client.send((1...5).map { "SEND\ndestination:/topic/a\n\n\($0)\0" }.joined())
            // No message follows the last one, so it is sent on its own.
            #expect(try await client.bodies(5) == ["2", "1", "4", "3", "5"])
        }
    }

    @Test func theShareOfLostSendsIsExactForASeed() async throws {
        var chance = Chance(seed: 7)
        let expected = (0..<40).filter { _ in !chance.falls(0.5) }.map(String.init)
        try await withSpring(
            .spring,
            {
                $0.earlySendLoss = 0.5
                $0.randomSeed = 7
            }
        ) { address, _, _ in
            let client = try await ScriptedClient.connected(to: address)
            for number in 0..<40 {
                try await client.send(
                    "SUBSCRIBE\nid:\(number)\ndestination:/topic/\(number)\n\n\0"
                        + "SEND\ndestination:/topic/\(number)\n\n\(number)\0")
            }
            try await client.send("DISCONNECT\nreceipt:r\n\n\0")
            try await client.wait { $0.frames.contains { $0.command == .receipt } }
            let bodies = client.contents.frames.filter { $0.command == .message }.map { String(buffer: $0.body) }
            #expect(bodies == expected)
        }
    }

    // MARK: Denials

    @Test(arguments: [ServerProfile.standard, .spring, .spring4, .rabbitMQ])
    func framesAreDeniedAsConfigured(_ profile: ServerProfile) async throws {
        let denials = [
            BrokerDenial(.send, text: "No: sends") { $0.headers.has("destination", "/topic/secret") },
            BrokerDenial(.subscribe, text: "No subscriptions"),
        ]
        for (frame, text) in [
            ("SEND\ndestination:/topic/secret\n\nx\0", "No: sends"),
            ("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0", "No subscriptions"),
        ] {
            try await withBroker(
                .webSocket,
                {
                    $0.serverProfile = profile
                    $0.denials = denials
                }
            ) { address, _ in
                let client = try await ScriptedClient(address)
                try await client.send("CONNECT\naccept-version:1.2\nhost:/\n\n\0")
                _ = try await client.next()
                try await client.send("SEND\ndestination:/topic/open\n\nx\0" + frame)
                let error = try await client.next()
                #expect(error.hasPrefix("ERROR\nmessage:\(text.replacing(":", with: "\\c"))\n"), "\(error)")
                if profile == .rabbitMQ || profile == .spring4 {
                    try await client.send("DISCONNECT\nreceipt:r\n\n\0")
                    if profile == .spring4 { #expect(try await client.next() == "RECEIPT\nreceipt-id:r\n\n") }
                } else {
                    try await client.wait { $0.hasEnded }
                }
            }
        }
        try await withBroker(
            .webSocket,
            {
                $0.serverProfile = profile
                $0.denials = [BrokerDenial(.connect, text: "JWT expired")]
            }
        ) { address, events in
            let client = try await ScriptedClient(address)
            try await client.send("CONNECT\naccept-version:1.2\nhost:/\n\n\0")
            #expect(try await client.next().hasPrefix("ERROR\nmessage:JWT expired\n"))
            #expect(!events.all.contains { if case .connected = $0.kind { true } else { false } })
        }
    }

    // MARK: What is reported

    @Test func droppedFramesAndAllFramesAreReported() async throws {
        try await withSpring(.spring, { $0.detail = .frames }) { address, _, events in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SEND\ndestination:/nowhere\n\nx\0ACK\nid:1\n\n\0DISCONNECT\nreceipt:r\n\n\0")
            _ = try await client.next()
            var drops: [FrameDrop] = []
            var frames: [String] = []
            for event in events.all {
                switch event.kind {
                case .droppedFrame(_, _, let drop): drops.append(drop)
                case .frame(let direction, let bytes):
                    let command = String(buffer: bytes).split(separator: "\n").first ?? ""
                    frames.append("\(direction == .incoming ? "<" : ">") \(command)")
                default: break
                }
            }
            #expect(drops == [.notServed("/nowhere"), .notSupported])
            #expect(frames == ["< CONNECT", "> CONNECTED", "< SEND", "< ACK", "< DISCONNECT", "> RECEIPT"])
        }
    }

    @Test func nothingOfThemIsReportedUnasked() async throws {
        try await withSpring { address, _, events in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SEND\ndestination:/nowhere\n\nx\0DISCONNECT\nreceipt:r\n\n\0")
            _ = try await client.next()
            #expect(events.all.count == 3)
        }
    }
}
