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

    /// What the inspector reported, one word each, and what it passed on.
    private struct Seen: Equatable {
        var words: [String] = []
        var passed: [String] = []

        mutating func add(_ outcome: FrameFilter.Outcome) {
            words += outcome.seen.map { content in
                switch content {
                case .frame(let frame): frame.command.rawValue
                case .unfinished(_, _, _, let bytes): "unfinished:\(String(buffer: bytes))"
                case .note(.unfinishedFrame(let frame, let destination, let fault)):
                    "note:\(frame.bytes) of \(frame.command?.rawValue ?? "-") to \(destination ?? "-")"
                        + (fault.map { " \(plainWords(of: $0))" } ?? "")
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
    func aStreamThatDoesNotStartWithConnectIsNotSTOMP(text: String) {
        for keepsMessages in [false, true] {
            var inspector = Self.inspector(keepsMessages: keepsMessages)
            #expect(Self.take([text], in: &inspector).words == [(keepsMessages ? "text:" : "octets:") + text])
            #expect(
                Self.take(["x\0"], .incoming, in: &inspector).words == [(keepsMessages ? "text:" : "octets:") + "x\0"])
        }
    }

    @Test func aStartThatIsNotReportedYetIsKept() {
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

    // MARK: - Dropped frames

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

    @Test func nothingPassesAfterTheLastFrame() {
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

    // MARK: - Messages that end inside a frame

    private static let chopped = "SEND\ndestination:/app/a\n\nkimchi"

    private static func messages(_ faults: TapFaults = TapFaults()) -> StreamInspector {
        var inspector = inspector(faults, keepsMessages: true)
        _ = take([connect], in: &inspector)
        return inspector
    }

    @Test func aFrameBeforeTheNextOneWasCutOff() {
        var inspector = Self.messages()
        #expect(Self.take([Self.chopped], in: &inspector).words == [])
        #expect(
            Self.take([Self.chopped], in: &inspector).words == [
                "unfinished:" + Self.chopped, "note:31 of SEND to /app/a missing NUL",
            ])
        // The reason is reported once.
        #expect(
            Self.take([Self.send], in: &inspector).words == [
                "unfinished:" + Self.chopped, "note:31 of SEND to /app/a", "SEND",
            ])
    }

    @Test func aFrameInTwoMessagesIsOne() {
        var inspector = Self.messages()
        for pieces in Self.splits(Self.chopped + "\0") + Self.splits("SEND\ncontent-length:6\n\nSEND\nx\0") {
            #expect(Self.take(pieces, in: &inspector).words == ["SEND"], "\(pieces)")
        }
        // The second piece looks like a frame, but `content-length` shows that it belongs to the first.
        #expect(
            Self.take(["SEND\ncontent-length:9\n\nabc", "SEND\n\0\0"], in: &inspector).words == ["SEND"])
    }

    @Test func aFrameWhoseRestDoesNotComeIsReportedOnce() {
        var inspector = Self.messages()
        _ = Self.take([Self.chopped], in: &inspector)
        #expect(inspector.awaitedPieces(.outgoing) != nil && inspector.awaitedPieces(.incoming) == nil)
        var seen = Seen()
        seen.add(inspector.reportUnfinished(.outgoing, passes: true))
        #expect(seen.words == ["unfinished:" + Self.chopped, "note:31 of SEND to /app/a missing NUL"])
        #expect(inspector.awaitedPieces(.outgoing) == nil)
        // A heart-beat changes nothing, and the missing text completes the frame.
        #expect(Self.take(["\n"], in: &inspector) == Seen())
        #expect(inspector.awaitedPieces(.outgoing) == nil)
        #expect(Self.take(["stew\0", Self.subscribe], in: &inspector).words == ["SEND", "SUBSCRIBE"])
        _ = Self.take([Self.chopped], in: &inspector)
        seen = Seen()
        seen.add(inspector.finish(.outgoing))
        #expect(seen.words == ["unfinished:" + Self.chopped, "note:31 of SEND to /app/a"])
        seen = Seen()
        seen.add(inspector.finish(.outgoing))
        #expect(seen == Seen())
    }

    @Test func aLengthThatCountsTheNULIsNamed() {
        var inspector = Self.messages()
        let frame = "SEND\ncontent-length:3\n\nhi\0"
        #expect(
            Self.take([frame, Self.send], in: &inspector).words == [
                "unfinished:" + frame, "note:26 of SEND to - length counts NUL", "SEND",
            ])
    }

    @Test func aStreamMayEndInsideAFrame() {
        var inspector = Self.inspector()
        _ = Self.take([Self.connect, Self.chopped], in: &inspector)
        var seen = Seen()
        seen.add(inspector.reportUnfinished(.outgoing, passes: false))
        #expect(seen.words == ["note:31 of SEND to /app/a"])
        seen = Seen()
        seen.add(inspector.finish(.outgoing))
        #expect(seen.words == ["unfinished:" + Self.chopped])
    }

    @Test(arguments: ["\\u0000", "^@", "\\0", "^@\n"]) func textInPlaceOfTheNULIsNamed(text: String) {
        let word = text.filter { $0 != "\n" }
        var inspector = Self.messages()
        _ = Self.take([Self.chopped + text], in: &inspector)
        var seen = Seen()
        seen.add(inspector.finish(.outgoing))
        #expect(seen.words.last?.hasSuffix("text for NUL \(word)") == true, "\(seen.words)")
        // CONNECT has no body, so the error is detected at once.
        inspector = Self.inspector(keepsMessages: true)
        let words = Self.take(["CONNECT\naccept-version:1.2\n\n" + text], in: &inspector).words
        #expect(words.first?.contains("text for NUL \(word)") == true, "\(words)")
        #expect(words.last == "text:CONNECT\naccept-version:1.2\n\n" + text)
    }

    @Test func whatIsHeldOfAFrameThatWasCutOffPasses() {
        let faults = Self.dropping { String(buffer: $0.body) == "hi" }
        var inspector = Self.messages(faults)
        #expect(Self.take([Self.chopped], in: &inspector).passed == [])
        #expect(Self.take([Self.chopped], in: &inspector).passed == [Self.chopped])
        #expect(Self.take([Self.send], in: &inspector).passed == [Self.chopped])
        #expect(Self.take([Self.send, Self.chopped, "stew"], in: &inspector).passed == [])
        #expect(inspector.finish(.outgoing).passed.map { String(buffer: $0) } == [Self.chopped, "stew"])
    }

    /// Once the start of a frame was passed on, its rest must not be dropped.
    @Test func aFrameThatWasReportedIsNotDropped() {
        var inspector = Self.messages(Self.dropping())
        _ = Self.take(["SEND\n\nx"], in: &inspector)
        #expect(
            inspector.reportUnfinished(.outgoing, passes: true).passed.map { String(buffer: $0) } == ["SEND\n\nx"])
        let seen = Self.take(["y\0", Self.send, Self.subscribe], in: &inspector)
        #expect(seen.passed == ["y\0", Self.subscribe])
        #expect(seen.words.prefix(3) == ["SEND", "note:too late to drop", "SEND"])
        _ = Self.take(["SEND\n\nx"], in: &inspector)
        #expect(inspector.reportUnfinished(.outgoing, passes: false).passed == [])
        #expect(Self.take(["y\0", Self.subscribe], in: &inspector).passed == [Self.subscribe])
    }

    // MARK: - After an invalid frame

    @Test func theNextMessageBeginsAnew() {
        for faults in [TapFaults(), Self.dropping { _ in false }] {
            var inspector = Self.messages(faults)
            let bad = "SEND\ncontent-length:2\n\n안녕\0"
            let seen = Self.take([Self.send + bad, Self.send], in: &inspector)
            let note =
                "note:invalid frame the byte after 2 bytes of body is not NUL"
            #expect(seen.words.count == 4 && seen.words[1].hasPrefix("note:invalid frame"), "\(note) \(seen.words)")
            #expect(seen.words[1].hasSuffix("length in characters 2 bytes 6"), "\(seen.words)")
            #expect(seen.words[2...] == ["text:" + bad, "SEND"])
            if faults.needsSifting { #expect(seen.passed == [Self.send + bad, Self.send]) }
            // The other direction is still read as STOMP.
            #expect(Self.take([Self.connected], .incoming, in: &inspector).words == ["CONNECTED"])
        }
    }

    @Test func theRestOfAnInvalidFrameIsNotReportedAgain() {
        var inspector = Self.messages()
        let seen = Self.take(["SEND\ncontent-length:1\n\nabc", "def", "ghi jkl\0", "\n", Self.send], in: &inspector)
        #expect(
            seen.words.dropFirst() == [
                "text:SEND\ncontent-length:1\n\nabc", "text:def", "text:ghi jkl\0", "beat", "SEND",
            ])
        // Text that may be meant as a frame is reported again.
        let words = Self.take(["garbage", "SNED\n\n\0", Self.send], in: &inspector).words
        #expect(words.count == 5 && words[0].hasPrefix("note") && words[1] == "text:garbage", "\(words)")
        #expect(words[2].hasPrefix("note") && words[3...] == ["text:SNED\n\n\0", "SEND"], "\(words)")
    }

    @Test func allThatCameOfAnInvalidFrameIsShown() {
        for keepsMessages in [false, true] {
            var inspector = Self.inspector(keepsMessages: keepsMessages)
            let words = Self.take([Self.connect, "SEND\nx:y\n", "\0z"], in: &inspector).words
            #expect(words.last == (keepsMessages ? "text:" : "octets:") + "SEND\nx:y\n\0z")
        }
    }

    @Test func aSideOfAStreamThatIsNoSTOMPLeavesTheOtherOneAlone() {
        var inspector = Self.inspector()
        _ = Self.take([Self.connect], in: &inspector)
        _ = Self.take(["garbage\n"], .incoming, in: &inspector)
        #expect(Self.take([Self.send], in: &inspector).words == ["SEND"])
        #expect(Self.take([Self.connected], .incoming, in: &inspector).words == ["octets:" + Self.connected])
    }

    @Test func anAppMayBeginSTOMPLate() {
        var inspector = Self.inspector(keepsMessages: true)
        #expect(Self.take(["hello", Self.connect], in: &inspector).words == ["text:hello", "CONNECT"])
    }
}
