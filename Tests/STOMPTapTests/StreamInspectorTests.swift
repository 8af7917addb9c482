import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPTap

@Suite struct StreamInspectorTests {
    private static let connect = "CONNECT\naccept-version:1.2\nhost:h\n\n\0"
    private static let send = "SEND\ndestination:/a\n\nhi\0"
    private static let subscribe = "SUBSCRIBE\nid:0\ndestination:/b\n\n\0"
    private static let connected = "CONNECTED\nversion:1.2\n\n\0"
    private static let message = "MESSAGE\nmessage-id:1\nsubscription:0\ndestination:/b\nx:a\\cb\n\nho\0"

    /// What was seen, a word each, and what passed.
    private struct Seen: Equatable {
        var words: [String] = []
        var passed: [String] = []

        mutating func add(_ outcome: FrameFilter.Outcome) {
            words += outcome.seen.map { content in
                switch content {
                case .frame(let frame): frame.command.rawValue
                case .wire(_, .observedHeartBeat, _): "beat"
                case .wire(_, .message(let isText, _), let bytes?):
                    "\(isText ? "text" : "binary"):\(String(buffer: bytes))"
                case .wire(_, .bytes, let bytes?): "octets:\(String(buffer: bytes))"
                case .fault(let fault): "fault:\(plainWords(of: fault))"
                case .note(let note): "note:\(plainWords(of: note))"
                default: "other"
                }
            }
            passed += outcome.passed.map { String(buffer: $0) }
        }
    }

    private static func inspector(_ faults: TapFaults = TapFaults(), keepsMessages: Bool = false) -> StreamInspector {
        StreamInspector(limits: FrameLimits(), keepsMessages: keepsMessages, faults: faults)
    }

    private static func take(
        _ pieces: [String], _ direction: WireEvent.Direction = .outgoing, in inspector: inout StreamInspector
    ) -> Seen {
        var seen = Seen()
        for piece in pieces { seen.add(inspector.inspect(ByteBuffer(string: piece), direction)) }
        return seen
    }

    /// All ways to cut a text in two.
    private static func splits(_ text: String) -> [[String]] {
        let bytes = Array(text.utf8)
        return (1..<bytes.count).map { index in
            [bytes[..<index], bytes[index...]].map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test func lineEndsWithoutEndAreNoOpening() {
        var inspector = Self.inspector()
        let piece = String(repeating: "\n", count: 1024)
        #expect(Self.take(Array(repeating: piece, count: 4), in: &inspector) == Seen())
        let seen = Self.take([piece, piece], in: &inspector)
        #expect(seen.words == ["octets:" + String(repeating: "\n", count: 5120), "octets:" + piece])
    }

    @Test func framesAreSeenHoweverTheStreamIsCut() {
        for pieces in Self.splits(Self.connect + Self.subscribe + Self.send) {
            var inspector = Self.inspector()
            #expect(Self.take(pieces, in: &inspector).words == ["CONNECT", "SUBSCRIBE", "SEND"], "\(pieces)")
        }
    }

    @Test func theAgreedVersionCountsForBothSides() throws {
        var inspector = Self.inspector()
        _ = Self.take([Self.connect], in: &inspector)
        _ = Self.take([Self.connected], .incoming, in: &inspector)
        let outcome = inspector.inspect(ByteBuffer(string: "SEND\ndestination:/a\\cb\n\n\0"), .outgoing)
        guard case .frame(let frame)? = outcome.seen.first else { throw Unseen() }
        #expect(frame.headers["destination"] == "/a:b")
    }

    private struct Unseen: Error {}

    @Test(arguments: ["HELLO\n", "{\"a\":1}", "CONNECTION\n", "STOMPS\n", "\nGET / HTTP/1.1\r\n\r\n"])
    func whatDoesNotBeginWithConnectIsNoSTOMP(text: String) {
        for keepsMessages in [false, true] {
            var inspector = Self.inspector(keepsMessages: keepsMessages)
            #expect(Self.take([text], in: &inspector).words == [(keepsMessages ? "text:" : "octets:") + text])
            #expect(
                Self.take(["x\0"], .incoming, in: &inspector).words == [(keepsMessages ? "text:" : "octets:") + "x\0"])
        }
    }

    @Test func aBeginningThatIsNotToldYetIsKept() {
        var inspector = Self.inspector()
        #expect(Self.take(["CONN"], in: &inspector).words == [])
        var seen = Seen()
        seen.add(inspector.finish(.outgoing))
        #expect(seen.words == ["octets:CONN"])
    }

    @Test func whatTurnsOutToBeNoSTOMPIsShownAsItIs() {
        var inspector = Self.inspector()
        _ = Self.take([Self.connect], in: &inspector)
        let seen = Self.take([Self.send + "garbage\n\n\0", "more"], in: &inspector)
        #expect(seen.words.first == "SEND")
        #expect(seen.words.dropFirst().first?.hasPrefix("note:not STOMP ") == true)
        #expect(seen.words.dropFirst(2) == ["octets:garbage\n\n\0", "octets:more"])
    }

    @Test func heartBeatsAreSeen() {
        var inspector = Self.inspector()
        _ = Self.take([Self.connect], in: &inspector)
        #expect(Self.take(["\n", "\r\n"], in: &inspector).words == ["beat", "beat"])
    }

    // MARK: - What is lost

    private static func dropping(_ drops: @escaping @Sendable (Frame) -> Bool = { _ in true }) -> TapFaults {
        var faults = TapFaults()
        faults.dropsMessage = drops
        return faults
    }

    @Test func onlyMessagesAreDroppedHoweverTheStreamIsCut() {
        for pieces in Self.splits(Self.connect + Self.send + Self.subscribe + "\n") {
            var inspector = Self.inspector(Self.dropping())
            let seen = Self.take(pieces, in: &inspector)
            #expect(seen.passed.joined().replacing("\n\n\n", with: "\n\n") == (Self.connect + Self.subscribe + "\n"))
            #expect(seen.words.contains("fault:dropped frame SEND destination /a body size 2"))
            #expect(seen.words.filter { !$0.hasPrefix("fault") && $0 != "beat" } == ["CONNECT", "SEND", "SUBSCRIBE"])
        }
    }

    @Test func theOtherDirectionIsDroppedAsWell() {
        var inspector = Self.inspector(Self.dropping { $0.headers.has("destination", "/b") })
        _ = Self.take([Self.connect], in: &inspector)
        #expect(Self.take([Self.connected, Self.message], .incoming, in: &inspector).passed == [Self.connected])
        #expect(Self.take([Self.send], in: &inspector).passed == [Self.send])
    }

    @Test func aMessageThatLosesNothingPassesAsItCame() {
        var inspector = Self.inspector(Self.dropping { _ in false }, keepsMessages: true)
        let pieces = [Self.connect, "\n", "SEND\ndesti", "nation:/a\n\n", "hi\0\n\n", Self.send + Self.send]
        let seen = Self.take(pieces, in: &inspector)
        #expect(seen.passed == pieces)
        #expect(seen.words == ["CONNECT", "beat", "SEND", "SEND", "SEND"])
    }

    @Test func aMessageThatLosesAFramePassesWithTheRest() {
        var inspector = Self.inspector(Self.dropping(), keepsMessages: true)
        _ = Self.take([Self.connect], in: &inspector)
        #expect(
            Self.take([Self.subscribe + Self.send + Self.subscribe], in: &inspector).passed == [
                Self.subscribe + Self.subscribe
            ])
        #expect(Self.take(["SEND\ndesti", "nation:/a\n\nhi\0"], in: &inspector).passed == [])
        #expect(Self.take([Self.subscribe], in: &inspector).passed == [Self.subscribe])
    }

    @Test func heartBeatsAreDropped() {
        var faults = TapFaults()
        faults.dropsHeartBeats = true
        for keepsMessages in [false, true] {
            var inspector = Self.inspector(faults, keepsMessages: keepsMessages)
            let seen = Self.take([Self.connect, "\n", "\n", Self.send], in: &inspector)
            #expect(seen.passed == [Self.connect, Self.send])
            #expect(seen.words.filter { $0 == "fault:dropped heart beat" }.count == 2)
        }
    }

    @Test func nothingPassesBehindTheLastFrame() {
        var faults = TapFaults()
        faults.closing = .frames(3)
        for pieces in Self.splits(Self.connect + Self.subscribe + Self.send + Self.send + "\n") {
            var inspector = Self.inspector(faults)
            let seen = Self.take(pieces, in: &inspector)
            #expect(seen.passed.joined() == Self.connect + Self.subscribe + Self.send)
            #expect(seen.words.filter { $0 != "beat" } == ["CONNECT", "SUBSCRIBE", "SEND"])
            #expect(inspector.isSpent)
        }
        var inspector = Self.inspector(faults)
        _ = Self.take([Self.connect], in: &inspector)
        _ = Self.take([Self.connected], .incoming, in: &inspector)
        #expect(!inspector.isSpent)
        #expect(Self.take([Self.send], in: &inspector).passed == [Self.send])
        #expect(inspector.isSpent)
        #expect(Self.take([Self.message], .incoming, in: &inspector).passed == [])
    }

    @Test func messagesThatAreNoSTOMPCountAsFrames() {
        var faults = TapFaults()
        faults.closing = .frames(2)
        var inspector = Self.inspector(faults, keepsMessages: true)
        #expect(Self.take(["a", "b", "c"], in: &inspector).passed == ["a", "b"])
        #expect(inspector.isSpent)
    }

    @Test func garbagePassesThoughThereAreFaults() {
        var inspector = Self.inspector(Self.dropping())
        let seen = Self.take([Self.connect, "SEND\ndestination:/a\n\nhi", "\0garbage\n\n\0", "more"], in: &inspector)
        #expect(seen.passed.joined() == Self.connect + "garbage\n\n\0more")
    }
}
