import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPTap

/// Frames whose end is missing, through a tap without sockets and without a clock.
@Suite struct UnfinishedFrameTests {
    private static let connect = "CONNECT\naccept-version:1.2\n\n\0"
    private static let chopped = "SEND\ndestination:/app/a\n\nkimchi"

    private static func session(_ way: VirtualSession.Way, isSifting: Bool = false) -> VirtualSession {
        var faults = TapFaults()
        if isSifting { faults.dropsMessage = { _ in false } }
        let session = VirtualSession(way, faults)
        session.say(connect, .app)
        return session
    }

    private static func unfinished(_ tap: VirtualTap) -> [String] {
        tap.all.compactMap { event in
            guard case .unfinished(_, _, _, let bytes) = event.content else { return nil }
            return "\(event.direction) " + String(buffer: bytes)
        }
    }

    @Test(arguments: [VirtualSession.Way.ws, .sockJS], [false, true])
    func aFrameIsReportedAfterASecond(way: VirtualSession.Way, isSifting: Bool) throws {
        let session = Self.session(way, isSifting: isSifting)
        session.say(Self.chopped, .app)
        session.tap.advance(by: .milliseconds(999))
        #expect(Self.unfinished(session.tap) == [])
        session.tap.advance(by: .milliseconds(1))
        #expect(Self.unfinished(session.tap) == ["outgoing " + Self.chopped])
        let frame = UnfinishedFrame(bytes: 31, command: .send, bodyBytes: 6)
        #expect(session.tap.notes == [.unfinishedFrame(frame, destination: "/app/a", .missingNUL)])
        // A SockJS request was already answered, so its data waits for the next one.
        if way == .ws { #expect(try session.heard(.server) == Self.connect + Self.chopped) }
        session.say(Self.connect, .app)
        #expect(try session.heard(.server) == Self.connect + Self.chopped + Self.connect)
        session.tap.advance(by: .seconds(3))
        #expect(Self.unfinished(session.tap).count == 1 && session.tap.notes.count == 1)
        #expect(!session.tap.leftUnsent)
    }

    @Test func piecesThatComeInTimeAreOneFrame() {
        let session = Self.session(.ws)
        for piece in ["SEND\n\n", "a", "b", "c"] {
            session.say(piece, .app)
            session.tap.advance(by: .milliseconds(700))
        }
        #expect(Self.unfinished(session.tap) == [])
        session.say("\0", .app)
        session.tap.advance(by: .seconds(10))
        #expect(Self.unfinished(session.tap) == [] && session.tap.notes == [])
        #expect(session.tap.frames(.outgoing) == [Self.connect, "SEND\n\nabc\0"])
    }

    /// With faults, the held start of a frame on a stream is passed on too, and its rest after it.
    @Test func theBeginningOfAFrameOfAStreamPasses() throws {
        let session = Self.session(.tcp, isSifting: true)
        session.say(Self.chopped, .app)
        session.tap.advance(by: .milliseconds(4999))
        #expect(try session.heard(.server) == Self.connect)
        session.tap.advance(by: .milliseconds(1))
        #expect(try session.heard(.server) == Self.connect + Self.chopped)
        session.say(" jjigae\0" + Self.connect, .app)
        #expect(try session.heard(.server) == Self.connect + Self.chopped + " jjigae\0" + Self.connect)
        #expect(session.tap.frames(.outgoing) == [Self.connect, Self.chopped + " jjigae\0", Self.connect])
        #expect(!session.tap.leftUnsent)
    }

    /// A fault cannot drop a frame that was partly passed on, and this is reported.
    @Test func whatHasPassedInPartIsNotDropped() throws {
        var faults = TapFaults()
        faults.dropsMessage = { _ in true }
        let session = VirtualSession(.tcp, faults)
        session.say(Self.connect + Self.chopped, .app)
        session.tap.advance(by: .milliseconds(5000))
        session.say(" jjigae\0" + Self.chopped + " jjigae\0", .app)
        #expect(try session.heard(.server) == Self.connect + Self.chopped + " jjigae\0")
        #expect(session.tap.notes.last == .tooLateToDrop && session.tap.notes.count == 2)
        let faultsTold = session.tap.all.compactMap { if case .fault(let fault) = $0.content { fault } else { nil } }
        #expect(faultsTold == [.droppedFrame(.send, destination: "/app/a", bodySize: 13)])
    }

    @Test func aStreamIsReportedWhenItEnds() {
        let session = Self.session(.tcp)
        session.say(Self.chopped, .app)
        session.tap.advance(by: .milliseconds(4999))
        #expect(session.tap.notes == [])
        session.tap.advance(by: .milliseconds(1))
        #expect(session.tap.notes.count == 1 && Self.unfinished(session.tap) == [])
        session.tap.finish(.app)
        #expect(session.tap.notes.count == 1 && Self.unfinished(session.tap) == ["outgoing " + Self.chopped])
    }

    @Test(arguments: VirtualSession.Way.allCases, [false, true])
    func aFrameIsReportedBeforeTheEnd(way: VirtualSession.Way, isSifting: Bool) throws {
        let session = Self.session(way, isSifting: isSifting)
        session.say(Self.chopped, .app)
        session.say("CONNECTED\nversion:1.2\n", .server)
        session.tap.handle(.shutDown)
        session.tap.handle(.sessionsEnd)
        #expect(
            Self.unfinished(session.tap).sorted() == [
                "incoming CONNECTED\nversion:1.2\n", "outgoing " + Self.chopped,
            ])
        guard case .ended? = session.tap.all.last?.content else { throw Unended() }
        #expect(session.tap.timers.isEmpty)
    }

    private struct Unended: Error {}

    /// An app that closes the WebSocket sends nothing more.
    @Test(arguments: [false, true]) func whatIsHeldPassesBeforeTheClose(isSifting: Bool) throws {
        let session = Self.session(.ws, isSifting: isSifting)
        session.say(Self.chopped, .app)
        session.tap.send(WebSocketDissector.close(code: 1000, reason: "", isMasked: true), from: .app)
        #expect(try session.heard(.server) == Self.connect + Self.chopped + "[1000]")
        #expect(Self.unfinished(session.tap) == ["outgoing " + Self.chopped])
        let other = Self.session(.ws, isSifting: isSifting)
        other.say(Self.chopped, .app)
        other.tap.finish(.app)
        #expect(try other.heard(.server) == Self.connect + Self.chopped)
        #expect(Self.unfinished(other.tap) == ["outgoing " + Self.chopped])
    }
}
