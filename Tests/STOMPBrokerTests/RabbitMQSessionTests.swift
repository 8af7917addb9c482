import STOMPCore
import Testing

@testable import STOMPBroker

/// The behaviour of RabbitMQ 3.10, point by point.
@Suite struct RabbitMQSessionTests {
    private var policy = SessionPolicy()
    private var session: RabbitMQSession

    init() throws {
        session = RabbitMQSession(name: "session-1", policy: policy)
        _ = try session.connect("CONNECT\naccept-version:1.0,1.1,1.2\nhost:/\n\n")
    }

    private func error(_ message: String, _ body: String) -> ServerFrame {
        ServerFrame(
            .error, ["message": message, "content-type": "text/plain", "version": "1.0,1.1,1.2"], body: body)
    }

    // MARK: CONNECT

    @Test(arguments: [("1.0", "1.0"), ("1.1", "1.1"), ("1.0,1.1,1.2", "1.2")])
    func itSpeaks10To12(_ offered: String, _ version: String) throws {
        var session = RabbitMQSession(name: "session-1", policy: policy)
        let (reply, _, _) = try session.connect("CONNECT\naccept-version:\(offered)\nhost:/\n\n")
        let headers: HeaderList = [
            "server": "RabbitMQ/3.10.8", "session": "session-1", "heart-beat": "0,0", "version": version,
        ]
        #expect(reply == ServerFrame(.connected, headers))
    }

    @Test func hostMustBeAVirtualHost() throws {
        for host in ["", "host:/\n"] {
            var session = RabbitMQSession(name: "session-1", policy: policy)
            _ = try session.connect("CONNECT\naccept-version:1.2\n\(host)\n")
        }
        var session = RabbitMQSession(name: "session-1", policy: policy)
        let (replies, _) = try session.ending("CONNECT\naccept-version:1.2\nhost:localhost\n\n")
        #expect(replies == [error("Bad CONNECT", "Virtual host 'localhost' access denied")])
    }

    @Test mutating func withoutALoginTheUserIsGuest() throws {
        policy.logins = ["ann": "secret"]
        var session = RabbitMQSession(name: "session-1", policy: policy)
        _ = try session.connect("CONNECT\naccept-version:1.2\nhost:/\n\n")
    }

    @Test mutating func aBadLoginIsAnErrorAtOnceAndACloseMuchLater() throws {
        policy.logins = ["ann": "secret"]
        var session = RabbitMQSession(name: "session-1", policy: policy)
        let (replies, ending) = try session.ending("CONNECT\naccept-version:1.2\nhost:/\nlogin:ann\npasscode:x\n\n")
        #expect(replies == [error("Bad CONNECT", "Access refused for user 'ann'\n")])
        #expect(ending == .closeLater(.seconds(10)))
    }

    @Test(arguments: [
        ("0,0", "0,0", HeartBeat.none), ("500,2500", "2000,1000", HeartBeat(outgoing: 1111, incoming: 1000)),
        ("4000,4000", "4000,4000", HeartBeat(outgoing: 2222, incoming: 4000)),
    ])
    func heartBeatsAreThoseAskedForInSecondsAndSentTwiceAsOften(
        _ asked: String, _ header: String, _ kept: HeartBeat
    ) throws {
        var session = RabbitMQSession(name: "session-1", policy: policy)
        let (reply, _, heartBeat) = try session.connect("CONNECT\naccept-version:1.2\nheart-beat:\(asked)\n\n")
        #expect(reply.headers["heart-beat"] == header)
        #expect(heartBeat == kept)
        // `HeartBeatMonitor` sends after 90 % of its interval: half of the promised one, rounded to a millisecond.
        #expect((heartBeat.outgoing * 9 + 9) / 10 == (try HeartBeat(header: header)).outgoing / 2)
    }

    @Test mutating func aSilentClientIsClosedWithoutAnError() throws {
        let action = session.end(.silent)
        guard case .end([], .close(code: 1000, reason: "STOMP died"), _) = action else {
            throw NoFrame(text: "\(action)")
        }
    }

    @Test func escapesAreAppliedAt10Too() throws {
        var session = RabbitMQSession(name: "session-1", policy: policy)
        let (_, written, _) = try session.connect("CONNECT\naccept-version:1.0\n\n")
        #expect(session.version == .v10)
        #expect(written == .v12)
    }

    @Test func version10WithoutAnIDHasNoSubscription() throws {
        var session = RabbitMQSession(name: "session-1", policy: policy)
        _ = try session.connect("CONNECT\n\n")
        let subscribe = try frame("SUBSCRIBE\ndestination:/topic/a\n\n")
        guard case .perform(.subscribe(let name, _, _), []) = session.receive(subscribe) else {
            throw NoFrame(text: "SUBSCRIBE")
        }
        #expect(name.header == nil)
    }

    // MARK: Errors

    @Test mutating func afterManyErrorsItGoesOn() throws {
        #expect(
            try session.error("ACK\nid:foo\nreceipt:r\n\n")
                == error("Invalid header", "\"ACK\" must include a valid \"id\" header\n"))
        let unknown = try session.error("SEND\ndestination:/foo/a\nreceipt:r\n\n")
        #expect(unknown.headers["message"] == "Unknown destination")
        #expect(unknown.body.hasPrefix("'/foo/a' is not a valid destination.\nValid destination types are: "))
        guard case .perform = session.receive(try frame("SEND\ndestination:/topic/a\n\n")) else {
            throw NoFrame(text: "SEND")
        }
    }

    @Test mutating func aRequestThatFailsIsAnErrorToo() throws {
        let commit = try frame("COMMIT\ntransaction:t\n\n")
        guard case .refuse(_, let bad) = session.failed(.unknownTransaction("t"), commit) else {
            throw NoFrame(text: "COMMIT")
        }
        #expect(bad == error("Bad transaction", "Invalid transaction identifier: \"t\"\n"))
        let unsubscribe = try frame("UNSUBSCRIBE\nid:zz\n\n")
        guard case .refuse(_, let missing) = session.failed(.unknownSubscription(.id("zz")), unsubscribe) else {
            throw NoFrame(text: "UNSUBSCRIBE")
        }
        let body =
            "UNSUBSCRIBE must refer to an existing subscription.\nSubscription to \"id='zz'\" not found.\n"
        #expect(missing == error("No subscription found", body))
    }

    @Test(arguments: [
        ("SEND\n\n", "Missing destination", "\"SEND\" must include a 'destination' header\n"),
        ("SEND\ndestination:\n\n", "Invalid destination", "Destination cannot be blank"),
        (
            "UNSUBSCRIBE\n\n", "Missing destination or id",
            "UNSUBSCRIBE must include a 'destination' or 'id' header"
        ),
        ("ACK\n\n", "Missing header", "\"ACK\" must include the \"id\" header\n"),
        ("NACK\nid:foo\n\n", "Invalid header", "\"NACK\" must include a valid \"id\" header\n"),
        ("COMMIT\n\n", "Missing transaction", "\"COMMIT\" must include a 'transaction' header\n"),
        ("SUBSCRIBE\nid:1\ndestination:/topic/a\nack:x\n\n", "Processing error", "Processing error"),
        ("MESSAGE\ndestination:/topic/a\n\n", "Bad command", "Could not interpret command \"MESSAGE\"\n"),
        ("SEND\ndestination:/topic/a/b\n\n", "Invalid destination", "'/a/b' is not a valid topic destination\n"),
        ("SEND\ndestination:/queue/\n\n", "Invalid destination", "'/' is not a valid queue destination\n"),
        ("SEND\ndestination:/exchange\n\n", "Invalid destination", "'' is not a valid exchange destination\n"),
        ("SEND\ndestination:/amq/queue\n\n", "Invalid destination", "'' is not a valid amqqueue destination\n"),
    ])
    func itsErrorsAreInItsWords(_ text: String, _ message: String, _ body: String) throws {
        var session = session
        #expect(try session.error(text) == error(message, body))
        guard case .perform = session.receive(try frame("SEND\ndestination:/topic/a\n\n")) else {
            throw NoFrame(text: "SEND")
        }
    }

    @Test func anUnknownCommandIsAnErrorAndDoesNoHarm() throws {
        var session = session
        let unknown = STOMPProtocolError(.peer, .skippedFrame(command: "FOO"))
        guard case .refuse(_, let reply) = session.receive(unknown) else { throw NoFrame(text: "FOO") }
        #expect(reply == error("Bad command", "Could not interpret command \"FOO\"\n"))
        #expect(session.version == .v12)
        var waiting = RabbitMQSession(name: "session-1", policy: policy)
        guard case .refuse(_, let first) = waiting.receive(unknown) else { throw NoFrame(text: "FOO") }
        #expect(first == error("Illegal command", "You must log in using CONNECT first"))
    }

    @Test func aSecondConnectClosesWithoutAnError() throws {
        var session = session
        let (replies, ending) = try session.ending("CONNECT\naccept-version:1.2\n\n")
        #expect(replies.isEmpty)
        #expect(ending == .close(code: 1011))
    }

    @Test(arguments: [false, true])
    func aMissingQueueIsAnErrorThenTheReceiptAndThenACloseAndOverWebSocketOnlyThat(_ isWebSocket: Bool) throws {
        let subscribe = "SUBSCRIBE\nid:1\ndestination:/amq/queue/nope\nreceipt:r\n\n"
        var session = RabbitMQSession(name: "session-1", policy: .init(keepsMessages: isWebSocket))
        _ = try session.connect("CONNECT\naccept-version:1.2\n\n")
        let action = session.failed(.unknownQueue("nope"), try frame(subscribe))
        guard case .end(let replies, let ending, _) = action else { throw NoFrame(text: "\(action)") }
        let said = [
            error("not_found", "NOT_FOUND - no queue 'nope' in vhost '/'"),
            ServerFrame(.receipt, ["receipt-id": "r"]),
        ]
        #expect(replies == (isWebSocket ? [] : said))
        #expect(ending == .close(code: 1000, reason: "STOMP died"))
    }

    /// A SEND is confirmed only once it was routed, so its receipt is not sent.
    @Test(arguments: [("SUBSCRIBE", true), ("SEND", false)])
    func aMissingExchangeIsAnErrorAndThenAClose(_ command: String, _ hasReceipt: Bool) throws {
        var session = session
        let (replies, ending) = try session.ending("\(command)\nid:1\ndestination:/exchange/nope/key\nreceipt:r\n\n")
        let receipt = hasReceipt ? [ServerFrame(.receipt, ["receipt-id": "r"])] : []
        #expect(replies == [error("not_found", "NOT_FOUND - no exchange 'nope' in vhost '/'")] + receipt)
        #expect(ending == RabbitMQSession.died)
    }

    @Test(arguments: [
        ("/topic/a", "/topic/a"), ("/queue/a", "/queue/a"), ("a", "/queue/a"), ("/amq/queue/a", "/amq/queue/a"),
        ("/exchange/amq.topic/a", "/topic/a"), ("/exchange/amq.direct/a", "/exchange/amq.direct/a"),
        ("/exchange/amq.fanout", "/exchange/amq.fanout"), ("/temp-queue/a", "/temp-queue/a"),
        ("/reply-queue/a", "/reply-queue/a"),
    ])
    func itsKindsOfDestinationsAreServed(_ destination: String, _ served: String) throws {
        var session = session
        for text in ["SEND\ndestination:\(destination)\n\n", "SUBSCRIBE\nid:1\ndestination:\(destination)\n\n"] {
            switch session.receive(try frame(text)) {
            case .perform(.send(let message, _), _): #expect(message.destination == served)
            case .perform(.subscribe(_, let destination, _), _): #expect(destination == served)
            default: throw NoFrame(text: text)
            }
        }
    }

    @Test mutating func beforeConnectOnlyAnErrorComes() throws {
        session = RabbitMQSession(name: "session-1", policy: policy)
        #expect(
            try session.error("SEND\ndestination:/topic/a\n\n")
                == error("Illegal command", "You must log in using CONNECT first"))
        _ = try session.connect("CONNECT\naccept-version:1.2\n\n")
    }

    @Test mutating func aMalformedFrameIsASilentClose() throws {
        let action = session.receive(STOMPProtocolError(.peer, .headerWithoutColon(line: .init("x".utf8))))
        guard case .end([], .close(code: 1007, reason: ""), _) = action else { throw NoFrame(text: "\(action)") }
    }

    // MARK: Receipts

    @Test mutating func theReceiptOfASendInATransactionComesAfterCommit() throws {
        let send = try frame("SEND\ndestination:/topic/a\ntransaction:t\nreceipt:s\n\n")
        guard case .perform(_, []) = session.receive(send) else { throw NoFrame(text: "SEND") }
        guard case .perform(_, let receipts) = session.receive(try frame("COMMIT\ntransaction:t\nreceipt:c\n\n")) else {
            throw NoFrame(text: "COMMIT")
        }
        #expect(receipts.map { $0.headers["receipt-id"] } == ["c", "s"])
        guard case .perform(_, []) = session.receive(try frame("COMMIT\ntransaction:t\n\n")) else {
            throw NoFrame(text: "COMMIT")
        }
    }

    @Test mutating func aSendThatFailsInATransactionHasNoReceipt() throws {
        let send = try frame("SEND\ndestination:/topic/a\ntransaction:t\nreceipt:s\n\n")
        _ = session.receive(send)
        _ = session.failed(.unknownTransaction("t"), send)
        guard case .perform(_, []) = session.receive(try frame("COMMIT\ntransaction:t\n\n")) else {
            throw NoFrame(text: "COMMIT")
        }
    }

    @Test(arguments: [false, true])
    func theReceiptOfDisconnectNeverArrivesOverWebSocket(_ isWebSocket: Bool) throws {
        var session = RabbitMQSession(name: "session-1", policy: .init(keepsMessages: isWebSocket))
        _ = try session.connect("CONNECT\naccept-version:1.2\n\n")
        let (replies, ending) = try session.ending("DISCONNECT\nreceipt:bye\n\n")
        #expect(replies == (isWebSocket ? [] : [ServerFrame(.receipt, ["receipt-id": "bye"])]))
        #expect(ending == .close(code: 1000, reason: "STOMP died"))
    }
}
