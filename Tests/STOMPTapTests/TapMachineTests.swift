import NIOCore
import STOMPTransport
import Testing

@testable import STOMPTap

/// What passes through a tap, and what it reports, without a socket and without a clock.
@Suite struct TapMachineTests {
    // MARK: - Every split gives the same result

    /// What both sides send, with one scalar per byte.
    struct Talk: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let kind: TransportTarget.Kind
        var faults = TapFaults()
        let app: String
        let server: String
    }

    private static let webSocket = TransportTarget.Kind.webSocket(requestTarget: "/")

    private static func dropping() -> TapFaults {
        var faults = TapFaults()
        faults.dropsMessage = { String(buffer: $0.body) == "lost" }
        return faults
    }

    private static func message(_ text: String, from side: TapSide = .server) -> String {
        let message = WebSocketDissector.message(ByteBuffer(string: text), isText: true, isMasked: side == .app)
        return String(latin1: message.readableBytesView)
    }

    private static let stream = "CONNECTED\nversion:1.2\n\n\0\nMESSAGE\nid:1\n\nlost\0MESSAGE\nid:2\n\nkept\0\r\n"
    private static let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    static let talks: [Talk] = [
        Talk(
            testDescription: "STOMP", kind: .tcp, app: "CONNECT\n\n\0SEND\ndestination:/a\n\nx\0\n", server: stream),
        Talk(
            testDescription: "STOMP of which frames are dropped", kind: .tcp, faults: dropping(),
            app: "CONNECT\n\n\0SEND\ndestination:/a\n\nlost\0\n", server: stream),
        Talk(testDescription: "no STOMP", kind: .tcp, app: "EHLO a\r\n", server: "250 b\r\n"),
        Talk(
            testDescription: "HTTP", kind: webSocket,
            app: "POST / HTTP/1.1\r\nX:y\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\n\r\n",
            server: "HTTP/1.1 100 \r\n\r\n" + chunked + "3;x\r\nabc\r\n0\r\nt: 1\r\n\r\nHTTP/1.1 204 \r\n\r\n"),
        Talk(
            testDescription: "a WebSocket", kind: webSocket,
            app: Between.upgrade(host: "localhost") + message("CONNECT\n\n\0", from: .app),
            server: Between.switching() + message("CONNECTED\nversion:1.2\n\n\0") + message("MESSAGE\n\nx\0")),
        Talk(
            testDescription: "a WebSocket of which frames are dropped", kind: webSocket, faults: dropping(),
            app: Between.upgrade(host: "localhost") + message("CONNECT\n\n\0", from: .app),
            server: Between.switching() + message("\n") + message(stream)),
        Talk(
            testDescription: "a SockJS session", kind: webSocket, app: "POST /ws/0/a/xhr_streaming HTTP/1.1\r\n\r\n",
            server: chunked + "2\r\no\n\r\n8\r\na[\"hey\"]\r\n1\r\n\n\r\n"),
        Talk(
            testDescription: "a SockJS session of which frames are dropped", kind: webSocket, faults: dropping(),
            app: "POST /ws/0/a/xhr_streaming HTTP/1.1\r\n\r\n",
            server: chunked + "2\r\no\n\r\n8\r\na[\"hey\"]\r\n1\r\n\n\r\n5\r\na[]\n\n\r\n0\r\n\r\n"),
    ]

    /// - Parameter split: the position at which the data of each side is cut in two; nil for byte by byte.
    private static func result(_ talk: Talk, splitAt split: Int?) -> (tap: VirtualTap, app: String, server: String) {
        let tap = VirtualTap(talk.kind) {
            $0.faults = talk.faults
            $0.reportsLayers = true
        }
        tap.accept()
        func send(_ text: String, _ side: TapSide) {
            let bytes = Array(text.latin1Bytes)
            let pieces =
                split.map { [bytes[..<min($0, bytes.count)], bytes[min($0, bytes.count)...]] }
                ?? bytes.indices.map { bytes[$0...$0] }
            for piece in pieces where !piece.isEmpty {
                tap.send(ByteBuffer(bytes: piece), from: side)
                while !tap.connects.isEmpty { tap.connect() }
            }
        }
        while !tap.connects.isEmpty { tap.connect() }
        send(talk.app, .app)
        send(talk.server, .server)
        func received(_ side: TapSide) -> String {
            let text = String(latin1: (tap.ends[1]?[side].received ?? ByteBuffer()).readableBytesView)
            // Line ends between frames have no meaning, and may be dropped with the frame before them.
            return talk.faults.needsSifting && talk.kind == .tcp ? text.replacing(/\0[\r\n]+/, with: "\0") : text
        }
        // Messages that a client sends are masked again, with a new key.
        let isMasked = talk.faults.needsSifting && talk.app.contains("Upgrade")
        return (tap, received(.app), isMasked ? "\(received(.server).count)" : received(.server))
    }

    /// What the tap reports, without heart-beats and raw bytes: their events depend on the split.
    private static func told(_ tap: VirtualTap) -> [String] {
        tap.told.filter { !$0.contains(" tcp ") && !$0.contains("observed heart beat") }
    }

    @Test(arguments: talks) func everySplitGivesTheSame(talk: Talk) {
        let whole = Self.result(talk, splitAt: 0)
        #expect(whole.tap.notes == [])
        if !talk.faults.needsSifting {
            #expect(whole.app == talk.server)
            #expect(whole.server == talk.app.replacing("localhost", with: "server:61613"))
        } else {
            #expect(!whole.app.contains("lost") && !whole.server.contains("lost"))
        }
        let count = max(talk.app.latin1Bytes.count, talk.server.latin1Bytes.count)
        for split in Array(0...count).map(Optional.some) + [nil] {
            let cut = Self.result(talk, splitAt: split)
            // If the tap writes its own chunks, their sizes depend on the split.
            if talk.faults.needsSifting, talk.app.contains("xhr") {
                #expect(Self.body(cut.app) == Self.body(whole.app), "split at \(split as Any)")
            } else {
                #expect(cut.app == whole.app, "split at \(split as Any)")
            }
            #expect(cut.server == whole.server, "split at \(split as Any)")
            #expect(Self.told(cut.tap) == Self.told(whole.tap), "split at \(split as Any)")
            #expect(!cut.tap.leftUnsent)
        }
    }

    private static func body(_ answer: String) -> String {
        var reader = HTTPReader(.responses)
        reader.expectAnswer(to: .POST)
        reader.append(ByteBuffer(string: answer))
        var body = ""
        while let element = try? reader.next() { if case .body(let bytes) = element { body += String(buffer: bytes) } }
        return body
    }

    // MARK: - Back-pressure

    @Test(arguments: [TapSide.app, .server]) func anEndIsReadAtThePaceOfTheOther(side: TapSide) {
        for way in [VirtualSession.Way.tcp, .ws] {
            let tap = VirtualSession(way).tap
            #expect(tap.ends[1]?[side].isReading == true)
            tap.happen(.writable(false), side.other)
            #expect(tap.ends[1]?[side].isReading == false && tap.ends[1]?[side.other].isReading == true)
            tap.happen(.writable(true), side.other)
            #expect(tap.ends[1]?[side].isReading == true)
        }
    }

    /// The data held back by a fault is bounded.
    @Test func whatIsHeldIsBounded() {
        let tap = VirtualTap(.tcp) { $0.faults.delay = .hours(1) }
        tap.accept()
        tap.connect()
        var count = 0
        while tap.ends[1]?.server.isReading == true, count < 1000 {
            tap.send(ByteBuffer(repeating: 0x78, count: 1 << 16), from: .server)
            count += 1
        }
        #expect((20...32).contains(count))
        tap.advance(by: .hours(1))
        #expect(tap.ends[1]?.server.isReading == true)
        #expect(tap.ends[1]?.app.received.readableBytes == count << 16)
    }

    @Test func requestsWithoutAnswersAreBounded() {
        let tap = VirtualTap(Self.webSocket)
        tap.accept()
        let request = "GET / HTTP/1.1\r\n\r\n"
        tap.send(request, from: .app)
        #expect(tap.ends[1]?.app.isReading == false)
        tap.connect()
        #expect(tap.ends[1]?.app.isReading == true)
        tap.send(String(repeating: request, count: 999), from: .app)
        #expect(tap.ends[1]?.app.isReading == false)
        tap.send("HTTP/1.1 204 \r\n\r\n", from: .server)
        #expect(tap.ends[1]?.app.isReading == true)
    }

    // MARK: - Order

    private static let get = "GET / HTTP/1.1\r\n\r\n"

    /// The app must not read an answer of the tap itself as the answer to an earlier request.
    @Test(arguments: [get + "nonsense\r\n\r\n", get + get + "nonsense\r\n\r\n"])
    func anAnswerOfTheTapNeverComesFirst(requests: String) {
        let tap = VirtualTap(Self.webSocket)
        tap.accept()
        tap.send(Self.get, from: .app)
        tap.connect()
        tap.send(requests, from: .app)
        #expect(tap.received(.app) == "")
        #expect(tap.closing(.app) == .reset)
    }

    /// The tap may answer a request while its body is arriving, but not once the server has answered it.
    @Test(arguments: [false, true]) func aRequestIsAnsweredOnce(isAnsweredEarly: Bool) {
        let tap = VirtualTap(Self.webSocket)
        tap.accept()
        tap.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", from: .app)
        tap.connect()
        let answer = "HTTP/1.1 413 \r\nContent-Length: 0\r\n\r\n"
        if isAnsweredEarly { tap.send(answer, from: .server) }
        tap.send("nonsense\r\n", from: .app)
        if isAnsweredEarly {
            #expect(tap.received(.app) == answer)
        } else {
            #expect(tap.received(.app).hasPrefix("HTTP/1.1 400 "))
        }
    }

    /// An app asks for another protocol, sends more and closes its half: the close must come after what it sent.
    @Test func theEndDoesNotOvertakeWhatWaits() {
        let tap = VirtualTap(Self.webSocket)
        tap.accept()
        tap.send(Between.upgrade(host: "localhost") + Self.get, from: .app)
        tap.connect()
        tap.finish(.app)
        #expect(tap.closing(.server) == .no)
        tap.send("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", from: .server)
        #expect(tap.received(.server).hasSuffix("\r\n\r\nGET / HTTP/1.1\r\n\r\n"))
        #expect(tap.closing(.server) == .output)
    }

    @Test func theEndDoesNotOvertakeTheFirstBytesOfAnotherProtocol() {
        let tap = VirtualTap(Self.webSocket)
        tap.accept()
        tap.send(Between.upgrade(host: "localhost") + Self.message("CONNECT\n\n\0", from: .app), from: .app)
        tap.connect()
        tap.finish(.app)
        #expect(tap.closing(.server) == .no)
        let before = tap.received(.server).count
        tap.send(Between.switching(), from: .server)
        #expect(tap.ends[1]?.server.received.readableBytes ?? 0 > before)
        #expect(tap.closing(.server) == .output)
    }

    /// A frozen session is not closed, whichever timer was about to close it.
    @Test func aTimerDoesNotCloseWhatIsFrozen() {
        var faults = TapFaults()
        faults.freezing = .seconds(3)
        let tap = VirtualSession(.tcp, faults).tap
        tap.advance(by: .seconds(1))
        tap.go(.app)
        tap.advance(by: .seconds(60))
        #expect(tap.closing(.server) == .output)
    }

    // MARK: - Sessions

    private static func poll(_ session: String) -> String { "POST /0/\(session)/xhr HTTP/1.1\r\n\r\n" }

    @Test func sessionsAreLimited() throws {
        var context = TapContext(TapConfiguration(host: "", port: 0, targets: []))
        func session(_ number: Int) throws -> Int? {
            let path = try #require(SockJSPath(requestTarget: "/0/\(number)/xhr"))
            return context.session(of: path, app: "", isReceiving: true)
        }
        for number in 0..<TapContext.largestSessionCount { #expect(try session(number) == number + 1) }
        #expect(try session(-1) == nil)
        #expect(try session(0) == 1)
        // A session that ends is still known, and makes room for another.
        context.endSession(1, .over)
        #expect(try session(0) == 1)
        #expect(try session(-1) != nil)
        #expect(try session(-2) == nil)
        #expect(context.sessions.count == TapContext.largestSessionCount)
    }

    /// A session ends after some time without a request. One with requests does not end, however short they are.
    @Test func sessionsWithoutRequestsEnd() {
        let tap = VirtualTap(Self.webSocket)
        tap.accept()
        for _ in 0..<20 {
            tap.send(Self.poll("a"), from: .app)
            tap.connect()
            tap.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no\n", from: .server)
            tap.advance(by: .seconds(5))
            #expect(tap.endings == [])
        }
        tap.advance(by: .seconds(2))
        #expect(tap.endings == [.noRequest(within: .seconds(6))])
        #expect(tap.machine.context.sessions.isEmpty && tap.machine.context.numbers.isEmpty)
        tap.send(Self.poll("a"), from: .app)
        #expect(tap.all.last?.connection == 2)
    }

    @Test func nothingIsLeftOfWhatIsOver() {
        for way in VirtualSession.Way.allCases {
            var faults = TapFaults()
            faults.freezing = .hours(1)
            faults.closing = .time(.hours(1))
            let tap = VirtualSession(way, faults).tap
            tap.handle(.shutDown)
            #expect(tap.machine.isEmpty)
            tap.handle(.sessionsEnd)
            #expect(tap.endings == [.tapEnded])
            #expect(tap.machine.context.sessions.isEmpty && tap.timers.isEmpty, "\(tap.timers)")
        }
    }
}
