import STOMPCore
import Testing

@testable import STOMPBroker

/// How Spring's STOMP endpoint behaves, point by point.
@Suite struct SpringSessionTests {
    private var policy = SessionPolicy(destinationPrefixes: ["/topic", "/queue", "/sub", "/pub/messages"])
    private var session: SpringSession

    init() throws {
        session = SpringSession(policy: policy)
        _ = try session.connect("CONNECT\naccept-version:1.1,1.2\nhost:h\n\n")
    }

    // MARK: CONNECT

    /// Without an ERROR, and with the status that it has for sessions that are of no use.
    @Test func aClientThatNeverSaysConnectIsClosedWith4500() {
        var session = SpringSession(policy: policy)
        guard case .end(let replies, .close(code: 4500, let reason), _) = session.end(.silent)
        else { return #expect(Bool(false)) }
        #expect(replies.isEmpty)
        #expect(reason == "Failed to send message within the configured send limit")
    }

    @Test func connectedNamesVersionAndHeartBeatButNoServerAndNoSession() throws {
        var session = SpringSession(policy: policy)
        let (reply, _, _) = try session.connect("CONNECT\naccept-version:1.2,1.1\nhost:h\nheart-beat:4000,4000\n\n")
        #expect(reply == ServerFrame(.connected, ["version": "1.2", "heart-beat": "10000,10000"]))
        #expect(session.version == .v12)
    }

    @Test mutating func connectedNamesTheUserWhereThereAreUsers() throws {
        policy.logins = ["ann": "secret"]
        var session = SpringSession(policy: policy)
        let (reply, _, _) = try session.connect("CONNECT\naccept-version:1.1\nlogin:ann\npasscode:secret\n\n")
        #expect(reply.headers["user-name"] == "ann")
        #expect(reply.headers["version"] == "1.1")
    }

    @Test(arguments: [
        (HeartBeat(outgoing: 10_000, incoming: 10_000), "10000,10000", HeartBeat(outgoing: 10_000, incoming: 10_000)),
        (.none, "0,0", .none),
    ])
    mutating func itsHeartBeatIsItsOwnWhateverWasAsked(_ own: HeartBeat, _ header: String, _ kept: HeartBeat) throws {
        policy.heartBeat = own
        var session = SpringSession(policy: policy)
        let (reply, _, heartBeat) = try session.connect("CONNECT\naccept-version:1.2\nheart-beat:4000,4000\n\n")
        #expect(reply.headers["heart-beat"] == header)
        #expect(heartBeat == kept)
    }

    @Test(arguments: ["1.0", "9.9", "1.0,2.0"])
    func anUnknownVersionIsNeverAnswered(_ versions: String) throws {
        var session = SpringSession(policy: policy)
        #expect(try session.ignores("CONNECT\naccept-version:\(versions)\n\n") == true)
        #expect(session.version == nil)
    }

    @Test func withoutVersionsConnectedHasNone() throws {
        var session = SpringSession(policy: policy)
        let (reply, _, _) = try session.connect("CONNECT\n\n")
        #expect(reply.headers["version"] == nil)
    }

    @Test func loginAndPasscodeAreIgnoredByDefault() throws {
        var session = SpringSession(policy: policy)
        _ = try session.connect("CONNECT\naccept-version:1.2\nlogin:x\npasscode:wrong\n\n")
    }

    @Test mutating func aRefusedConnectHasItsReasonInMessageAndThen1002() throws {
        policy.connectHeaders = ["Authorization": "Bearer x"]
        for (header, reason) in [("", "wants the header Authorization"), ("Authorization:y\n", "is wrong")] {
            var session = SpringSession(policy: policy)
            let (replies, ending) = try session.ending("CONNECT\naccept-version:1.2\n\(header)\n")
            #expect(replies.map(\.command) == [.error])
            #expect(replies[0].headers["message"]?.contains(reason) == true)
            #expect(ending == .close(code: 1002))
        }
        var session = SpringSession(policy: policy)
        _ = try session.connect("CONNECT\naccept-version:1.2\nAuthorization:Bearer x\n\n")
    }

    // MARK: Receipts

    @Test mutating func onlyDisconnectHasAReceiptAndTheSocketStaysOpen() throws {
        guard case .perform(.send, []) = session.receive(try frame("SEND\ndestination:/topic/a\nreceipt:r\n\n")) else {
            throw NoFrame(text: "SEND")
        }
        let (replies, ending) = try session.ending("DISCONNECT\nreceipt:bye\n\n")
        #expect(replies == [ServerFrame(.receipt, ["receipt-id": "bye"])])
        #expect(ending == .leave)
        #expect(try session.ignores("SEND\ndestination:/topic/a\n\n") == true)
    }

    @Test mutating func disconnectWithoutAReceiptIsAnError() throws {
        let (replies, ending) = try session.ending("DISCONNECT\n\n")
        #expect(replies == [ServerFrame(.error, ["message": "Session closed."])])
        #expect(ending == .close(code: 1002))
    }

    // MARK: Silence

    @Test(arguments: [
        "ACK\nid:1-1\nreceipt:r\n\n", "NACK\nid:1-1\n\n", "BEGIN\ntransaction:t\n\n", "COMMIT\ntransaction:t\n\n",
        "ABORT\ntransaction:t\n\n",
    ])
    mutating func acknowledgementsAndTransactionsAreIgnored(_ text: String) throws {
        #expect(try session.ignores(text) == true)
    }

    @Test mutating func aSendInATransactionGoesAtOnce() throws {
        let frame = try frame("SEND\ndestination:/topic/a\ntransaction:t\n\n")
        guard case .perform(.send(_, transaction: nil), []) = session.receive(frame) else {
            throw NoFrame(text: "SEND")
        }
    }

    @Test(arguments: [
        "SEND\ndestination:/app/nothing\nreceipt:r\n\n", "SEND\ndestination:/elsewhere\n\n", "SEND\n\n",
        "SUBSCRIBE\nid:1\ndestination:/elsewhere\nreceipt:r\n\n", "SUBSCRIBE\ndestination:/topic/a\n\n",
        "UNSUBSCRIBE\n\n",
    ])
    mutating func whatIsNotServedIsMetWithSilence(_ text: String) throws {
        #expect(try session.ignores(text) == true)
    }

    @Test(arguments: ["/topic/a", "/queue/a", "/sub/chat/room/2", "/pub/messages"])
    mutating func itsPrefixesAreServed(_ destination: String) throws {
        #expect(try session.ignores("SEND\ndestination:\(destination)\n\n") == false)
    }

    @Test mutating func aRequestThatFailsIsMetWithSilence() throws {
        let failed = try frame("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n")
        guard case .ignore = session.failed(.duplicateSubscription(.id("twice")), failed) else {
            throw NoFrame(text: "SUBSCRIBE")
        }
    }

    @Test mutating func aSendMayOvertakeASubscribe() throws {
        let subscribe = try frame("SUBSCRIBE\nid:1\ndestination:/topic/a\nack:client\nselector:x\n\n")
        guard case .performLater(.subscribe(.id("1"), destination: "/topic/a", .auto)) = session.receive(subscribe)
        else {
            throw NoFrame(text: "SUBSCRIBE")
        }
    }

    // MARK: Errors

    @Test mutating func aFrameOverTheBufferIsAnErrorAnd1002() throws {
        let limits = ServerProfile.spring.frameLimits(FrameLimits())
        #expect(limits.frame == 64 << 10)
        let action = session.receive(STOMPProtocolError(.peer, .frameTooLarge(limit: 64 << 10)))
        guard case .end(let replies, .close(code: 1002, reason: ""), _) = action else {
            throw NoFrame(text: "\(action)")
        }
        #expect(replies[0].headers["message"]?.contains("exceeds configured buffer size limit") == true)
    }

    @Test mutating func aSilentClientGetsAnErrorAnd1002() throws {
        let action = session.end(.silent)
        guard case .end(let replies, .close(code: 1002, reason: ""), _) = action else {
            throw NoFrame(text: "\(action)")
        }
        #expect(replies == [ServerFrame(.error, ["message": "Session closed."])])
    }
}
