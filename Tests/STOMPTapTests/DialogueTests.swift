import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPTap

@Suite struct DialogueTests {
    private static let connect = "CONNECT\naccept-version:1.2\nhost:h\n\n\0"
    private static let send = "SEND\ndestination:/a\n\nhi\0"
    private static let subscribe = "SUBSCRIBE\nid:0\ndestination:/b\n\n\0"
    private static let connected = "CONNECTED\nversion:1.2\n\n\0"
    private static let message = "MESSAGE\nmessage-id:1\nsubscription:0\ndestination:/b\nx:a\\cb\n\nho\0"

    /// What was seen, a word each, and what passed.
    private struct Seen: Equatable {
        var words: [String] = []
        var passed: [String] = []

        mutating func add(_ outcome: Sieve.Outcome) {
            words += outcome.seen.map { content in
                switch content {
                case .frame(let frame): frame.command.rawValue
                case .wire(_, .observedHeartBeat, _): "beat"
                case .wire(_, .message(let isText, _), let octets?):
                    "\(isText ? "text" : "binary"):\(String(buffer: octets))"
                case .wire(_, .bytes, let octets?): "octets:\(String(buffer: octets))"
                case .fault(let fault): "fault:\(plainWords(of: fault))"
                case .note(let note): "note:\(plainWords(of: note))"
                default: "other"
                }
            }
            passed += outcome.passed.map { String(buffer: $0) }
        }
    }

    private static func dialogue(_ faults: TapFaults = TapFaults(), keepsMessages: Bool = false) -> Dialogue {
        Dialogue(limits: FrameLimits(), keepsMessages: keepsMessages, faults: faults)
    }

    private static func take(
        _ pieces: [String], _ direction: WireEvent.Direction = .outgoing, in dialogue: inout Dialogue
    ) -> Seen {
        var seen = Seen()
        for piece in pieces { seen.add(dialogue.take(ByteBuffer(string: piece), direction)) }
        return seen
    }

    /// All ways to cut a text in two.
    private static func splits(_ text: String) -> [[String]] {
        let octets = Array(text.utf8)
        return (1..<octets.count).map { index in
            [octets[..<index], octets[index...]].map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test func framesAreSeenHoweverTheStreamIsCut() {
        for pieces in Self.splits(Self.connect + Self.subscribe + Self.send) {
            var dialogue = Self.dialogue()
            #expect(Self.take(pieces, in: &dialogue).words == ["CONNECT", "SUBSCRIBE", "SEND"], "\(pieces)")
        }
    }

    @Test func theAgreedVersionCountsForBothSides() throws {
        var dialogue = Self.dialogue()
        _ = Self.take([Self.connect], in: &dialogue)
        _ = Self.take([Self.connected], .incoming, in: &dialogue)
        let outcome = dialogue.take(ByteBuffer(string: "SEND\ndestination:/a\\cb\n\n\0"), .outgoing)
        guard case .frame(let frame)? = outcome.seen.first else { throw Unseen() }
        #expect(frame.headers["destination"] == "/a:b")
    }

    private struct Unseen: Error {}

    @Test(arguments: ["HELLO\n", "{\"a\":1}", "CONNECTION\n", "STOMPS\n", "\nGET / HTTP/1.1\r\n\r\n"])
    func whatDoesNotBeginWithConnectIsNoSTOMP(text: String) {
        for keepsMessages in [false, true] {
            var dialogue = Self.dialogue(keepsMessages: keepsMessages)
            #expect(Self.take([text], in: &dialogue).words == [(keepsMessages ? "text:" : "octets:") + text])
            #expect(
                Self.take(["x\0"], .incoming, in: &dialogue).words == [(keepsMessages ? "text:" : "octets:") + "x\0"])
        }
    }

    @Test func aBeginningThatIsNotToldYetIsKept() {
        var dialogue = Self.dialogue()
        #expect(Self.take(["CONN"], in: &dialogue).words == [])
        var seen = Seen()
        seen.add(dialogue.finish(.outgoing))
        #expect(seen.words == ["octets:CONN"])
    }

    @Test func whatTurnsOutToBeNoSTOMPIsShownAsItIs() {
        var dialogue = Self.dialogue()
        _ = Self.take([Self.connect], in: &dialogue)
        let seen = Self.take([Self.send + "garbage\n\n\0", "more"], in: &dialogue)
        #expect(seen.words.first == "SEND")
        #expect(seen.words.dropFirst().first?.hasPrefix("note:not STOMP ") == true)
        #expect(seen.words.dropFirst(2) == ["octets:garbage\n\n\0", "octets:more"])
    }

    @Test func heartBeatsAreSeen() {
        var dialogue = Self.dialogue()
        _ = Self.take([Self.connect], in: &dialogue)
        #expect(Self.take(["\n", "\r\n"], in: &dialogue).words == ["beat", "beat"])
    }

    // MARK: - What is lost

    private static func dropping(_ drops: @escaping @Sendable (Frame) -> Bool = { _ in true }) -> TapFaults {
        var faults = TapFaults()
        faults.dropsMessage = drops
        return faults
    }

    @Test func onlyMessagesAreDroppedHoweverTheStreamIsCut() {
        for pieces in Self.splits(Self.connect + Self.send + Self.subscribe + "\n") {
            var dialogue = Self.dialogue(Self.dropping())
            let seen = Self.take(pieces, in: &dialogue)
            #expect(seen.passed.joined().replacing("\n\n\n", with: "\n\n") == (Self.connect + Self.subscribe + "\n"))
            #expect(seen.words.contains("fault:dropped frame SEND destination /a body size 2"))
            #expect(seen.words.filter { !$0.hasPrefix("fault") && $0 != "beat" } == ["CONNECT", "SEND", "SUBSCRIBE"])
        }
    }

    @Test func theOtherDirectionIsDroppedAsWell() {
        var dialogue = Self.dialogue(Self.dropping { $0.headers.has("destination", "/b") })
        _ = Self.take([Self.connect], in: &dialogue)
        #expect(Self.take([Self.connected, Self.message], .incoming, in: &dialogue).passed == [Self.connected])
        #expect(Self.take([Self.send], in: &dialogue).passed == [Self.send])
    }

    @Test func aMessageThatLosesNothingPassesAsItCame() {
        var dialogue = Self.dialogue(Self.dropping { _ in false }, keepsMessages: true)
        let pieces = [Self.connect, "\n", "SEND\ndesti", "nation:/a\n\n", "hi\0\n\n", Self.send + Self.send]
        let seen = Self.take(pieces, in: &dialogue)
        #expect(seen.passed == pieces)
        #expect(seen.words == ["CONNECT", "beat", "SEND", "SEND", "SEND"])
    }

    @Test func aMessageThatLosesAFramePassesWithTheRest() {
        var dialogue = Self.dialogue(Self.dropping(), keepsMessages: true)
        _ = Self.take([Self.connect], in: &dialogue)
        #expect(
            Self.take([Self.subscribe + Self.send + Self.subscribe], in: &dialogue).passed == [
                Self.subscribe + Self.subscribe
            ])
        #expect(Self.take(["SEND\ndesti", "nation:/a\n\nhi\0"], in: &dialogue).passed == [])
        #expect(Self.take([Self.subscribe], in: &dialogue).passed == [Self.subscribe])
    }

    @Test func heartBeatsAreDropped() {
        var faults = TapFaults()
        faults.dropsHeartBeats = true
        for keepsMessages in [false, true] {
            var dialogue = Self.dialogue(faults, keepsMessages: keepsMessages)
            let seen = Self.take([Self.connect, "\n", "\n", Self.send], in: &dialogue)
            #expect(seen.passed == [Self.connect, Self.send])
            #expect(seen.words.filter { $0 == "fault:dropped heart beat" }.count == 2)
        }
    }

    @Test func nothingPassesBehindTheLastFrame() {
        var faults = TapFaults()
        faults.closing = .frames(3)
        for pieces in Self.splits(Self.connect + Self.subscribe + Self.send + Self.send + "\n") {
            var dialogue = Self.dialogue(faults)
            let seen = Self.take(pieces, in: &dialogue)
            #expect(seen.passed.joined() == Self.connect + Self.subscribe + Self.send)
            #expect(seen.words.filter { $0 != "beat" } == ["CONNECT", "SUBSCRIBE", "SEND"])
            #expect(dialogue.isSpent)
        }
        var dialogue = Self.dialogue(faults)
        _ = Self.take([Self.connect], in: &dialogue)
        _ = Self.take([Self.connected], .incoming, in: &dialogue)
        #expect(!dialogue.isSpent)
        #expect(Self.take([Self.send], in: &dialogue).passed == [Self.send])
        #expect(dialogue.isSpent)
        #expect(Self.take([Self.message], .incoming, in: &dialogue).passed == [])
    }

    @Test func messagesThatAreNoSTOMPCountAsFrames() {
        var faults = TapFaults()
        faults.closing = .frames(2)
        var dialogue = Self.dialogue(faults, keepsMessages: true)
        #expect(Self.take(["a", "b", "c"], in: &dialogue).passed == ["a", "b"])
        #expect(dialogue.isSpent)
    }

    @Test func garbagePassesThoughThereAreFaults() {
        var dialogue = Self.dialogue(Self.dropping())
        let seen = Self.take([Self.connect, "SEND\ndestination:/a\n\nhi", "\0garbage\n\n\0", "more"], in: &dialogue)
        #expect(seen.passed.joined() == Self.connect + "garbage\n\n\0more")
    }
}
