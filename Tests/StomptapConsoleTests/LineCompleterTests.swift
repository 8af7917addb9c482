import LineEditor
import STOMPCore
import Testing

@testable import StomptapConsole

/// Names that come from a peer, as Tab inserts them into a line.
struct LineCompleterTests {
    private static let pieces = [
        "/topic/", "a", "방송", " ", "  ", "'", "\"", "\\", "\\\\", "$(touch x)", "`x`", "$HOME", "!", "-", "--", "#",
        "@f",
        "<<EOF", "{", "=", ":", ";", "~", "*", "\u{301}", "e\u{301}", "\u{a0}", "\u{3000}", "\n", "\r", "\r\n", "\t",
        "\0",
        "\u{1b}[2J", "\u{7f}", "\u{9b}", "\u{2028}", "\u{2029}", "\u{202e}", "\u{2066}", "\u{200b}", "\u{200d}",
        "\u{feff}",
        "\nsend /queue/loot @/etc/hostname", " @/etc/hostname", "' -H 'a: b", "\" -H \"a: b",
    ]

    /// Words of up to three pieces, the same in each run.
    private static let words: [String] = {
        var words = pieces + pieces.flatMap { ["/topic/" + $0, $0 + "a", "'" + $0, "/a " + $0] }
        var random: UInt64 = 14
        for _ in 0..<300 {
            var word = ""
            for _ in 0..<3 {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                word += pieces[Int(random >> 33) % pieces.count]
            }
            words.append(word)
        }
        return words
    }()

    private func completions(_ line: String, destinations: Set<String> = [], headers: Set<String> = []) -> [Completion]
    {
        LineCompleter(subscriptions: [], destinations: destinations, headers: headers)
            .completions(of: CompletionRequest(line: line, word: LineCompleter.word(of: line)))
    }

    /// The words of the line after this completion was inserted.
    private func words(_ line: String, _ completion: Completion) throws -> [String] {
        var words = LineWords(line.dropLast(LineCompleter.word(of: line).count) + completion.word + completion.suffix)
        var read: [String] = []
        while let word = try words.nextArgument() { read.append(word) }
        return read
    }

    @Test(arguments: [
        "", "'", "\"", "/", "'/", "\"/", "/topic/", "'/topic/", "\"/topic/\"", "'/to'p\"i\"c/", "\"\\\"", "\"\\",
    ])
    func aDestinationBecomesOneWordThatIsReadBackAsItself(typed: String) throws {
        var offered = 0
        for word in Self.words {
            for head in ["send ", "sub --ack client ", "edit -H 'a: b' ", "unsub\t"]
            where head != "unsub\t" || typed == "" {
                let line = head + typed
                let found = completions(line, destinations: [word])
                #expect(found.count <= 1)
                guard let completion = found.first else { continue }
                offered += 1
                let read = try words(line, completion)
                let count = try words(head, Completion("x")).count
                #expect(
                    read.last?.unicodeScalars.elementsEqual(word.unicodeScalars) == true && read.count == count,
                    "\(line.debugDescription) \(word.debugDescription) \(completion)")
                #expect(DisplayWidth.isPrintable(completion.word))
                #expect(completion.word.unicodeScalars.starts(with: LineCompleter.word(of: line).unicodeScalars))
            }
        }
        // After a typed `"\`, every completion would be read as another word.
        #expect(offered > 0 || typed == "\"\\")
    }

    /// The whole command, as the parser reads it.
    @Test func whatIsSentIsWhatWasOffered() throws {
        for word in Self.words {
            for completion in completions("send ", destinations: [word]) {
                let parsed = try LineParser.parse("send \(completion.word) body")
                guard case .command(.send(let outgoing, let body))? = parsed else {
                    Issue.record("\(completion): \(String(describing: parsed))")
                    continue
                }
                #expect(outgoing.destination.unicodeScalars.elementsEqual(word.unicodeScalars), "\(completion)")
                #expect(body == .text("body") && outgoing.headers.isEmpty)
            }
        }
    }

    @Test(arguments: [
        ("send ", "/topic/a b", "'/topic/a b'"), ("send /topic/a", "/topic/a b", "/topic/a' b'"),
        ("send '/topic/a ", "/topic/a b", "'/topic/a b'"), ("send \"/topic/a ", "/topic/a b", "\"/topic/a b\""),
        ("send ", "it's", "'it'\"'\"'s'"), ("send ", "-x", "'-x'"), ("send ", "$SYS/broker", "$SYS/broker"),
        ("send '", "$SYS/broker", "'$SYS/broker'"), ("send ", "a\\b", "a\\b"), ("send \"a", "a\\b", "\"a\"\\b"),
    ]) func itIsQuotedByTheRulesOfThePrompt(line: String, destination: String, word: String) {
        #expect(completions(line, destinations: [destination]).map(\.word) == [word])
    }

    @Test(arguments: ["a\nsend /x", "a: b", "a'b", "a\"b", "a b", "a\\b", "a:b", ""])
    func aHeaderNameThatIsNoneIsNotOffered(name: String) {
        #expect(completions("send -H ", headers: [name]).map(\.label) == completions("send -H ").map(\.label))
    }

    /// A body is taken literally, and only file names are completed in it.
    @Test(arguments: [
        ("send /a it's", "it's"), ("send /a @my fi", "@my fi"), ("send '/a b' @f", "@f"), ("send /a 'x", "'x"),
        ("sub 'a b", "'a b"), ("sub a ", ""), ("send -H 'a: b", "'a: b"), ("raw @f g", "@f g"), ("set output j", "j"),
    ]) func theWordThatTabCompletes(line: String, word: String) {
        #expect(LineCompleter.word(of: line) == word)
    }
}
