import STOMPCore
import Testing

@testable import STOMPBroker

/// The behaviour of Spring's STOMP endpoint, point by point.
@Suite struct SpringSessionTests {
    private var policy = SessionPolicy(destinationPrefixes: ["/topic", "/queue", "/sub", "/pub/messages"])
    private var session: SpringSession

    init() throws {
        session = SpringSession(policy: policy)
        _ = try session.connect("CONNECT\naccept-version:1.1,1.2\nhost:h\n\n")
    }

    // MARK: CONNECT

    /// No ERROR is sent; the close code is the one for unreliable sessions.
    @Test func aClientThatSendsNoConnectIsClosedWith4500() {
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

    /// The version in the answer to each accept-version: nil if there is no answer, empty if the answer has no version.
    @Test(
        arguments: [
            (SpringRelease.v4, "1.0", nil), (.v4, "9.9", nil), (.v4, "1.0,2.0", nil), (.v4, nil, ""),
            (.v4, "1.1", "1.1"),
            (.v5, "1.0", "1.0"), (.v5, "9.9", nil), (.v5, "1.0,2.0", "1.0"), (.v5, nil, nil), (.v5, "1.1,1.0", "1.1"),
            (.v6, "1.0", "1.0"), (.v6, "9.9", nil), (.v6, "1.0,2.0", "1.0"), (.v6, nil, nil),
            (.v6, "1.0,1.1,1.2", "1.2"),
        ] as [(SpringRelease, String?, String?)])
    func someVersionsAreNeverAnswered(_ release: SpringRelease, _ versions: String?, _ answer: String?) throws {
        var session = SpringSession(release, policy: policy)
        let connect = "CONNECT\n" + (versions.map { "accept-version:\($0)\n" } ?? "") + "\n"
        guard let answer else {
            #expect(try session.ignores(connect) == true)
            #expect(session.version == nil)
            return
        }
        let (reply, _, _) = try session.connect(connect)
        #expect(reply.headers["version"] ?? "" == answer)
    }

    @Test func loginAndPasscodeAreIgnoredByDefault() throws {
        var session = SpringSession(policy: policy)
        _ = try session.connect("CONNECT\naccept-version:1.2\nlogin:x\npasscode:wrong\n\n")
    }

    private static let channel = "Failed to send message to ExecutorSubscribableChannel[clientInboundChannel]"
    private static let cause =
        channel + "; nested exception is org.springframework.security.access.AccessDeniedException: "

    @Test(arguments: [(SpringRelease.v4, cause), (.v5, cause), (.v6, nil)] as [(SpringRelease, String?)])
    mutating func aRefusedConnectHasItsReasonInMessageAndThen1002(_ release: SpringRelease, _ cause: String?) throws {
        policy.connectHeaders = ["Authorization": "Bearer x"]
        for (header, reason) in [
            ("", "header Authorization required"),
            ("Authorization:y\n", "wrong value of the header Authorization"),
        ] {
            var session = SpringSession(release, policy: policy)
            let connect = "CONNECT\naccept-version:1.2\n\(header)\n"
            let message = cause.map { $0 + reason } ?? Self.channel
            let error = ServerFrame(.error, ["message": message])
            guard release > .v4 else {
                // Spring closes the connection only since 5.2.
                #expect(try session.error(connect) == error)
                _ = try session.connect("CONNECT\naccept-version:1.2\nAuthorization:Bearer x\n\n")
                continue
            }
            let (replies, ending) = try session.ending(connect)
            #expect(replies == [error])
            #expect(ending == .close(code: 1002))
        }
        var session = SpringSession(policy: policy)
        _ = try session.connect("CONNECT\naccept-version:1.2\nAuthorization:Bearer x\n\n")
    }

    /// An exception with its own text, for each command.
    @Test(arguments: [
        "CONNECT\naccept-version:1.2\n\n", "SUBSCRIBE\nid:1\ndestination:/topic/a\n\n",
        "SEND\ndestination:/topic/a\n\n",
    ])
    func whatIsDeniedHasItsOwnText(_ text: String) throws {
        for release in [SpringRelease.v4, .v5, .v6] {
            var session = SpringSession(release, policy: policy)
            if !text.hasPrefix("CONNECT") { _ = try session.connect("CONNECT\naccept-version:1.2\n\n") }
            let error = ServerFrame(.error, ["message": "Access denied: no Authorization"])
            switch session.deny("Access denied: no Authorization", try frame(text)) {
            case .refuse(_, let reply): #expect(release == .v4 && reply == error)
            case .end(let replies, let ending, _):
                #expect(release > .v4 && replies == [error] && ending == .close(code: 1002))
            default: Issue.record("\(release)")
            }
        }
    }

    @Test func theOrderOfFramesIsWatchedByVersion6() throws {
        for release in [SpringRelease.v4, .v5, .v6] {
            var early = SpringSession(release, name: "session-7", policy: policy)
            var twice = SpringSession(release, policy: policy)
            let connect = "CONNECT\naccept-version:1.2\n\n"
            _ = try twice.connect(connect)
            guard release == .v6 else {
                #expect(try early.ignores("SEND\ndestination:/topic/a\n\n"))
                #expect(try twice.ignores(connect))
                continue
            }
            for (replies, ending, text) in [
                (try early.ending("SEND\ndestination:/topic/a\n\n"), "Unknown session: session-7"),
                (try twice.ending(connect), "Session already exists"),
            ].map({ ($0.0, $0.1, $1) }) {
                #expect(replies == [ServerFrame(.error, ["message": text])])
                #expect(ending == .close(code: 1002))
            }
        }
    }

    @Test(arguments: [
        (
            STOMPProtocolError.Reason.unknownCommand(line: .init(Array("FOO".utf8))),
            "No enum constant org.springframework.messaging.simp.stomp.StompCommand.FOO"
        ),
        (
            .headerWithoutColon(line: .init(Array("no colon".utf8))),
            "Illegal header: 'no colon'. A header must be of the form <name>:[<value>]."
        ),
        (.noNULAfterBody(contentLength: 3), "Frame must be terminated with a null octet"),
    ])
    mutating func invalidFramesAreReportedInItsWords(_ reason: STOMPProtocolError.Reason, _ text: String) throws {
        for release in [SpringRelease.v4, .v5, .v6] {
            policy.keepsMessages = true
            var session = SpringSession(release, policy: policy)
            let error = ServerFrame(.error, ["message": text])
            switch session.receive(STOMPProtocolError(.peer, reason)) {
            case .refuse(_, let reply): #expect(release == .v4 && reply == error)
            case .end(let replies, let ending, _):
                #expect(release > .v4 && replies == [error] && ending == .close(code: 1002))
            default: Issue.record("\(release)")
            }
        }
    }

    /// Over TCP the start of the next frame is unknown, and a web page must not be able to choose it.
    @Test func aWrongFrameEndsASessionOverTCP() throws {
        var session = SpringSession(.v4, policy: policy)
        let line = STOMPProtocolError.Excerpt(Array("POST / HTTP/1.1".utf8))
        guard case .end = session.receive(STOMPProtocolError(.peer, .unknownCommand(line: line))) else {
            throw NoFrame(text: "POST")
        }
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

    // MARK: Silent clients

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
    mutating func anUnservedDestinationGetsNoAnswer(_ text: String) throws {
        #expect(try session.ignores(text) == true)
    }

    @Test(arguments: ["/topic/a", "/queue/a", "/sub/chat/room/2", "/pub/messages", "/user/ann/queue/a"])
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

    // MARK: Selectors and users

    @Test(arguments: [
        ("headers['a'] == 'b c'", HeaderSelector.header("a", "b c")), (" headers[ 'a' ]=='' ", .header("a", "")),
        ("a = 'b'", .unknown("a = 'b'")), ("headers['a'] == 'b' or true", .unknown("headers['a'] == 'b' or true")),
        ("headers['a", .unknown("headers['a")), ("headers.a == 'b'", .unknown("headers.a == 'b'")),
    ])
    func selectorsAreUnderstoodBefore6(_ text: String, _ selector: HeaderSelector) throws {
        let subscribe = try frame("SUBSCRIBE\nid:1\ndestination:/topic/a\nselector:\(text)\n\n")
        for release in [SpringRelease.v4, .v5, .v6] {
            var session = SpringSession(release, policy: policy)
            _ = try session.connect("CONNECT\naccept-version:1.2\n\n")
            switch session.receive(subscribe) {
            case .performLater(.select(.id("1"), destination: "/topic/a", let other)):
                #expect(release < .v6 && other == selector)
            case .performLater(.subscribe(.id("1"), destination: "/topic/a", .auto)): #expect(release == .v6)
            default: Issue.record("\(release)")
            }
        }
    }

    @Test(
        arguments: [
            ("/user/queue/a", false, UserDestination(user: nil, rest: "/queue/a")),
            ("/user/ann/queue/a", true, UserDestination(user: "ann", rest: "/queue/a")),
            ("/user/queue/a", true, UserDestination(user: "queue", rest: "/a")), ("/user/", false, nil),
            ("/user/ann", true, nil), ("/users/a", false, nil),
        ] as [(String, Bool, UserDestination?)])
    func userDestinations(_ destination: String, _ isNamed: Bool, _ expected: UserDestination?) {
        #expect(UserDestination(destination, isNamed: isNamed) == expected)
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
