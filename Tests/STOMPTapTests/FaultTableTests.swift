import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPTap

/// Each fault over each transport, without a socket and without a clock.
@Suite struct FaultTableTests {
    private static let connect = "CONNECT\naccept-version:1.2\n\n\0"
    private static let connected = "CONNECTED\nversion:1.2\n\n\0"
    private static func sends(_ body: String) -> String { "SEND\ndestination:/a\n\n\(body)\0" }
    private static func message(_ body: String) -> String { "MESSAGE\ndestination:/b\n\n\(body)\0" }

    /// An event, or an expectation about the result so far.
    enum Step {
        case app(String)
        case server(String)
        /// This many milliseconds pass.
        case wait(Int64)
        /// By now this side has received exactly this text.
        case heard(TapSide, String)
        /// By now both ends of each relay are closed, or none is.
        case closed(Bool)
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var ways = VirtualSession.Way.allCases
        let faults: TapFaults
        let steps: [Step]
        var told: [TapFault] = []

        init(
            _ name: String, over ways: [VirtualSession.Way] = VirtualSession.Way.allCases, told: [TapFault] = [],
            _ shape: (inout TapFaults) -> Void, _ steps: [Step]
        ) {
            var faults = TapFaults()
            shape(&faults)
            (testDescription, self.ways, self.faults, self.steps, self.told) = (name, ways, faults, steps, told)
        }
    }

    private static let opening: [Step] = [
        .app(connect), .heard(.server, connect), .server(connected), .heard(.app, connected),
    ]

    static let rows: [Row] = [
        Row(
            "none", { _ in },
            opening + [
                .app(sends("a")), .server(message("b")), .server("\n"), .heard(.server, connect + sends("a")),
                .heard(.app, connected + message("b") + "\n"), .closed(false),
            ]),
        Row(
            "a delay", told: [.slowed(delay: .milliseconds(200), jitter: .zero, rate: nil)],
            { $0.delay = .milliseconds(200) },
            [
                .server("x"), .wait(199), .heard(.app, ""), .server("y"), .wait(1), .heard(.app, "x"), .wait(198),
                .heard(.app, "x"), .wait(1), .heard(.app, "xy"), .closed(false),
            ]),
        Row(
            "a delay, and the app's way", over: [.tcp, .ws],
            told: [.slowed(delay: .milliseconds(200), jitter: .zero, rate: nil)], { $0.delay = .milliseconds(200) },
            [.app("x"), .wait(199), .heard(.server, ""), .wait(1), .heard(.server, "x")]),
        Row(
            "jitter", told: [.slowed(delay: .milliseconds(100), jitter: .milliseconds(50), rate: nil)],
            {
                $0.delay = .milliseconds(100)
                $0.jitter = .milliseconds(50)
            },
            [.server("x"), .server("y"), .wait(99), .heard(.app, ""), .wait(51), .heard(.app, "xy")]),
        Row(
            "a rate", over: [.tcp], told: [.slowed(delay: .zero, jitter: .zero, rate: 1000)], { $0.rate = 1000 },
            [
                .server(String(repeating: "x", count: 130)), .heard(.app, ""), .wait(63), .heard(.app, ""), .wait(1),
                .heard(.app, String(repeating: "x", count: 64)), .wait(64),
                .heard(.app, String(repeating: "x", count: 128)), .wait(2),
                .heard(.app, String(repeating: "x", count: 130)),
            ]),
        Row(
            "frames are dropped",
            told: [
                .droppedFrame(.send, destination: "/a", bodySize: 4),
                .droppedFrame(.message, destination: "/b", bodySize: 4),
            ], { $0.dropsMessage = { String(buffer: $0.body) == "lost" } },
            opening + [
                .app(sends("lost")), .app(sends("kept")), .heard(.server, connect + sends("kept")),
                .server(message("lost")), .server(message("kept")), .heard(.app, connected + message("kept")),
                .closed(false),
            ]),
        Row(
            "heart-beats are dropped", told: [.droppedHeartBeat, .droppedHeartBeat], { $0.dropsHeartBeats = true },
            opening + [
                .server("\n"), .server(message("a")), .app("\n"), .app(sends("b")),
                .heard(.app, connected + message("a")), .heard(.server, connect + sends("b")),
            ]),
        Row(
            "closed after frames", told: [.closed(code: nil)], { $0.closing = .frames(3) },
            opening + [
                .closed(false), .server(message("last")), .heard(.app, connected + message("last")), .closed(true),
            ]),
        Row(
            "closed after frames of which a read brings more", over: [.tcp, .ws], told: [.closed(code: nil)],
            { $0.closing = .frames(3) },
            opening + [
                .server(message("last") + message("lost")), .heard(.app, connected + message("last")), .closed(true),
            ]),
        Row(
            "closed after frames that the app sends", over: [.tcp, .ws], told: [.closed(code: nil)],
            { $0.closing = .frames(3) },
            opening + [.app(sends("last") + sends("lost")), .heard(.server, connect + sends("last")), .closed(true)]),
        Row(
            "closed after frames that are held",
            told: [.slowed(delay: .milliseconds(100), jitter: .zero, rate: nil), .closed(code: nil)],
            {
                $0.closing = .frames(1)
                $0.delay = .milliseconds(100)
            },
            [
                .server(message("last")), .heard(.app, ""), .closed(false), .wait(99), .heard(.app, ""),
                .wait(1), .heard(.app, message("last")), .closed(true),
            ]),
        Row(
            "closed with a code", over: [.ws], told: [.closed(code: 3042)],
            {
                $0.closing = .frames(2)
                $0.closeCode = 3042
            },
            [
                .app(connect), .server(connected), .heard(.app, connected + "[3042]"),
                .heard(.server, connect + "[3042]"),
            ]
        ),
        Row(
            "closed with a code in an answer", over: [.sockJS], told: [.closed(code: 3042)],
            {
                $0.closing = .frames(2)
                $0.closeCode = 3042
            }, [.app(connect), .server(connected), .heard(.app, connected + "[3042]"), .heard(.server, connect)]),
        Row(
            "closed after a time", told: [.closed(code: nil)],
            {
                $0.closing = .time(.seconds(20))
                $0.freezing = .seconds(60)
            },
            opening + [
                .wait(19_999), .closed(false), .wait(1), .closed(true), .wait(60_000),
            ]),
        Row(
            "closed after a time with a code", over: [.ws], told: [.closed(code: 1001)],
            {
                $0.closing = .time(.seconds(20))
                $0.closeCode = 1001
            },
            opening + [.wait(20_000), .heard(.app, connected + "[1001]"), .heard(.server, connect + "[1001]")]),
        Row(
            "frozen", told: [.frozen], { $0.freezing = .seconds(60) },
            opening + [
                .wait(59_999), .server(message("a")), .heard(.app, connected + message("a")), .wait(1),
                .server(message("b")), .wait(600_000), .heard(.app, connected + message("a")), .closed(false),
            ]),
        Row(
            "frozen, and then closed", told: [.frozen, .closed(code: nil)],
            {
                $0.freezing = .seconds(10)
                $0.closing = .time(.seconds(20))
            },
            // The close is held back like everything else.
            opening + [.wait(10_000), .server(message("a")), .wait(60_000), .heard(.app, connected), .closed(false)]),
    ]

    @Test(arguments: rows) func everyFaultStrikes(row: Row) throws {
        for way in row.ways {
            let session = VirtualSession(way, row.faults)
            for (number, step) in row.steps.enumerated() {
                let place: Comment = "step \(number + 1) over \(way): \(session.tap.told)"
                switch step {
                case .app(let text): session.say(text, .app)
                case .server(let text): session.say(text, .server)
                case .wait(let time): session.tap.advance(by: .milliseconds(time))
                case .heard(let side, let text): #expect(try session.heard(side) == text, place)
                case .closed(let isClosed):
                    let closings = session.tap.ends.values.flatMap { [$0.app.closing, $0.server.closing] }
                    // In a SockJS session only the relay that carries it is closed.
                    let relevant = way == .sockJS ? Array(closings.filter { $0 != .no }.prefix(1)) : closings
                    #expect(relevant.isEmpty != isClosed || relevant.contains { ($0 != .no) == isClosed }, place)
                    if way != .sockJS { #expect(closings.allSatisfy { ($0 != .no) == isClosed }, place) }
                }
            }
            #expect(session.tap.faults == row.told, "over \(way)")
            #expect(session.tap.notes == [], "over \(way)")
            #expect(!session.tap.leftUnsent, "over \(way)")
        }
    }

    /// The tap stops reading from both ends of a frozen session, and from those of its later requests.
    @Test func nothingIsReadFromWhatIsFrozen() {
        var faults = TapFaults()
        faults.freezing = .seconds(1)
        for way in VirtualSession.Way.allCases {
            let session = VirtualSession(way, faults)
            #expect(session.tap.ends[1]?.app.isReading == true && session.tap.ends[1]?.server.isReading == true)
            session.tap.advance(by: .seconds(1))
            #expect(session.tap.ends[1]?.app.isReading == false && session.tap.ends[1]?.server.isReading == false)
            guard way == .sockJS else { continue }
            #expect(session.tap.ends[2]?.app.isReading == true)
            session.tap.send("POST /ws/000/aaa/xhr_send HTTP/1.1\r\nContent-Length: 0\r\n\r\n", from: .app, of: 2)
            #expect(session.tap.ends[2]?.app.isReading == false)
        }
    }

    @Test func aRefusedConnectionIsReset() {
        let tap = VirtualTap(.tcp) { $0.faults.refusal = 1 }
        tap.accept()
        #expect(tap.closing(.app) == .reset && tap.faults == [.connectionRefused] && tap.connects.isEmpty)
        #expect(tap.openings == [] && tap.machine.isEmpty)
    }

    /// The last answer is delayed as long as everything else.
    @Test func anEndWaitsForWhatIsHeld() {
        let tap = VirtualTap(.webSocket(requestTarget: "/")) { $0.faults.delay = .milliseconds(5500) }
        tap.accept()
        tap.send("GET / HTTP/1.1\r\n\r\n", from: .app)
        tap.refuse()
        tap.advance(by: .milliseconds(5499))
        #expect(tap.received(.app) == "" && tap.closing(.app) == .no)
        tap.advance(by: .milliseconds(1))
        #expect(tap.received(.app).hasPrefix("HTTP/1.1 502 Bad Gateway\r\n") && tap.closing(.app) == .output)
    }

    /// All relays of a session are closed, and the tap itself answers the session's next request.
    @Test(arguments: [nil, 3042]) func aClosedSessionIsClosedEverywhere(code: Int?) throws {
        var faults = TapFaults()
        faults.closing = .frames(1)
        faults.closeCode = code
        let session = VirtualSession(.sockJS, faults)
        session.say(Self.connect, .app)
        #expect(session.tap.closing(.app) != .no && session.tap.closing(.server) != .no)
        #expect(try session.heard(.app) == (code == nil ? "" : "[3042]"))
        #expect(session.tap.endings == [])
        let third = session.tap.accept()
        session.tap.send("POST /ws/000/aaa/xhr HTTP/1.1\r\n\r\n", from: .app, of: third)
        let expected = code == nil ? "The tap has closed this session\n" : "c[3042,\"closed by stomptap\"]\n"
        #expect(session.tap.received(.app, of: third).hasSuffix("\r\n\r\n" + expected))
        #expect(session.tap.closing(.app, of: third) == .output)
        session.tap.advance(by: .seconds(12))
        #expect(session.tap.endings == [.closedByTap])
    }
}
