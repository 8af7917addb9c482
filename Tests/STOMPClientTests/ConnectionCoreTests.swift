import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPClient

/// A connection in virtual time, over a stream that keeps what is asked of it.
private struct Fixture {
    /// A stream without a socket.
    final class Stream: TransportStream {
        struct State {
            var calls: [String] = []
            var isWritable = true
            var queuedBytes = 0
        }

        let eventLoop: any EventLoop
        let description = TransportDescription(.webSocket, remoteAddress: "broker:1")
        let state = NIOLockedValueBox(State())

        init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

        var isWritable: Bool { state.withLockedValue { $0.isWritable } }
        var queuedBytes: Int { state.withLockedValue { $0.queuedBytes } }

        private func called(_ call: String) { state.withLockedValue { $0.calls.append(call) } }

        func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
            let text = String(buffer: bytes)
            called(text == "\n" ? "heart-beat" : String(text.prefix { $0 != "\n" }))
            promise?.succeed()
        }
        func flush() {}
        func setReading(_ isReading: Bool) { called("reading \(isReading ? "on" : "off")") }
        func request(_ request: TransportRequest) { called("request") }
        func close() { called("close") }
        func abort() { called("abort") }
    }

    let loop = EmbeddedEventLoop()
    let stream: Stream
    let core: ConnectionCore
    /// How CONNECT ended.
    let opened: Outcome

    init(_ change: (inout ClientConfiguration) -> Void) throws {
        var configuration = ClientConfiguration(try Endpoint("ws://broker/"))
        configuration.receiptTimeout = .seconds(5)
        configuration.session.heartBeat = .none
        change(&configuration)
        stream = Stream(loop)
        let opening = loop.makePromise(of: ConnectionCore.Opened.self)
        core = ConnectionCore(stream: stream, configuration: configuration, opening: opening)
        opened = Outcome(opening.futureResult.map(\.handshake.heartBeat))
        core.start(deadline: loop.now + .seconds(10), timeout: .abandoned)
    }

    /// Runs `body` with a connection, which is open unless `connected` is nil.
    static func with(
        connected: String? = "server:s\n", _ change: (inout ClientConfiguration) -> Void = { _ in },
        _ body: (Fixture) throws -> Void
    ) throws {
        let fixture = try Fixture(change)
        // The loop must not go with a timer.
        defer { fixture.core.ended(nil) }
        if let connected {
            fixture.serve("CONNECTED\nversion:1.2\n\(connected)\n\0")
            try #require(fixture.opened.words != nil)
            #expect(fixture.calls == ["CONNECT"])
        }
        try body(fixture)
    }

    /// What was asked of the stream since the last time.
    var calls: [String] {
        stream.state.withLockedValue { state in
            defer { state.calls = [] }
            return state.calls
        }
    }

    /// One read of the socket.
    func serve(_ text: String) {
        core.received(ByteBuffer(string: text))
        core.receivedAll()
    }

    func pass(_ time: TimeAmount) { loop.advanceTime(by: time) }

    var failure: String? { core.hasFailed ? core.machine.closedReason.map { words($0) } : nil }

    func send(receipt: Bool, transaction: String? = nil) throws -> Receipt? {
        let id = try core.send { session throws(STOMPProtocolError) in
            let id = receipt ? session.makeReceiptID() : nil
            return (id, [try session.send(to: "/a", transaction: transaction, receipt: id)])
        }
        return id.map { core.awaitReceipt($0, isHeld: transaction != nil) }
    }
}

/// What a future came to, in words; nil until then.
private final class Outcome: Sendable {
    private let box = NIOLockedValueBox<String?>(nil)
    var words: String? { box.withLockedValue { $0 } }

    init<Value: Sendable>(_ future: EventLoopFuture<Value>) {
        future.whenComplete { [box] result in
            let words =
                switch result {
                case .success(let value): value is Void || value is Timestamp ? "done" : "\(value)"
                case .failure(let error as STOMPClientError): STOMPClientTests.words(error)
                case .failure(let error): "\(error)"
                }
            box.withLockedValue { $0 = words }
        }
    }
}

@Suite struct ConnectionCoreTests {
    // MARK: Beginning and end

    @Test func givesUpOnAServerThatNeverAnswers() throws {
        try Fixture.with(connected: nil) { fixture in
            fixture.pass(.milliseconds(9999))
            #expect(fixture.calls == ["CONNECT"])
            #expect(fixture.opened.words == nil)
            fixture.pass(.milliseconds(1))
            #expect(fixture.calls.first == "abort")
            #expect(fixture.opened.words == "abandoned")
        }
    }

    @Test func aSessionOutlastsTheTimeForCONNECTED() throws {
        try Fixture.with { fixture in
            fixture.pass(.hours(1))
            #expect(fixture.calls == [])
            #expect(fixture.failure == nil)
        }
    }

    @Test func doesNotWaitForEverForTheReceiptOfDISCONNECT() throws {
        try Fixture.with { fixture in
            let first = Outcome(fixture.core.disconnect())
            let second = Outcome(fixture.core.disconnect())
            fixture.pass(.milliseconds(4999))
            #expect(fixture.calls == ["DISCONNECT"])
            #expect(first.words == nil)
            fixture.pass(.milliseconds(1))
            #expect(fixture.calls == ["close"])
            #expect(first.words == "unanswered")
            #expect(second.words == "unanswered")
            #expect(Outcome(fixture.core.disconnect()).words == "unanswered")
        }
    }

    @Test func theEndAnswersEveryone() throws {
        try Fixture.with { fixture in
            let receipt = Outcome(try #require(try fixture.send(receipt: true)).future)
            let pong = Outcome(fixture.core.ping(ByteBuffer()).futureResult)
            fixture.stream.state.withLockedValue { $0.isWritable = false }
            let writer = Outcome(try #require(try fixture.core.writable()))
            let left = Outcome(fixture.core.disconnect())
            fixture.core.fail(.abandoned)
            #expect([receipt, pong, writer, left].map(\.words) == Array(repeating: "abandoned", count: 4))
            #expect(fixture.calls == ["SEND", "request", "DISCONNECT", "close"])
            // Nothing runs on.
            fixture.pass(.hours(1))
            #expect(fixture.calls == [])
        }
    }

    @Test func theEndLeavesMessagesToTheirReader() throws {
        try Fixture.with { fixture in
            let inbox = fixture.core.makeInbox(takesUnclaimed: true)
            fixture.core.received(ByteBuffer(string: "MESSAGE\nsubscription:x\nmessage-id:1\n\n1\0ERROR\n\n\0"))
            #expect(fixture.failure == "server error")
            guard case .batch(let batch) = fixture.core.next(of: inbox) else {
                Issue.record("the message is lost")
                return
            }
            #expect(batch.messages.count == 1)
            guard case .end(.failure(.serverError)) = fixture.core.next(of: inbox),
                case .end(.failure(.serverError)) = fixture.core.next(of: fixture.core.makeInbox(takesUnclaimed: false))
            else {
                Issue.record("the sequence goes on")
                return
            }
        }
    }

    // MARK: Receipts

    @Test func receiptsComeInAnyOrder() throws {
        try Fixture.with { fixture in
            let first = try #require(try fixture.send(receipt: true))
            let second = try #require(try fixture.send(receipt: true))
            fixture.serve("RECEIPT\nreceipt-id:receipt-2\n\n\0RECEIPT\nreceipt-id:unknown\n\n\0")
            #expect(!first.hasArrived)
            #expect(second.hasArrived)
            fixture.serve("RECEIPT\nreceipt-id:receipt-1\n\n\0")
            #expect(first.hasArrived)
        }
    }

    @Test func aReceiptThatDoesNotComeFailsAlone() throws {
        try Fixture.with { fixture in
            let first = Outcome(try #require(try fixture.send(receipt: true)).future)
            let second = Outcome(try #require(try fixture.send(receipt: true)).future)
            fixture.pass(.seconds(4))
            fixture.serve("RECEIPT\nreceipt-id:receipt-1\n\n\0")
            // The clock has started anew.
            fixture.pass(.milliseconds(4999))
            #expect(first.words == "done")
            #expect(second.words == nil)
            fixture.pass(.milliseconds(1))
            #expect(second.words == "timed out")
            #expect(fixture.failure == nil)
            #expect(Outcome(try #require(try fixture.send(receipt: true)).future).words == nil)
        }
    }

    /// RabbitMQ answers the receipts of a transaction after COMMIT: they are not missing before that.
    @Test func aReceiptInATransactionHasTimeFromItsEnd() throws {
        try Fixture.with { fixture in
            try fixture.core.send { session throws(STOMPProtocolError) in ((), [try session.begin("t").frame]) }
            let held = Outcome(try #require(try fixture.send(receipt: true, transaction: "t")).future)
            let missing = Outcome(try #require(try fixture.send(receipt: true)).future)
            fixture.pass(.seconds(5))
            #expect(missing.words == "timed out")
            fixture.pass(.hours(1))
            #expect(held.words == nil)
            fixture.core.releaseReceipts()
            fixture.pass(.milliseconds(4999))
            #expect(held.words == nil)
            fixture.serve("RECEIPT\nreceipt-id:receipt-1\n\n\0")
            #expect(held.words == "done")
        }
    }

    // MARK: Heart-beats

    private static func wants(_ outgoing: Int, _ incoming: Int) -> (inout ClientConfiguration) -> Void {
        { $0.session.heartBeat = HeartBeat(outgoing: outgoing, incoming: incoming) }
    }

    @Test func sendsHeartBeatsThatWereAgreedOn() throws {
        try Fixture.with(connected: "heart-beat:0,50\n", Self.wants(20, 0)) { fixture in
            #expect(fixture.opened.words == "50,0")
            fixture.pass(.milliseconds(44))
            #expect(fixture.calls == [])
            fixture.pass(.milliseconds(1))
            #expect(fixture.calls == ["heart-beat"])
            fixture.pass(.milliseconds(90))
            #expect(fixture.calls == ["heart-beat", "heart-beat"])
            // A frame is as good as one.
            fixture.pass(.milliseconds(40))
            _ = try fixture.send(receipt: false)
            fixture.pass(.milliseconds(44))
            #expect(fixture.calls == ["SEND"])
            fixture.pass(.milliseconds(1))
            #expect(fixture.calls == ["heart-beat"])
            // And so are bytes.
            fixture.pass(.milliseconds(40))
            try fixture.core.send(raw: ByteBuffer(string: "bytes"))
            fixture.pass(.milliseconds(44))
            #expect(fixture.calls == ["bytes"])
        }
    }

    @Test func sendsNoHeartBeatAfterAFullQueue() throws {
        try Fixture.with(connected: "heart-beat:0,50\n", Self.wants(50, 0)) { fixture in
            fixture.stream.state.withLockedValue { $0.isWritable = false }
            fixture.pass(.milliseconds(80))
            fixture.stream.state.withLockedValue { $0.isWritable = true }
            #expect(fixture.calls == [])
            fixture.pass(.milliseconds(10))
            #expect(fixture.calls == ["heart-beat"])
        }
    }

    @Test func noticesASilentServer() throws {
        try Fixture.with(connected: "heart-beat:50,0\n", Self.wants(0, 50)) { fixture in
            fixture.pass(.milliseconds(149))
            #expect(fixture.failure == nil)
            fixture.pass(.milliseconds(1))
            #expect(fixture.calls == ["close"])
            guard
                case .failed(.silent(for: .milliseconds(150), agreed: .milliseconds(50)))? =
                    fixture.core.machine.closedReason
            else {
                Issue.record("\(fixture.failure as Any)")
                return
            }
        }
    }

    /// Frames, heart-beats, pings and pongs, and messages that are not whole.
    @Test func everythingThatComesIsASignOfLife() throws {
        let signs: [(Fixture) -> Void] = [
            { $0.serve("\n") }, { $0.serve("MESSAGE\nsubscr") }, { $0.core.happened(.alive) },
            { $0.core.happened(.ping(ByteBuffer())) }, { $0.core.happened(.pong(ByteBuffer())) },
        ]
        for sign in signs {
            try Fixture.with(connected: "heart-beat:50,0\n", Self.wants(0, 50)) { fixture in
                fixture.pass(.milliseconds(100))
                #expect(fixture.core.heartBeats.silence(at: fixture.loop.now) == .milliseconds(100))
                sign(fixture)
                #expect(fixture.core.heartBeats.silence(at: fixture.loop.now) == .zero)
                fixture.pass(.milliseconds(149))
                #expect(fixture.failure == nil)
                fixture.pass(.milliseconds(1))
                #expect(fixture.failure == "silent")
            }
        }
    }

    // MARK: Back-pressure

    @Test func aSlowReaderStopsTheSocketAndIsNoSilentServer() throws {
        let message = "MESSAGE\nsubscription:x\nmessage-id:1\n\nx\0"
        try Fixture.with(
            connected: "heart-beat:50,0\n",
            {
                Self.wants(0, 50)(&$0)
                $0.undeliveredLimit = 1000
            }
        ) { fixture in
            let inbox = fixture.core.makeInbox(takesUnclaimed: true)
            fixture.serve(String(repeating: message, count: 3))
            #expect(fixture.calls == [])
            fixture.serve(message)
            #expect(fixture.calls == ["reading off"])
            fixture.pass(.milliseconds(440))
            #expect(fixture.failure == nil)
            guard case .batch(let batch) = fixture.core.next(of: inbox) else {
                Issue.record("nothing came")
                return
            }
            #expect(batch.messages.count == 4)
            #expect(fixture.calls == ["reading on"])
            // From now on the server has to be heard again.
            fixture.pass(.milliseconds(149))
            #expect(fixture.failure == nil)
            fixture.pass(.milliseconds(50))
            #expect(fixture.failure == "silent")
        }
    }

    @Test func leavingReadsPastTheMessagesThatNobodyReads() throws {
        try Fixture.with({ $0.undeliveredLimit = 10 }) { fixture in
            _ = fixture.core.makeInbox(takesUnclaimed: true)
            let message = "MESSAGE\nsubscription:x\nmessage-id:1\n\nx\0"
            fixture.serve(message)
            #expect(fixture.calls == ["reading off"])
            let left = Outcome(fixture.core.disconnect())
            #expect(fixture.calls == ["reading on", "DISCONNECT"])
            fixture.serve(message)
            #expect(fixture.calls == [])
            fixture.serve("\(message)RECEIPT\nreceipt-id:receipt-1\n\n\0")
            #expect(fixture.calls == ["close"])
            #expect(left.words == "confirmed")
        }
    }

    @Test func aServerThatTakesNothingIsGivenUp() throws {
        try Fixture.with { fixture in
            #expect(try fixture.core.writable() == nil)
            fixture.stream.state.withLockedValue { ($0.isWritable, $0.queuedBytes) = (false, 100) }
            let first = Outcome(try #require(try fixture.core.writable()))
            fixture.pass(.seconds(4))
            fixture.stream.state.withLockedValue { $0.queuedBytes = 99 }
            fixture.pass(.seconds(5))
            #expect(first.words == nil)
            fixture.pass(.seconds(1))
            #expect(first.words == "timed out")
            guard
                case .failed(.timedOut(.progress(queued: 99), within: .seconds(5)))? =
                    fixture.core.machine.closedReason
            else {
                Issue.record("\(fixture.failure as Any)")
                return
            }
        }
    }

    @Test func aWriterGoesOnWhenTheQueueIsTaken() throws {
        try Fixture.with { fixture in
            fixture.stream.state.withLockedValue { ($0.isWritable, $0.queuedBytes) = (false, 100) }
            let writer = Outcome(try #require(try fixture.core.writable()))
            fixture.core.writabilityChanged(false)
            #expect(writer.words == nil)
            fixture.core.writabilityChanged(true)
            #expect(writer.words == "done")
            fixture.pass(.hours(1))
            #expect(fixture.failure == nil)
        }
    }
}
