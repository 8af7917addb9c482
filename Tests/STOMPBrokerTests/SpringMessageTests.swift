import NIOCore
import STOMPCore
import Testing

@testable import STOMPBroker

/// How Spring's simple broker handles messages, as plain values.
@Suite struct SpringMessageTests {
    private static let releases = [ServerProfile.spring, .spring5, .spring4]

    // MARK: MESSAGE

    private func message(_ send: String, connection: ConnectionID = 3, in encoder: inout MessageEncoder) throws
        -> String
    {
        let frame = try frame(send)
        let delivery = Delivery(
            message: Message(destination: try #require(frame.headers["destination"]), frame: frame),
            connection: connection, subscription: "sub-0", id: .init(subscription: 17, number: 3),
            wantsAcknowledgement: false, isRedelivered: false)
        var buffer = ByteBuffer()
        encoder.write(delivery, version: .v12, into: &buffer)
        return String(buffer: buffer)
    }

    @Test(arguments: [
        // The headers have Spring's order, whatever their order in the SEND.
        (
            "SEND\nown:1\ndestination:/topic/a\nother:2\ncontent-type:text/x\nown:3\n\nbody",
            "destination:/topic/a\ncontent-type:text/x\nown:1\nother:2\nown:3\nsubscription:sub-0\nmessage-id:session-3-0\n"
                + "content-length:4\n\nbody"
        ),
        // Headers of the SEND that Spring leaks to subscribers.
        (
            "SEND\ndestination:/topic/a\nreceipt:r\ntransaction:t\nack:k\n\n",
            "destination:/topic/a\nreceipt:r\ntransaction:t\nack:k\nsubscription:sub-0\nmessage-id:session-3-0\n"
                + "content-length:0\n\n"
        ),
        (
            "SEND\nmessage-id:mine\ndestination:/topic/a\nsubscription:forged\n\n",
            "destination:/topic/a\nmessage-id:mine\nsubscription:sub-0\ncontent-length:0\n\n"
        ),
        // An escaped character in a header value is escaped again.
        (
            "SEND\ndestination:/topic/a\nk:a\\cb\n\n",
            "destination:/topic/a\nk:a\\cb\nsubscription:sub-0\nmessage-id:session-3-0\ncontent-length:0\n\n"
        ),
    ])
    func headersComeInItsOrder(_ send: String, _ expected: String) throws {
        for profile in Self.releases {
            var encoder = MessageEncoder(serverProfile: profile)
            #expect(try message(send, in: &encoder) == "MESSAGE\n\(expected)\0")
        }
    }

    @Test func messagesAreNumberedOverAllSessions() throws {
        var encoder = MessageEncoder(serverProfile: .spring)
        let send = "SEND\ndestination:/topic/a\n\n"
        let ids = try [3, 4, 3].map { connection in
            let text = try message(send, connection: connection, in: &encoder)
            return try #require(text.firstMatch(of: /message-id:(.*)\n/)).1
        }
        #expect(ids == ["session-3-0", "session-4-1", "session-3-2"])
    }

    @Test func aBinaryBodyOfAnotherTypeIsMangled() throws {
        func encoded(_ type: String) throws -> [UInt8] {
            var decoder = FrameDecoder(version: .v12)
            let bytes = Array("SEND\ndestination:/topic/a\ncontent-type:\(type)\ncontent-length:3\n\n".utf8)
            decoder.feed(ByteBuffer(bytes: bytes + [0x61, 0xFF, 0x62, 0]))
            guard case .frame(let frame) = try decoder.next() else { throw NoFrame(text: type) }
            var encoder = MessageEncoder(serverProfile: .spring)
            var buffer = ByteBuffer()
            encoder.write(
                Delivery(
                    message: Message(destination: "/topic/a", frame: frame), connection: 1, subscription: "s",
                    id: .init(subscription: 1, number: 1), wantsAcknowledgement: false, isRedelivered: false),
                version: .v12, into: &buffer)
            return Array(buffer.readableBytesView)
        }
        #expect(try encoded("image/png").suffix(24) == Array("content-length:3\n\na\u{FFFD}b\0".utf8).suffix(24))
        #expect(try encoded("application/octet-stream").suffix(4) == [0x61, 0xFF, 0x62, 0])
        #expect(try encoded("Application/Octet-Stream; a=b").suffix(4) == [0x61, 0xFF, 0x62, 0])
    }

    // MARK: Wildcards

    @Test(arguments: [
        ("/topic/*", "/topic/a", true), ("/topic/*", "/topic/a/b", false), ("/topic/*", "/topic/", true),
        ("/topic/**", "/topic/a/b/c", true), ("/topic/**", "/topic", true), ("/topic/**", "/topics/a", false),
        ("/topic/**/x", "/topic/a/b/x", true), ("/topic/**/x", "/topic/x", true), ("/topic/**/x", "/topic/a", false),
        ("/topic/room.*", "/topic/room.1", true), ("/topic/r*m.?", "/topic/room.1", true),
        ("/topic/?", "/topic/ab", false), ("/topic/?", "/topic/한", true), ("/**", "/anything/else", true),
        ("/a*b*c", "/aXbYbZc", true),
    ])
    func wildcardsMatch(_ pattern: String, _ destination: String, _ matches: Bool) throws {
        #expect(PathPattern(pattern)?.matches(try #require(PathPattern.parts(of: destination))) == matches)
    }

    @Test func textWithoutAWildcardOrTooLongIsNotAPattern() throws {
        #expect(PathPattern("/topic/a") == nil)
        #expect(PathPattern(String(repeating: "*a", count: 200)) == nil)
        let long = String(repeating: "a", count: 300)
        #expect(PathPattern.parts(of: "/topic/\(long)") == nil)
        // The most expensive pattern.
        let worst = PathPattern("/" + String(repeating: "a*", count: 120) + "b")
        let name = try #require(PathPattern.parts(of: "/" + String(repeating: "a", count: 250)))
        #expect(worst?.matches(name) == false)
    }

    @Test func subscriptionsByWildcardsGetWhatMatches() throws {
        var router = MessageRouter(.spring)
        try router.subscribe("/topic/*", id: "one", from: 1)
        try router.subscribe("/topic/**", id: "all", from: 2)
        try router.subscribe("/topic/a", id: "a", from: 3)
        try router.send("x", to: "/topic/a")
        try router.send("y", to: "/topic/a/b")
        #expect(router.actions() == ["3 a 3-1 x", "1 one 1-1 x", "2 all 2-1 x", "2 all 2-2 y"])
        try router.unsubscribe(.id("all"), from: 2)
        router.leave(1)
        #expect(router.patterns.isEmpty)
        try router.send("z", to: "/topic/b")
        #expect(router.actions() == [])
    }

    @Test func elsewhereAnAsteriskIsACharacter() throws {
        var router = MessageRouter()
        try router.subscribe("/topic/*", id: "x", from: 1)
        try router.send("x", to: "/topic/a")
        #expect(router.actions() == [])
    }

    // MARK: Selectors

    @Test func aSelectorPicksByAHeader() throws {
        var router = MessageRouter(.spring5)
        let selector = HeaderSelector("headers['kind'] == 'new'")
        try router.perform(.select(.id("new"), destination: "/topic/a", selector), from: 1)
        try router.perform(.select(.id("all"), destination: "/topic/a", .unknown("x")), from: 2)
        try router.perform("SEND\ndestination:/topic/a\nkind:old\n\n1", from: sender)
        try router.perform("SEND\ndestination:/topic/a\nkind:new\n\n2", from: sender)
        #expect(router.actions() == ["2 all 2-1 1", "1 new 1-1 2", "2 all 2-2 2"])
        router.leave(1)
        router.leave(2)
        #expect(router.selectors == 0)
    }

    // MARK: Users

    @Test func aUsersDestinationIsThatOfTheSession() throws {
        var router = MessageRouter(.spring, routes: ["/app/a": "/user/queue/a"])
        try router.subscribe("/user/queue/a", id: "mine", from: 1)
        try router.subscribe("/user/queue/a", id: "other", from: 2)
        try router.subscribe("/**", id: "spy", from: 3)
        try router.perform("SEND\ndestination:/app/a\n\nhi", from: 2)
        #expect(router.actions() == ["2 other 2-1 hi"])
        // It reaches only subscriptions of the sender's own session, which has none here.
        try router.unsubscribe(.id("spy"), from: 3)
        try router.send("x", to: "/user/queue/a")
        #expect(router.actions() == [])
    }

    @Test func aUserIsReachedByName() throws {
        var router = MessageRouter(.spring)
        for connection in [1, 2, 3] {
            router.clients[connection, default: MessageRouter.Client()].user = connection == 3 ? "bob" : "ann"
            try router.subscribe("/user/queue/a", id: "s\(connection)", from: connection)
        }
        try router.send("hi", to: "/user/ann/queue/a")
        #expect(router.actions() == ["1 s1 1-1 hi", "2 s2 2-1 hi"])
    }

    // MARK: Handlers

    /// The headers and the body of the reply to a SEND; nil if there is no reply.
    private func reply(
        to send: String, _ profile: ServerProfile, routes: [String: String] = [:], replies: [BrokerReply] = []
    ) throws -> String? {
        var router = MessageRouter(profile, routes: routes, replies: replies, recordsDrops: true)
        try router.subscribe("/topic/b", id: "s", from: 1)
        try router.perform(send, from: sender)
        guard case .deliver(let delivery) = router.next() else { return nil }
        let headers = delivery.message.frame.headers.map { "\($0.name):\($0.value)" }.joined(separator: " ")
        return "\(delivery.message.destination) \(headers) \(String(buffer: delivery.message.frame.body))"
    }

    private static let json = BrokerReply(from: "/app/a", to: "/topic/b") { _ in ByteBuffer(string: #"{"a":1}"#) }
    private static let text = BrokerReply(from: "/app/a", to: "/topic/b") { _ in ByteBuffer(string: "text") }

    @Test(arguments: [
        (ServerProfile.spring, "application/json"), (.spring5, "application/json"),
        (.spring4, "application/json;charset=UTF-8"), (.standard, "application/json"), (.rabbitMQ, "application/json"),
    ])
    func aReplyHasNewHeaders(_ profile: ServerProfile, _ type: String) throws {
        let send = "SEND\ndestination:/app/a\ncontent-type:text/x\nown:1\nreceipt:r\n\nx"
        #expect(
            try reply(to: send, profile, replies: [Self.json])
                == #"/topic/b content-type:\#(type) content-length:7 {"a":1}"#)
        #expect(
            try reply(to: send, profile, replies: [Self.text])
                == "/topic/b content-type:text/plain;charset=UTF-8 content-length:4 text")
    }

    /// In a profile with handlers, a route is a handler too.
    @Test(arguments: [
        (ServerProfile.spring, "content-type:text/plain;charset=UTF-8 content-length:1"),
        (.standard, "destination:/app/a own:1"),
    ])
    func aRouteHasNewHeadersInSpring(_ profile: ServerProfile, _ headers: String) throws {
        #expect(
            try reply(to: "SEND\ndestination:/app/a\nown:1\n\nx", profile, routes: ["/app/a": "/topic/b"])
                == "/topic/b \(headers) x")
    }

    @Test func whatDoesNotConvertOrFailsIsMetWithSilence() throws {
        let failing = BrokerReply(from: "/app/a", to: "/topic/b") { _ throws(BrokerReply.Failure) in
            throw .noValue(path: ".a")
        }
        #expect(try reply(to: "SEND\ndestination:/app/a\n\nx", .spring, replies: [failing]) == nil)
        let invalid = "SEND\ndestination:/app/a\ncontent-type:application/json\n\n{"
        #expect(try reply(to: invalid, .spring, routes: ["/app/a": "/topic/b"]) == nil)
        var router = MessageRouter(.spring, replies: [failing], recordsDrops: true)
        try router.perform("SEND\ndestination:/app/a\n\nx", from: sender)
        #expect(router.takeDrops() == [.noReply(.noValue(path: ".a"))])
        #expect(router.takeDrops() == [])
    }

    @Test func severalHandlersAllAnswer() throws {
        var router = MessageRouter(.spring, routes: ["/app/a": "/topic/b"], replies: [Self.json, Self.text])
        try router.subscribe("/topic/b", id: "s", from: 1)
        try router.send("x", to: "/app/a")
        #expect(router.actions() == ["1 s 1-1 x", #"1 s 1-2 {"a":1}"#, "1 s 1-3 text"])
    }

    @Test func aReplyThatIsTooLargeIsNotSent() throws {
        var limits = BrokerLimits()
        limits.reply = 3
        var router = MessageRouter(.spring, limits: limits, replies: [Self.text], recordsDrops: true)
        try router.send("x", to: "/app/a")
        #expect(router.takeDrops() == [.noReply(.tooLarge(limit: 3))])
    }

    @Test func messagesWithoutASubscriberAreDropped() throws {
        for profile in [ServerProfile.spring, .standard] {
            var router = MessageRouter(profile, recordsDrops: true)
            try router.send("x", to: "/topic/a")
            #expect(router.takeDrops() == [.noSubscriber("/topic/a")])
        }
        // Drops are not recorded unless `recordsDrops` is set.
        var router = MessageRouter(.spring)
        try router.send("x", to: "/topic/a")
        #expect(router.drops.isEmpty)
    }

    @Test func chanceIsExactForASeed() {
        var chance = Chance(seed: 1)
        var other = Chance(seed: 1)
        let falls = (0..<1000).map { _ in chance.falls(0.25) }
        #expect(falls == (0..<1000).map { _ in other.falls(0.25) })
        #expect((200...300).contains(falls.count { $0 }))
        #expect(!(0..<1000).contains { _ in chance.falls(0) })
        #expect((0..<1000).allSatisfy { _ in chance.falls(1) })
    }
}
