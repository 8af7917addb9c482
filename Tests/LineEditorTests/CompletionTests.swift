import Testing

@testable import LineEditor

@Suite struct CompletionTests {
    @Test(arguments: [
        ("", ""), ("su", "su"), ("sub ", ""), ("sub /topic/방", "/topic/방"), ("send\t@f", "@f"), ("a\nb", "b"),
    ]) func theWordIsWhatFollowsTheLastBlank(line: String, word: String) {
        #expect(CompletionRequest(line: line).word == word)
    }

    @Test func oneCandidateIsInsertedWithItsSuffix() {
        #expect(CompletionAnswer(word: "su", candidates: [Completion("sub")]) == .replace("sub "))
        #expect(CompletionAnswer(word: "@d", candidates: [Completion("@dir/", suffix: "")]) == .replace("@dir/"))
        #expect(CompletionAnswer(word: "s", candidates: [Completion("sub"), Completion("sub")]) == .replace("sub "))
    }

    @Test func severalCandidatesGiveWhatTheyShareAndAreListed() {
        let candidates = [Completion("subscribe"), Completion("subs", label: "subs (list)")]
        #expect(
            CompletionAnswer(word: "s", candidates: candidates)
                == .replaceAndList("subs", ["subs (list)", "subscribe"]))
        #expect(CompletionAnswer(word: "subs", candidates: candidates) == .list(["subs (list)", "subscribe"]))
    }

    @Test func whatDoesNotBeginWithTheWordIsNoCandidate() {
        #expect(CompletionAnswer(word: "x", candidates: [Completion("sub")]) == .nothing)
        #expect(CompletionAnswer(word: "x", candidates: []) == .nothing)
        #expect(CompletionAnswer(word: "s", candidates: [Completion("sub"), Completion("pub")]) == .replace("sub "))
    }

    @Test(
        arguments: [
            ([], ""), (["a"], "a"), (["abc", "abd"], "ab"), (["방송", "방문"], "방"), (["a", "b"], ""),
            (["ab", "abc"], "ab"),
        ] as [([String], String)])
    func theCommonPrefix(words: [String], prefix: String) {
        #expect(commonPrefix(of: words) == prefix)
    }

    @Test func columnsAreAlignedByDisplayWidth() {
        let list = columnList(["abcd", "방송", "x", "한", "가나", "z"], columns: 18, rows: 10)
        #expect(list == ["abcd  x     가나", "방송  한    z"])
        #expect(columnList([], columns: 18, rows: 10) == [])
        #expect(columnList(["a very long label", "b"], columns: 5, rows: 10) == ["a very long label", "b"])
    }

    @Test func aLongListIsCutAndTheRestCounted() {
        #expect(columnList((1...9).map(String.init), columns: 1, rows: 2) == ["1", "2", "and 7 more"])
    }

    /// A candidate with a line end or an invisible character is never inserted by Tab.
    @Test(arguments: [
        "\n", "\r", "\r\n", "\t", "\0", "\u{1b}", "\u{7f}", "\u{85}", "\u{9b}", "\u{2028}", "\u{2029}", "\u{200b}",
        "\u{200d}", "\u{200e}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{fe0f}", "\u{ad}", "\u{3164}", "\u{e0041}",
    ]) func whatIsNotPrintableIsNoCandidate(text: String) {
        for word in ["/topic/news\(text)save x", "/topic/news\(text)"] {
            #expect(CompletionAnswer(word: "/t", candidates: [Completion(word)]) == .nothing)
            #expect(
                CompletionAnswer(word: "/t", candidates: [Completion(word), Completion("/topic/a")])
                    == .replace("/topic/a "))
        }
        #expect(CompletionAnswer(word: "", candidates: [Completion("a", suffix: text)]) == .nothing)
    }

    @Test(arguments: ["/topic/방송", "é", "e\u{301}", "a b", "$(x)", "😀"]) func whatCanBeSeenIsACandidate(text: String) {
        #expect(CompletionAnswer(word: "", candidates: [Completion(text)]) == .replace("\(text) "))
    }
}
