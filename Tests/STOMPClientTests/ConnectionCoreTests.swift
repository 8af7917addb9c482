import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPClient

/// A connection on its event loop, in virtual time and without a socket.
@Suite struct ConnectionCoreTests {
    // MARK: Start and end

    @Test func givesUpOnAServerThatNeverAnswers() throws {
        try VirtualConnection.with(connected: nil) { connection in
            connection.pass(.milliseconds(9999))
            #expect(connection.calls == ["CONNECT"])
            #expect(connection.opened.words == nil)
            connection.pass(.milliseconds(1))
            #expect(connection.calls.first == "abort")
            #expect(connection.opened.words == "aborted")
        }
    }

    @Test func aSessionOutlastsTheTimeForCONNECTED() throws {
        try VirtualConnection.with { connection in
            connection.pass(.hours(1))
            #expect(connection.calls == [])
            #expect(connection.failure == nil)
        }
    }

    @Test func doesNotWaitForEverForTheReceiptOfDISCONNECT() throws {
        try VirtualConnection.with { connection in
            let first = Outcome(connection.core.disconnect())
            let second = Outcome(connection.core.disconnect())
            connection.pass(.milliseconds(4999))
            #expect(connection.calls == ["DISCONNECT"])
            #expect(first.words == nil)
            connection.pass(.milliseconds(1))
            #expect(connection.calls == ["close"])
            #expect(first.words == "unanswered")
            #expect(second.words == "unanswered")
            #expect(Outcome(connection.core.disconnect()).words == "unanswered")
        }
    }

    @Test func theEndAnswersEveryone() throws {
        try VirtualConnection.with { connection in
            let receipt = Outcome(try #require(try connection.send(receipt: true)).future)
            let pong = Outcome(connection.core.ping(ByteBuffer()).pong.futureResult)
            connection.stream.state.withLockedValue { $0.isWritable = false }
            let writer = Outcome(try #require(try connection.core.writable()))
            let left = Outcome(connection.core.disconnect())
            connection.core.fail(.aborted)
            #expect([receipt, pong, writer, left].map(\.words) == Array(repeating: "aborted", count: 4))
            #expect(connection.calls == ["SEND", "request", "DISCONNECT", "close"])
            // No timer is still running.
            connection.pass(.hours(1))
            #expect(connection.calls == [])
        }
    }

    @Test func theEndLeavesMessagesToTheirReader() throws {
        try VirtualConnection.with { connection in
            let inbox = connection.core.makeInbox(includesUnclaimed: true)
            connection.core.received(ByteBuffer(string: "MESSAGE\nsubscription:x\nmessage-id:1\n\n1\0ERROR\n\n\0"))
            #expect(connection.failure == "server error")
            guard case .batch(let batch) = connection.core.next(of: inbox) else {
                Issue.record("the message is lost")
                return
            }
            #expect(batch.messages.count == 1)
            guard case .end(.failure(.serverError)) = connection.core.next(of: inbox),
                case .end(.failure(.serverError)) = connection.core.next(
                    of: connection.core.makeInbox(includesUnclaimed: false))
            else {
                Issue.record("the sequence goes on")
                return
            }
        }
    }

    // MARK: Frames sent before an ERROR

    private static func sent(
        _ change: (inout ClientConfiguration) -> Void = { _ in }, connected: String? = "server:s\n",
        served: String = "ERROR\nmessage:no\n\n\0", _ send: (VirtualConnection) throws -> Void = { _ in }
    ) throws -> STOMPClientError? {
        var error: STOMPClientError?
        try VirtualConnection.with(connected: connected, change) { connection in
            try send(connection)
            connection.serve(served)
            if case .failed(let failure) = connection.core.machine.closedReason { error = failure }
        }
        return error
    }

    /// The frames reported with an ERROR that answers one of three SUBSCRIBEs, according to earlier receipts.
    private static func preceding(_ served: String) throws -> PrecedingFrames? {
        let error = try sent(served: served) { connection in
            try connection.core.send { session throws(STOMPProtocolError) in
                let frames = try ["a", "b", "c"].map { (name: String) throws(STOMPProtocolError) in
                    try session.subscribe(to: "/topic/\(name)", id: name, receipt: "r-\(name)").frame
                }
                return ((), frames)
            }
        }
        guard case .serverError(_, _, let preceding) = error else { return nil }
        return preceding
    }

    @Test func anERRORComesWithTheSubscriptionThatItAnswers() throws {
        func subscribe(_ name: String) -> LastSent { .frame(.subscribe, destination: "/topic/\(name)", id: name) }
        func receipt(_ name: String) -> String { "RECEIPT\nreceipt-id:r-\(name)\n\n\0" }
        let error = "ERROR\nmessage:no\n\n\0"
        #expect(try Self.preceding(error) == PrecedingFrames(last: subscribe("c"), unconfirmed: subscribe("a")))
        #expect(
            try Self.preceding(receipt("a") + error)
                == PrecedingFrames(last: subscribe("c"), unconfirmed: subscribe("b")))
        #expect(
            try Self.preceding(receipt("a") + receipt("b") + receipt("c") + error)
                == PrecedingFrames(last: subscribe("c")))
        #expect(
            try Self.preceding("ERROR\nreceipt-id:r-b\n\n\0")
                == PrecedingFrames(last: subscribe("c"), named: subscribe("b"), unconfirmed: subscribe("a")))
    }

    private static func last(
        _ change: (inout ClientConfiguration) -> Void = { _ in }, connected: String = "server:s\n",
        _ send: (VirtualConnection) throws -> Void
    ) throws -> LastSent? {
        guard case .serverError(_, _, let last) = try sent(change, connected: connected, send) else { return nil }
        return last.last
    }

    @Test func anERRORComesWithWhatWasSentLast() throws {
        #expect(try Self.last { _ in } == nil)
        #expect(
            try Self.last { connection in
                try connection.core.send { session throws(STOMPProtocolError) in
                    ((), [try session.subscribe(to: "/topic/secret", id: "s").frame])
                }
            } == .frame(.subscribe, destination: "/topic/secret", id: "s"))
        // The last of several frames. It is large, and its body is not kept.
        #expect(
            try Self.last { connection in
                let body = ByteBuffer(repeating: 0x61, count: 100_000)
                try connection.core.send { session throws(STOMPProtocolError) in
                    ((), [try session.send(to: "/a"), try session.send(to: "/b", body: body)])
                }
            } == .frame(.send, destination: "/b", id: nil))
        // An ERROR after DISCONNECT refers to the frame before it.
        #expect(
            try Self.last { connection in
                try connection.core.send { session throws(STOMPProtocolError) in ((), [try session.send(to: "/a")]) }
                _ = connection.core.disconnect()
            } == .frame(.send, destination: "/a", id: nil))
        // The content of raw bytes is unknown.
        #expect(
            try Self.last { connection in
                _ = try connection.send(receipt: false)
                try connection.core.send(raw: ByteBuffer(string: "x"))
            } == nil)
        #expect(
            try Self.last(
                { $0.session.heartBeat = HeartBeat(outgoing: 1000, incoming: 0) },
                connected: "server:s\nheart-beat:0,1000\n"
            ) { connection in
                _ = try connection.send(receipt: false)
                connection.pass(.seconds(1))
            } == .heartBeat)
    }

    @Test func anERRORComesWithTheSentCredentials() throws {
        guard case .refused(_, let nothing) = try Self.sent(connected: nil) else {
            Issue.record("not refused")
            return
        }
        #expect(nothing == SentCredentials())
        let error = try Self.sent(
            {
                $0.session.login = "me"
                $0.session.passcode = "secret"
                $0.session.headers = ["Authorization": "Bearer x", "room": "2"]
                $0.transport.cookie = "a=b"
                $0.transport.httpHeaders = [("X-Auth-Token", "x")]
            }, connected: nil)
        guard case .refused(_, let sent) = error else {
            Issue.record("not refused")
            return
        }
        #expect(
            sent
                == SentCredentials(
                    hasLogin: true, connectHeaders: ["Authorization", "room"], httpHeaders: ["X-Auth-Token", "Cookie"]))
        #expect("\(sent)" == "login, Authorization, room, X-Auth-Token, Cookie")
    }

    // MARK: Receipts

    @Test func receiptsComeInAnyOrder() throws {
        try VirtualConnection.with { connection in
            let first = try #require(try connection.send(receipt: true))
            let second = try #require(try connection.send(receipt: true))
            connection.serve("RECEIPT\nreceipt-id:receipt-2\n\n\0RECEIPT\nreceipt-id:unknown\n\n\0")
            #expect(!first.isConfirmed)
            #expect(second.isConfirmed)
            connection.serve("RECEIPT\nreceipt-id:receipt-1\n\n\0")
            #expect(first.isConfirmed)
        }
    }

    @Test func aReceiptThatDoesNotComeFailsAlone() throws {
        try VirtualConnection.with { connection in
            let first = Outcome(try #require(try connection.send(receipt: true)).future)
            let second = Outcome(try #require(try connection.send(receipt: true)).future)
            connection.pass(.seconds(4))
            connection.serve("RECEIPT\nreceipt-id:receipt-1\n\n\0")
            // The timer has started again.
            connection.pass(.milliseconds(4999))
            #expect(first.words == "done")
            #expect(second.words == nil)
            connection.pass(.milliseconds(1))
            #expect(second.words == "timed out")
            #expect(connection.failure == nil)
            #expect(Outcome(try #require(try connection.send(receipt: true)).future).words == nil)
        }
    }

    /// While this side does not read, it cannot see a receipt, so the receipt timer starts again. If reading is
    /// never resumed, the normal timeout applies.
    @Test(arguments: [false, true]) func aPauseOfReadingPutsReceiptsOff(isResumed: Bool) throws {
        try VirtualConnection.with({ $0.undeliveredLimit = 10 }) { connection in
            let inbox = connection.core.makeInbox(includesUnclaimed: true)
            let receipt = Outcome(try #require(try connection.send(receipt: true)).future)
            connection.serve("MESSAGE\nsubscription:x\nmessage-id:1\ndestination:/a\n\n\0")
            connection.pass(.milliseconds(4000))
            if isResumed { _ = connection.core.next(of: inbox) }
            #expect(connection.calls == ["SEND", "reading off"] + (isResumed ? ["reading on"] : []))
            connection.pass(.milliseconds(isResumed ? 4999 : 999))
            #expect(receipt.words == nil)
            connection.pass(.milliseconds(1))
            #expect(receipt.words == "timed out")
        }
    }

    /// RabbitMQ sends the receipts of a transaction after COMMIT, so they are not overdue before that.
    @Test func aReceiptInATransactionHasTimeFromItsEnd() throws {
        try VirtualConnection.with { connection in
            try connection.core.send { session throws(STOMPProtocolError) in ((), [try session.begin("t").frame]) }
            let held = Outcome(try #require(try connection.send(receipt: true, transaction: "t")).future)
            let missing = Outcome(try #require(try connection.send(receipt: true)).future)
            connection.pass(.seconds(5))
            #expect(missing.words == "timed out")
            connection.pass(.hours(1))
            #expect(held.words == nil)
            connection.core.releaseReceipts(of: "t")
            connection.pass(.milliseconds(4999))
            #expect(held.words == nil)
            connection.serve("RECEIPT\nreceipt-id:receipt-1\n\n\0")
            #expect(held.words == "done")
        }
    }

    // MARK: Heart-beats

    private static func wants(_ outgoing: Int, _ incoming: Int) -> (inout ClientConfiguration) -> Void {
        { $0.session.heartBeat = HeartBeat(outgoing: outgoing, incoming: incoming) }
    }

    @Test func sendsHeartBeatsThatWereAgreedOn() throws {
        try VirtualConnection.with(connected: "heart-beat:0,50\n", Self.wants(20, 0)) { connection in
            #expect(connection.opened.words == "50,0")
            connection.pass(.milliseconds(44))
            #expect(connection.calls == [])
            connection.pass(.milliseconds(1))
            #expect(connection.calls == ["heart-beat"])
            connection.pass(.milliseconds(90))
            #expect(connection.calls == ["heart-beat", "heart-beat"])
            // A frame counts as a heart-beat.
            connection.pass(.milliseconds(40))
            _ = try connection.send(receipt: false)
            connection.pass(.milliseconds(44))
            #expect(connection.calls == ["SEND"])
            connection.pass(.milliseconds(1))
            #expect(connection.calls == ["heart-beat"])
            // Raw bytes count too.
            connection.pass(.milliseconds(40))
            try connection.core.send(raw: ByteBuffer(string: "bytes"))
            connection.pass(.milliseconds(44))
            #expect(connection.calls == ["bytes"])
        }
    }

    @Test func sendsNoHeartBeatAfterAFullQueue() throws {
        try VirtualConnection.with(connected: "heart-beat:0,50\n", Self.wants(50, 0)) { connection in
            connection.stream.state.withLockedValue { $0.isWritable = false }
            connection.pass(.milliseconds(80))
            connection.stream.state.withLockedValue { $0.isWritable = true }
            #expect(connection.calls == [])
            connection.pass(.milliseconds(10))
            #expect(connection.calls == ["heart-beat"])
        }
    }

    @Test func noticesASilentServer() throws {
        try VirtualConnection.with(connected: "heart-beat:50,0\n", Self.wants(0, 50)) { connection in
            connection.pass(.milliseconds(149))
            #expect(connection.failure == nil)
            connection.pass(.milliseconds(1))
            #expect(connection.calls == ["close"])
            guard
                case .failed(.silent(for: .milliseconds(150), agreed: .milliseconds(50)))? =
                    connection.core.machine.closedReason
            else {
                Issue.record("\(connection.failure as Any)")
                return
            }
        }
    }

    /// Frames, heart-beats, pings, pongs and incomplete messages all count.
    @Test func everythingThatComesIsASignOfLife() throws {
        let signs: [(VirtualConnection) -> Void] = [
            { $0.serve("\n") }, { $0.serve("MESSAGE\nsubscr") }, { $0.core.happened(.alive) },
            { $0.core.happened(.ping(ByteBuffer())) }, { $0.core.happened(.pong(ByteBuffer())) },
        ]
        for sign in signs {
            try VirtualConnection.with(connected: "heart-beat:50,0\n", Self.wants(0, 50)) { connection in
                connection.pass(.milliseconds(100))
                #expect(connection.core.heartBeats.silence(at: connection.loop.now) == .milliseconds(100))
                sign(connection)
                #expect(connection.core.heartBeats.silence(at: connection.loop.now) == .zero)
                connection.pass(.milliseconds(149))
                #expect(connection.failure == nil)
                connection.pass(.milliseconds(1))
                #expect(connection.failure == "silent")
            }
        }
    }

    // MARK: Back-pressure

    @Test func aSlowReaderStopsTheSocketAndIsNoSilentServer() throws {
        let message = "MESSAGE\nsubscription:x\nmessage-id:1\n\nx\0"
        try VirtualConnection.with(
            connected: "heart-beat:50,0\n",
            {
                Self.wants(0, 50)(&$0)
                $0.undeliveredLimit = 1000
            }
        ) { connection in
            let inbox = connection.core.makeInbox(includesUnclaimed: true)
            connection.serve(String(repeating: message, count: 3))
            #expect(connection.calls == [])
            connection.serve(message)
            #expect(connection.calls == ["reading off"])
            connection.pass(.milliseconds(440))
            #expect(connection.failure == nil)
            guard case .batch(let batch) = connection.core.next(of: inbox) else {
                Issue.record("nothing came")
                return
            }
            #expect(batch.messages.count == 4)
            #expect(connection.calls == ["reading on"])
            // From now on the server must send within the interval again.
            connection.pass(.milliseconds(149))
            #expect(connection.failure == nil)
            connection.pass(.milliseconds(50))
            #expect(connection.failure == "silent")
        }
    }

    @Test func leavingReadsPastTheMessagesThatNobodyReads() throws {
        try VirtualConnection.with({ $0.undeliveredLimit = 10 }) { connection in
            _ = connection.core.makeInbox(includesUnclaimed: true)
            let message = "MESSAGE\nsubscription:x\nmessage-id:1\n\nx\0"
            connection.serve(message)
            #expect(connection.calls == ["reading off"])
            let left = Outcome(connection.core.disconnect())
            #expect(connection.calls == ["reading on", "DISCONNECT"])
            connection.serve(message)
            #expect(connection.calls == [])
            connection.serve("\(message)RECEIPT\nreceipt-id:receipt-1\n\n\0")
            #expect(connection.calls == ["close"])
            #expect(left.words == "confirmed")
        }
    }

    @Test func aServerThatTakesNothingIsGivenUp() throws {
        try VirtualConnection.with { connection in
            #expect(try connection.core.writable() == nil)
            connection.stream.state.withLockedValue { ($0.isWritable, $0.queuedBytes) = (false, 100) }
            let first = Outcome(try #require(try connection.core.writable()))
            connection.pass(.seconds(4))
            connection.stream.state.withLockedValue { $0.queuedBytes = 99 }
            connection.pass(.seconds(5))
            #expect(first.words == nil)
            connection.pass(.seconds(1))
            #expect(first.words == "timed out")
            guard
                case .failed(.timedOut(.progress(queued: 99), within: .seconds(5)))? =
                    connection.core.machine.closedReason
            else {
                Issue.record("\(connection.failure as Any)")
                return
            }
        }
    }

    @Test func aWriterGoesOnWhenTheQueueIsTaken() throws {
        try VirtualConnection.with { connection in
            connection.stream.state.withLockedValue { ($0.isWritable, $0.queuedBytes) = (false, 100) }
            let writer = Outcome(try #require(try connection.core.writable()))
            connection.core.writabilityChanged(false)
            #expect(writer.words == nil)
            connection.core.writabilityChanged(true)
            #expect(writer.words == "done")
            connection.pass(.hours(1))
            #expect(connection.failure == nil)
        }
    }
}
