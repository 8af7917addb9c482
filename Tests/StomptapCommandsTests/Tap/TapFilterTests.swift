import ArgumentParser
import NIOCore
import OutputFixtures
import STOMPCore
import STOMPTap
import StomptapRuntime
import Testing

@testable import StomptapCommands

struct TapFilterTests {
    @Test(
        arguments: [
            ("/topic/a", "/topic/a", true), ("/topic/a", "/topic/ab", false), ("/topic/a", "/topic/", false),
            ("/topic/*", "/topic/a/b.c", true), ("/topic/*", "/topic/", true), ("/topic/*", "/queue/a", false),
            ("*", "", true), ("", "", true), ("", "a", false), ("*a", "banana", true), ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab-b-c", false), ("a?c", "abc", true), ("a?c", "ac", false), ("a?c", "a한c", true),
            ("?", "\u{1F600}", true), ("??", "\u{1F600}", false), ("*aab", "aaaaab", true), ("**?", "", false),
            ("**?", "x", true),
        ] as [(String, String, Bool)])
    func aGlobMatchesTheWholeName(pattern: String, name: String, matches: Bool) {
        #expect(withBytes(name) { DestinationGlob(pattern).matches($0) } == matches)
    }

    /// A pattern from the command line and a name from a peer must not together take forever.
    @Test func asterisksDoNotMultiply() {
        let glob = DestinationGlob(String(repeating: "*a", count: 50) + "b")
        #expect(withBytes(String(repeating: "a", count: 5000)) { glob.matches($0) } == false)
    }

    @Test func bytesThatAreNoTextAreOneCharacterEach() {
        let isMatch = ([0x61, 0xFF, 0xC3] as [UInt8]).withUnsafeBytes { DestinationGlob("a??").matches($0) }
        #expect(isMatch)
    }

    @Test func listsAreTakenApart() throws {
        #expect(try DestinationsArgument("/a,/b*").globs == [DestinationGlob("/a"), DestinationGlob("/b*")])
        #expect(throws: ValidationError.self) { try DestinationsArgument("/a,,/b") }
        #expect(throws: ValidationError.self) { try DestinationsArgument("") }
        #expect(try CommandsArgument("message,SEND").commands == [.message, .send])
    }

    @Test(arguments: [
        ("MESAGE", "did you mean MESSAGE?"), ("SEND,subscrbe", "did you mean SUBSCRIBE?"), ("", "; use "),
    ])
    func aWrongCommandIsNamedWithTheRightOne(text: String, hint: String) {
        let error = #expect(throws: ValidationError.self) { try CommandsArgument(text) }
        #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
    }

    private func matches(_ filter: TapFilter, _ content: TapEvent.Content) -> Bool {
        filter.mayMatch(content) && filter.matches(content)
    }

    @Test func allConditionsMustHold() throws {
        let frame = TapEvent.Content.frame(try makeMessage(["destination:/topic/a"], "hello"))
        let other = TapEvent.Content.frame(try makeMessage(["destination:/topic/b"], "hello"))
        let bare = TapEvent.Content.frame(try makeMessage([], "hello"))
        let text = TapEvent.Content.message(ByteBuffer(string: "hello"), isText: true)
        let bytes = TapEvent.Content.bytes(ByteBuffer(string: "hello"))
        for content in [frame, other, bare, text, bytes] { #expect(matches(TapFilter(), content)) }

        let commands = TapFilter(commands: [.message, .send])
        #expect(matches(commands, frame) && matches(commands, bare))
        #expect(!matches(commands, text) && !matches(commands, bytes))
        #expect(!matches(TapFilter(commands: [.send]), frame))

        let destinations = TapFilter(destinations: [DestinationGlob("/queue/*"), DestinationGlob("/topic/a")])
        #expect(matches(destinations, frame))
        #expect(!matches(destinations, other) && !matches(destinations, bare) && !matches(destinations, text))

        let grep = try TapFilter(destinations: [DestinationGlob("/topic/*")], grep: BodyPattern("^hell"))
        #expect(matches(grep, frame) && matches(grep, other) && !matches(grep, bare))
        let noBody = try TapFilter(grep: BodyPattern("^nothing"))
        #expect(!matches(noBody, frame) && !matches(noBody, text) && !matches(noBody, bytes))
        #expect(matches(try TapFilter(grep: BodyPattern("lo$")), text))
    }

    @Test func unfinishedFramesHaveCommandAndDestinationAsFarAsTheyCame() throws {
        func content(_ text: String, _ command: Command?) -> TapEvent.Content {
            let bytes = ByteBuffer(string: text)
            let frame = UnfinishedFrame(bytes: bytes.readableBytes, command: command)
            return .unfinished(frame, .ws, .message(isText: true), bytes)
        }
        let send = content("SEND\ndestination:/topic/a\n\nhello", .send)
        #expect(matches(TapFilter(commands: [.send], destinations: [DestinationGlob("/topic/*")]), send))
        #expect(!matches(TapFilter(commands: [.ack]), send))
        #expect(!matches(TapFilter(destinations: [DestinationGlob("/queue/*")]), send))
        #expect(matches(try TapFilter(grep: BodyPattern("hello$")), send))
        #expect(matches(TapFilter(commands: [.ack], destinations: [DestinationGlob("/queue/*")]), content("SE", nil)))
    }
}
