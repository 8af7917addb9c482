import NIOCore
import STOMPTransport
import SystemC
import Testing

@testable import STOMPTap

/// Each way a connection can end, without a socket and without a clock.
@Suite struct EndTableTests {
    private static let reset = IOError(errnoCode: ECONNRESET, reason: "read")

    /// An event on a connection.
    enum Step {
        /// This side closes its half, and in the next step the rest.
        case finishes(TapSide)
        case goes(TapSide)
        case breaks(TapSide)
        /// TLS ends without close_notify.
        case isCutOff(TapSide)
        case says(TapSide, String)
        case closes(TapSide, Int)
        case connects, cannotConnect, shutDown
        case wait(Int64)
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let ways: [VirtualSession.Way]
        let steps: [Step]
        /// How the tap closed its connection to each side.
        let app: VirtualTap.Closing
        let server: VirtualTap.Closing
        let ending: TapEnding?

        init(
            _ name: String, over ways: [VirtualSession.Way] = [.tcp, .ws], _ steps: [Step], app: VirtualTap.Closing,
            server: VirtualTap.Closing, _ ending: TapEnding?
        ) {
            (testDescription, self.ways, self.steps) = (name, ways, steps)
            (self.app, self.server, self.ending) = (app, server, ending)
        }
    }

    private static func broken(_ side: TapSide) -> TapEnding {
        let address = side == .app ? "app 1" : "server:61613"
        return .connectionBroken(by: side, .tcp(.connectionReset(by: address)))
    }

    static let rows: [Row] = [
        Row("the app's half", [.finishes(.app)], app: .no, server: .output, nil),
        Row("the server's half", [.finishes(.server)], app: .output, server: .no, nil),
        Row(
            "both halves, the app's first", [.finishes(.app), .finishes(.server)], app: .output, server: .output,
            .connectionClosed(by: .app)),
        Row(
            "both halves, the server's first", [.finishes(.server), .says(.app, "still here"), .finishes(.app)],
            app: .output, server: .output, .connectionClosed(by: .server)),
        Row("the app goes", [.goes(.app), .goes(.server)], app: .no, server: .output, .connectionClosed(by: .app)),
        Row(
            "the server goes", [.goes(.server), .goes(.app)], app: .output, server: .no, .connectionClosed(by: .server)),
        Row(
            "the app goes, and the server stays for a while", [.goes(.app), .wait(4999)], app: .no, server: .output, nil
        ),
        Row(
            "the app goes, and the server stays", [.goes(.app), .wait(5000)], app: .no, server: .all,
            .connectionClosed(by: .app)),
        Row(
            "the server goes, and the app stays", [.goes(.server), .wait(5000)], app: .all, server: .no,
            .connectionClosed(by: .server)),
        Row("a reset by the app", [.breaks(.app)], app: .no, server: .reset, broken(.app)),
        Row("a reset by the server", [.breaks(.server)], app: .reset, server: .no, broken(.server)),
        Row(
            "a server without close_notify", [.says(.server, "last words"), .isCutOff(.server)], app: .output,
            server: .no, nil),
        Row(
            "a server without close_notify, and then the app", [.isCutOff(.server), .goes(.app)], app: .output,
            server: .no, .connectionBroken(by: .server, .tls(.noCloseNotify))),
        Row(
            "a reset after the app's half", [.finishes(.app), .breaks(.server)], app: .reset, server: .output,
            .connectionClosed(by: .app)),
        Row(
            "a close frame of the app's", over: [.ws],
            [.closes(.app, 4001), .closes(.server, 4001), .goes(.server), .goes(.app)],
            app: .output, server: .no, .webSocketClosed(by: .app, WebSocketClose(code: 4001, reason: "bye"))),
        Row(
            "a close frame of the server's", over: [.ws], [.closes(.server, 1001), .closes(.app, 1001), .breaks(.app)],
            app: .no, server: .reset, .webSocketClosed(by: .server, WebSocketClose(code: 1001, reason: "bye"))),
        Row("the tap ends", [.shutDown], app: .all, server: .all, .tapEnded),
        Row(
            "the tap ends after the app", [.finishes(.app), .shutDown], app: .all, server: .all,
            .connectionClosed(by: .app)),
        Row(
            "an idle session", over: [.sockJS], [.goes(.app), .goes(.server), .wait(6000)], app: .no, server: .output,
            .noRequest(within: .seconds(6))),
        Row(
            "a session that the server closes", over: [.sockJS], [.closes(.server, 3000)], app: .no, server: .no,
            .sockJSClosed(code: 3000, reason: "bye")),
        Row(
            "a session that is not idle yet", over: [.sockJS], [.goes(.app), .goes(.server), .wait(5999)], app: .no,
            server: .output, nil),
    ]

    @Test(arguments: rows) func everyEndIsPassedOnAndReported(row: Row) {
        for way in row.ways {
            let session = VirtualSession(way)
            for step in row.steps { Self.perform(step, session) }
            let tap = session.tap
            #expect(tap.closing(.app) == row.app, "over \(way)")
            #expect(tap.closing(.server) == row.server, "over \(way)")
            #expect(tap.endings == (row.ending.map { [$0] } ?? []), "over \(way)")
            // No state is left for a connection that has ended.
            if row.ending != nil, way != .sockJS { #expect(tap.machine.isEmpty && tap.timers.isEmpty, "over \(way)") }
            #expect(tap.notes == [], "over \(way)")
        }
    }

    private static func perform(_ step: Step, _ session: VirtualSession) {
        let tap = session.tap
        switch step {
        case .finishes(let side): tap.finish(side)
        case .goes(let side): tap.go(side)
        case .breaks(let side): tap.go(side, reset)
        case .isCutOff(let side): tap.go(side, TransportError.tls(.noCloseNotify))
        case .says(let side, let text): session.say(text, side)
        case .closes(let side, let code) where session.way == .ws:
            tap.send(WebSocketDissector.close(code: code, reason: "bye", isMasked: side == .app), from: side)
        case .closes(let side, let code): tap.send("e\r\nc[\(code),\"bye\"]\n\r\n", from: side)
        case .connects: tap.connect()
        case .cannotConnect: tap.refuse()
        case .shutDown: tap.handle(.shutDown)
        case .wait(let time): tap.advance(by: .milliseconds(time))
        }
    }

    // MARK: - Before the server is connected

    struct EarlyRow: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let steps: [Step]
        let app: VirtualTap.Closing
        let server: VirtualTap.Closing
        /// What the server received.
        let received: String
        let endings: [TapEnding]
        let noteCount: Int
    }

    private static let early: [EarlyRow] = [
        EarlyRow(
            testDescription: "a refused connection", steps: [.says(.app, "x"), .cannotConnect], app: .reset,
            server: .no,
            received: "", endings: [.noConnectionToServer], noteCount: 1),
        EarlyRow(
            testDescription: "a late connection", steps: [.says(.app, "x"), .finishes(.app), .connects], app: .no,
            server: .output, received: "x", endings: [], noteCount: 0),
        EarlyRow(
            testDescription: "the app goes before it",
            steps: [.says(.app, "x"), .goes(.app), .connects, .goes(.server)],
            app: .no, server: .output, received: "x", endings: [.connectionClosed(by: .app)], noteCount: 0),
        EarlyRow(
            testDescription: "the app goes, and there is none", steps: [.goes(.app), .cannotConnect], app: .no,
            server: .no, received: "", endings: [.connectionClosed(by: .app)], noteCount: 1),
        EarlyRow(
            testDescription: "the app breaks, and it comes", steps: [.breaks(.app), .connects], app: .no,
            server: .reset, received: "", endings: [broken(.app)], noteCount: 0),
        EarlyRow(
            testDescription: "the tap ends before it", steps: [.shutDown, .connects], app: .all, server: .no,
            received: "", endings: [.tapEnded], noteCount: 0),
    ]

    @Test(arguments: early) func endsBeforeThereIsAServer(row: EarlyRow) {
        let tap = VirtualTap(.tcp)
        tap.accept()
        #expect(tap.ends[1]?.app.isReading == false)
        for step in row.steps {
            switch step {
            case .says(let side, let text): tap.send(text, from: side)
            case .finishes(let side): tap.finish(side)
            case .goes(let side): tap.go(side)
            case .breaks(let side): tap.go(side, Self.reset)
            case .connects: tap.connect()
            case .cannotConnect: tap.refuse()
            case .shutDown: tap.handle(.shutDown)
            case .closes, .isCutOff, .wait: break
            }
        }
        #expect(tap.closing(.app) == row.app && tap.closing(.server) == row.server)
        #expect(tap.received(.server) == row.received)
        #expect(tap.endings == row.endings)
        #expect(tap.notes.count == row.noteCount)
        #expect(tap.machine.isEmpty == !row.endings.isEmpty)
    }

    @Test func theNextServerIsTried() {
        let tap = VirtualTap(.tcp) { $0.servers.append($0.servers[0]) }
        tap.accept()
        tap.send("x", from: .app)
        tap.refuse()
        #expect(tap.connects.count == 1 && tap.notes.count == 1 && tap.closing(.app) == .no)
        tap.connect()
        #expect(tap.received(.server) == "x" && tap.ends[1]?.app.isReading == true)
        let other = VirtualTap(.tcp) { $0.servers.append($0.servers[0]) }
        other.accept()
        for _ in 0..<2 { other.refuse() }
        #expect(other.connects.isEmpty && other.notes.count == 2 && other.endings == [.noConnectionToServer])
    }

    /// Bytes that may be the start of a STOMP frame are passed on once, and reported at the end.
    @Test(arguments: [false, true]) func whatIsCutOffPassesOnce(isSifting: Bool) {
        let tap = VirtualTap(.tcp) { $0.faults.dropsHeartBeats = isSifting }
        tap.accept()
        tap.connect()
        tap.send("CONN", from: .app)
        #expect(tap.received(.server) == (isSifting ? "" : "CONN"))
        tap.finish(.app)
        #expect(tap.received(.server) == "CONN" && tap.closing(.server) == .output)
        #expect(tap.bytes(.outgoing) == "CONN")
    }

    // MARK: - Failures of HTTP

    struct Failure: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let app: String
        /// The server's answer; nil if it sends none.
        var server: String?
        /// The start of the answer that the app receives; nil if it receives none.
        let status: String?
        var note: TapNote?
    }

    @Test(arguments: [
        Failure(
            testDescription: "an app that speaks no HTTP", app: "SSH-2.0\r\n", status: "400", note: .notHTTP(from: .app)
        ),
        Failure(
            testDescription: "an endless head", app: "GET / HTTP/1.1\r\na:" + String(repeating: "b", count: 100_000),
            status: "431", note: .headTooLarge(from: .app)),
        Failure(
            testDescription: "another host", app: "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", status: "421",
            note: nil),
        Failure(testDescription: "no server", app: "GET / HTTP/1.1\r\n\r\n", status: "502", note: nil),
        Failure(
            testDescription: "a server that speaks no HTTP", app: "GET / HTTP/1.1\r\n\r\n", server: "SSH-2.0\r\n",
            status: "502", note: .notHTTP(from: .server)),
        Failure(
            testDescription: "an answer's endless head", app: "GET / HTTP/1.1\r\n\r\n",
            server: "HTTP/1.1 200 OK\r\na:" + String(repeating: "b", count: 100_000), status: "502",
            note: .headTooLarge(from: .server)),
        Failure(
            testDescription: "a body that goes wrong", app: "GET / HTTP/1.1\r\n\r\n",
            server: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", status: nil,
            note: .notHTTP(from: .server)),
        Failure(
            testDescription: "a refusal after a request",
            app: "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: evil\r\n\r\n",
            status: nil, note: nil),
    ]) func failuresAreAnsweredOrBreakOff(failure: Failure) {
        let tap = VirtualTap(.webSocket(requestTarget: "/"))
        tap.accept()
        tap.send(failure.app, from: .app)
        if let answer = failure.server {
            tap.connect()
            tap.send(answer, from: .server)
        } else {
            tap.refuse()
        }
        if let status = failure.status {
            #expect(tap.received(.app).hasPrefix("HTTP/1.1 \(status) "))
            #expect(tap.closing(.app) == .output)
            // The tap keeps reading so that the answer arrives, and closes the connection in the end.
            #expect(tap.ends[1]?.app.isReading == true)
            tap.advance(by: .seconds(5))
            #expect(tap.closing(.app) == .all)
        } else {
            #expect(tap.closing(.app) == .reset)
        }
        if failure.server != nil { #expect(tap.closing(.server) != .no) }
        if let note = failure.note { #expect(tap.notes == [note]) }
        #expect(tap.machine.isEmpty && tap.timers.isEmpty)
    }

    /// The same limit as in `serve`; further pieces do not restart it.
    @Test(arguments: [["GET"], ["GET / HTTP/1.1\r\nHo"], ["GET / ", "HTTP/1.1\r\n", "a: b\r\n"]])
    func anIncompleteHeadTimesOut(pieces: [String]) {
        let tap = VirtualTap(.webSocket(requestTarget: "/"))
        tap.accept()
        tap.advance(by: .seconds(60))
        #expect(tap.closing(.app) == .no, "nothing was begun")
        for piece in pieces {
            tap.send(piece, from: .app)
            tap.advance(by: .seconds(3))
        }
        tap.advance(by: .milliseconds(9999 - 3000 * Int64(pieces.count)))
        #expect(tap.closing(.app) == .no)
        tap.advance(by: .milliseconds(1))
        #expect(tap.closing(.app) == .all)
        #expect(tap.notes == [.unfinishedHead(within: .seconds(10))])
        #expect(tap.machine.isEmpty && tap.timers.isEmpty)
    }

    @Test func aHeadThatIsWholeInTimeHasNoTimer() {
        let tap = VirtualTap(.webSocket(requestTarget: "/"))
        tap.accept()
        tap.send("GET / HTTP/1.1\r\n", from: .app)
        #expect(tap.timers.keys.contains(.head(1)))
        tap.advance(by: .seconds(9))
        tap.send("\r\n", from: .app)
        #expect(!tap.timers.keys.contains(.head(1)))
        tap.connect()
        // The answer may take long, and so may the next request.
        tap.advance(by: .seconds(60))
        tap.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", from: .server)
        tap.advance(by: .seconds(60))
        #expect(tap.closing(.app) == .no)
    }
}
