import STOMPCore
import Testing

@testable import STOMPBroker

@Suite struct StandardSessionTests {
    // MARK: CONNECT

    @Test(
        arguments: [
            (nil, STOMPVersion.v10), ("1.0", .v10), ("1.0,1.1", .v11), ("1.2,1.1,1.0", .v12), ("1.1, 1.2", .v12),
            ("1.2,9.9", .v12),
        ] as [(String?, STOMPVersion)])
    func theHighestCommonVersionIsChosen(_ offered: String?, _ version: STOMPVersion) throws {
        var session = StandardSession(name: "s-1", policy: .init())
        let accept = offered.map { "accept-version:\($0)\n" } ?? ""
        let (reply, chosen, _) = try session.connect("CONNECT\n\(accept)host:anything\n\n")
        #expect(chosen == version)
        #expect(session.version == version)
        #expect(reply.headers["version"] == version.rawValue)
    }

    @Test func connectedNamesVersionSessionServerAndHeartBeat() throws {
        var session = StandardSession(name: "s-1", policy: .init(server: "stomptap/9"))
        let (reply, _, heartBeat) = try session.connect("STOMP\naccept-version:1.2\nhost:h\nheart-beat:4000,20000\n\n")
        let headers: HeaderList = [
            "version": "1.2", "session": "s-1", "server": "stomptap/9", "heart-beat": "10000,10000",
        ]
        #expect(reply == ServerFrame(.connected, headers))
        #expect(heartBeat == HeartBeat(outgoing: 20_000, incoming: 10_000))
    }

    @Test func version10HasNoHeartBeat() throws {
        var session = StandardSession(name: "s-1", policy: .init())
        let (reply, _, heartBeat) = try session.connect("CONNECT\nheart-beat:1000,1000\n\n")
        #expect(heartBeat == .none)
        #expect(!reply.headers.contains("heart-beat"))
    }

    @Test func noCommonVersionIsAnErrorThatNamesThem() throws {
        var session = StandardSession(name: "s-1", policy: .init())
        let reply = try session.refusal("CONNECT\naccept-version:2.0,3.1\nreceipt:r\n\n")
        #expect(reply.command == .error)
        #expect(reply.headers["version"] == "1.0,1.1,1.2")
        #expect(reply.headers["receipt-id"] == "r")
        #expect(reply.body.contains("2.0,3.1"))
    }

    @Test func anInvalidHeartBeatIsAnError() throws {
        var session = StandardSession(name: "s-1", policy: .init())
        let reply = try session.refusal("CONNECT\naccept-version:1.2\nheart-beat:often\n\n")
        #expect(reply.headers["message"] == "Bad header")
        #expect(reply.body.contains("often"))
    }

    @Test(arguments: [
        ("login:ann\npasscode:secret\n", true), ("login:ann\npasscode:wrong\n", false), ("login:ann\n", false),
        ("login:bob\npasscode:secret\n", false), ("passcode:secret\n", false), ("", false),
    ])
    func loginsAreChecked(_ headers: String, _ isRight: Bool) throws {
        var session = StandardSession(name: "s-1", policy: .init(logins: ["ann": "secret"]))
        let action = session.receive(try frame("CONNECT\naccept-version:1.2\n\(headers)\n", nil))
        switch action {
        case .open: #expect(isRight)
        case .end(let replies, .close(code: 1000, reason: ""), let error?):
            #expect(!isRight)
            #expect(error.summary == .badCredentials)
            #expect(replies[0].headers["message"] == "Bad credentials")
            #expect(!replies[0].body.contains("secret"))
        default: Issue.record("\(action)")
        }
    }

    @Test func connectMayHaveToHaveHeaders() throws {
        let policy = SessionPolicy(connectHeaders: ["Authorization": "Bearer x"])
        for (header, isRight) in [("Authorization:Bearer x\n", true), ("Authorization:Bearer y\n", false), ("", false)]
        {
            var session = StandardSession(name: "s-1", policy: policy)
            let action = session.receive(try frame("CONNECT\naccept-version:1.2\n\(header)\n", nil))
            if case .open = action { #expect(isRight) } else { #expect(!isRight) }
        }
    }

    // MARK: Frames

    @Test(arguments: ["SEND\ndestination:/a\nreceipt:r\n\n", "DISCONNECT\nreceipt:r\n\n", "MESSAGE\nreceipt:r\n\n"])
    func nothingMayComeBeforeConnect(_ text: String) throws {
        var session = StandardSession(name: "s-1", policy: .init())
        let reply = try session.refusal(text)
        #expect(reply.headers["message"] == "Unexpected frame")
        #expect(reply.headers["receipt-id"] == "r")
        #expect(reply.headers["content-type"] == "text/plain")
        #expect(reply.body.contains("CONNECT"))
    }

    @Test(arguments: ["CONNECT", "STOMP", "CONNECTED", "MESSAGE", "RECEIPT", "ERROR"])
    func someFramesMayNotComeInAnOpenSession(_ command: String) throws {
        var session = try StandardSession.open(.v12)
        let reply = try session.refusal("\(command)\n\n")
        #expect(reply.headers["message"] == "Unexpected frame")
        #expect(reply.body.contains(command))
    }

    @Test(arguments: [
        ("SEND\n\nbody", "destination"), ("SEND\ndestination:\n\n", "destination"),
        ("SUBSCRIBE\nid:1\n\n", "destination"), ("SUBSCRIBE\ndestination:/a\n\n", "id"), ("UNSUBSCRIBE\n\n", "id"),
        ("ACK\n\n", "id"), ("NACK\n\n", "id"), ("BEGIN\n\n", "transaction"), ("COMMIT\n\n", "transaction"),
        ("ABORT\n\n", "transaction"),
    ])
    func aMissingHeaderIsNamed(_ text: String, _ header: String) throws {
        var session = try StandardSession.open(.v12)
        let reply = try session.refusal(text)
        #expect(reply.headers["message"] == "Missing header")
        #expect(reply.body.contains("header \(header)"))
    }

    @Test func selectorsAreRefusedAndNotIgnored() throws {
        var session = try StandardSession.open(.v12)
        let reply = try session.refusal("SUBSCRIBE\nid:1\ndestination:/a\nselector:x > 1\n\n")
        #expect(reply.headers["message"] == "Not supported")
        #expect(reply.body.contains("selector"))
    }

    @Test(arguments: [
        (STOMPVersion.v10, "auto", true), (.v10, "client", true), (.v10, "client-individual", false),
        (.v11, "client-individual", true), (.v12, "client-individual", true), (.v12, "Client", false),
        (.v12, "", false),
    ])
    func ackModesAreThoseOfTheVersion(_ version: STOMPVersion, _ ack: String, _ isRight: Bool) throws {
        var session = try StandardSession.open(version)
        let action = session.receive(try frame("SUBSCRIBE\nid:1\ndestination:/a\nack:\(ack)\n\n", version))
        switch action {
        case .perform(.subscribe(.id("1"), destination: "/a", let mode), receipts: []):
            #expect(isRight)
            #expect(mode.rawValue == ack)
        case .end(_, .close(code: 1000, reason: ""), let error?):
            #expect(!isRight)
            #expect(error.summary == .badHeader)
        default: Issue.record("\(action)")
        }
    }

    @Test(arguments: [
        "SEND\ndestination:/a\nreceipt:r:1\n\n", "SUBSCRIBE\nid:1\ndestination:/a\nreceipt:r:1\n\n",
        "UNSUBSCRIBE\nid:1\nreceipt:r:1\n\n", "ACK\nid:1-1\nreceipt:r:1\n\n", "NACK\nid:1-1\nreceipt:r:1\n\n",
        "BEGIN\ntransaction:t\nreceipt:r:1\n\n", "COMMIT\ntransaction:t\nreceipt:r:1\n\n",
        "ABORT\ntransaction:t\nreceipt:r:1\n\n",
    ])
    func everyFrameMayAskForAReceipt(_ text: String) throws {
        var session = try StandardSession.open(.v12)
        guard case .perform(_, let receipts) = session.receive(try frame(text)) else { throw NoFrame(text: text) }
        #expect(receipts == [ServerFrame(.receipt, ["receipt-id": "r:1"])])
    }

    @Test func connectIsAnsweredByNoReceipt() throws {
        var session = StandardSession(name: "s-1", policy: .init())
        let (reply, _, _) = try session.connect("CONNECT\naccept-version:1.2\nreceipt:r\n\n")
        #expect(!reply.headers.contains("receipt-id"))
    }

    // MARK: End of the session

    @Test func disconnectGivesItsReceiptAndEndsTheSession() throws {
        var session = try StandardSession.open(.v12)
        let (replies, ending) = try session.ending("DISCONNECT\nreceipt:bye\n\n")
        #expect(replies == [ServerFrame(.receipt, ["receipt-id": "bye"])])
        #expect(ending == .close())
        guard case .ignore = session.receive(try frame("SEND\ndestination:/a\n\n")) else { throw NoFrame(text: "SEND") }
    }

    @Test func aFailedRequestIsAnErrorWithTheReceiptOfItsFrame() throws {
        var session = try StandardSession.open(.v12)
        let failed = try frame("SEND\ndestination:/queue/a\nreceipt:r-7\n\n")
        let action = session.failed(.tooManySubscriptions(limit: 3), failed)
        guard case .end(let replies, .close(code: 1000, reason: ""), _) = action else {
            throw NoFrame(text: "\(action)")
        }
        let headers: HeaderList = ["message": "Limit exceeded", "content-type": "text/plain", "receipt-id": "r-7"]
        #expect(
            replies == [ServerFrame(.error, headers, body: "too many subscriptions; the limit per connection is 3\n")])
        guard case .ignore = session.end(.silent) else { throw NoFrame(text: "late") }
        #expect(session.version == nil)
    }

    @Test(arguments: [
        (
            STOMPProtocolError(.peer, .unknownCommand(line: .init("x".utf8))), "Malformed frame",
            "expected a command, got \"x\"\n"
        ),
        (
            STOMPProtocolError(.peer, .malformedContentLength(.init(" 1".utf8))), "Malformed frame",
            "content-length: expected a number of bytes, got \" 1\"; the space at the start is part of the value\n"
        ),
        (
            STOMPProtocolError(.peer, .frameTooLarge(limit: 1)), "Limit exceeded",
            "a frame is larger than the limit of 1 bytes\n"
        ),
    ])
    func whatIsNoFrameIsAnError(_ error: STOMPProtocolError, _ message: String, _ body: String) throws {
        var session = try StandardSession.open(.v12)
        guard case .end(let replies, .close(code: 1000, reason: ""), _?) = session.receive(error) else {
            throw NoFrame(text: "")
        }
        #expect(replies[0].headers["message"] == message)
        #expect(replies[0].body == body)
    }
}

extension StandardSession {
    static func open(_ version: STOMPVersion) throws -> StandardSession {
        var session = StandardSession(name: "s-1", policy: .init())
        _ = try session.connect("CONNECT\naccept-version:\(version)\nhost:h\n\n")
        return session
    }

    mutating func refusal(_ text: String) throws -> ServerFrame {
        let (replies, ending) = try ending(text)
        #expect(ending == .close())
        #expect(replies.count == 1)
        return replies[0]
    }
}
