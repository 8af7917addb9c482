import TestSupport
import Testing

@Suite(.spawning) struct EditorTests {
    @Test func aMessageInMidLineGoesAboveIt() async throws {
        try await Fixture.run { fixture in
            fixture.type("send /topic/a 안녕")
            try await fixture.wait(for: "> send /topic/a 안녕", column: 20)
            fixture.type(Keys.left + Keys.left)
            try await fixture.wait(for: "> send /topic/a 안녕", column: 16)
            try fixture.command("print a message")
            try await fixture.wait(for: "a message", "> send /topic/a 안녕", column: 16)
            fixture.type("x")
            try await fixture.wait(for: "a message", "> send /topic/a x안녕", column: 17)
            fixture.type(Keys.enter)
            try await fixture.wait(for: "> send /topic/a x안녕", "got \"send /topic/a x안녕\"", ">", column: 2)
        }
    }

    @Test func hangulIsEditedWithArrowsAndBackspace() async throws {
        try await Fixture.run { fixture in
            fixture.type("가나다라😀")
            try await fixture.wait(for: "> 가나다라😀", column: 12)
            fixture.type(Keys.left + Keys.left + Keys.backspace)
            try await fixture.wait(for: "> 가나라😀", column: 6)
            fixture.type("한" + Keys.home + Keys.delete)
            try await fixture.wait(for: "> 나한라😀", column: 2)
            fixture.type(Keys.end + "끝" + Keys.enter)
            try await fixture.wait(for: "> 나한라😀끝", "got \"나한라😀끝\"", ">")
        }
    }

    @Test func aWrappedLineIsRestored() async throws {
        try await Fixture.run(columns: 40) { fixture in
            let text = "0123456789012345678901234567890123456한글 긴 줄"
            fixture.type(text)
            let rows = ["> 0123456789012345678901234567890123456", "한글 긴 줄"]
            try await fixture.wait(for: rows[0], rows[1], column: 10)
            try fixture.command("print above")
            try await fixture.wait(for: "above", rows[0], rows[1], column: 10)
            fixture.type(Keys.home)
            try await fixture.wait(for: "above", rows[0], rows[1], column: 2, rowsAbove: 1)
            try fixture.command("print again")
            try await fixture.wait(for: "above", "again", rows[0], rows[1], column: 2, rowsAbove: 1)
            fixture.type(Keys.delete)
            try await fixture.wait(
                for: "again", "> 123456789012345678901234567890123456한", "글 긴 줄", column: 2, rowsAbove: 1)
            fixture.type(Keys.enter)
            try await fixture.wait(for: "글 긴 줄", "got \"12345678901234567890123456789012345", "6한글 긴 줄\"", ">")
        }
    }

    @Test func outputOfManyLinesScrolls() async throws {
        try await Fixture.run(rows: 5) { fixture in
            fixture.type("typed")
            try await fixture.wait(for: "> typed")
            for number in 1...20 { try fixture.command("print \(number)") }
            try await fixture.wait(for: "18", "19", "20", "> typed", column: 7)
            let everything = fixture.program.model.everything
            #expect(everything == (1...20).map(String.init) + ["> typed"])
        }
    }

    @Test func thePromptChangesUnderTheLine() async throws {
        try await Fixture.run { fixture in
            fixture.type("typed")
            try await fixture.wait(for: "> typed")
            try fixture.command("prompt \u{1b}[32m서버\u{1b}[0m 2 subs> ")
            try await fixture.wait(for: "서버 2 subs> typed", column: 18)
        }
    }

    @Test func controlCClearsTheLineAndControlDEnds() async throws {
        try await Fixture.run { fixture in
            fixture.type("half a li")
            try await fixture.wait(for: "> half a li")
            fixture.type(Keys.control("c"))
            try await fixture.wait(for: "> half a li^C", "interrupted", ">", column: 2)
            fixture.type("x" + Keys.control("d"))
            try await fixture.wait(for: "> x")
            fixture.type(Keys.backspace + Keys.control("d"))
            try await fixture.wait(for: "end of input", "bye")
            try await fixture.program.wait(forEnd: .exited(0))
        }
    }

    @Test func controlCReachesAProgramThatIsBusy() async throws {
        try await Fixture.run { fixture in
            fixture.type("stall\r")
            try await fixture.wait(for: "> stall", ">")
            fixture.type("one\rtwo\rthree")
            try await fixture.wait(for: "> one", "> two", "> three")
            fixture.type("more" + Keys.control("c"))
            try await fixture.wait(for: "> one", "> two", "> three^C", ">")
        }
    }

    @Test func completionInsertsAndLists() async throws {
        try await Fixture.run(columns: 40) { fixture in
            fixture.type("se" + Keys.tab)
            try await fixture.wait(for: "> send", column: 7)
            fixture.type("/topic/" + Keys.tab)
            try await fixture.wait(for: "/topic/room  /topic/방문  /topic/방송", "> send /topic/", column: 14)
            fixture.type("방" + Keys.tab + Keys.left)
            try await fixture.wait(for: "/topic/방문  /topic/방송", "> send /topic/방", column: 14)
            fixture.type(Keys.end + "문" + Keys.tab + "x" + Keys.enter)
            try await fixture.wait(for: "got \"send /topic/방문 x\"", ">")
            fixture.type("nothing" + Keys.tab)
            try await fixture.program.wait(for: "no bell") { $0.bells == 1 && $0.shown.last == "> nothing" }
            // A candidate with a line end is not inserted.
            fixture.type(Keys.control("u") + "send /ev" + Keys.tab + Keys.enter)
            try await fixture.wait(for: "> send /ev", "got \"send /ev\"", ">")
            // Control characters in the list are shown as the program escapes them.
            fixture.type("send #" + Keys.tab)
            try await fixture.wait(for: "#a <ESC>[2J  #b <ESC>[2J", "> send #", column: 8)
        }
    }

    @Test func aLineThatIsNotCompleteGoesOnOnTheNextRow() async throws {
        try await Fixture.run { fixture in
            fixture.type("send /topic/a <<EOF\r한글 둘")
            try await fixture.wait(for: "> send /topic/a <<EOF", "한글 둘", column: 7)
            try fixture.command("print meanwhile")
            try await fixture.wait(for: "meanwhile", "> send /topic/a <<EOF", "한글 둘", column: 7)
            fixture.type("\rEOF\r")
            try await fixture.wait(for: #"got "send /topic/a <<EOF\n한글 둘\nEOF""#, ">")
            fixture.type(Keys.up)
            try await fixture.wait(for: "> send /topic/a <<EOF", "한글 둘", "EOF", column: 3)
        }
    }

    /// Terminals disagree on joined emoji and variation selectors, so each part is shown separately.
    @Test func whatCombinesIsAsWideAsItLooks() async throws {
        try await Fixture.run { fixture in
            fixture.type("e\u{301}x👩\u{200d}👩❤\u{fe0f}🇰🇷" + Keys.home + Keys.right + Keys.right + "y")
            try await fixture.wait(for: "> e\u{301}yx👩👩❤🇰🇷", column: 4)
            fixture.type(Keys.enter)
            try await fixture.wait(for: "got \("e\u{301}yx👩\u{200d}👩❤\u{fe0f}🇰🇷".debugDescription)", ">")
        }
    }

    @Test func aSearchFindsHangul() async throws {
        try await Fixture.run { fixture in
            fixture.type("sub /topic/가\rsub /topic/나\rsend 가나다\r")
            try await fixture.wait(for: "got \"send 가나다\"", ">")
            fixture.type("draft" + Keys.control("r") + "/가")
            try await fixture.wait(for: "(search: /가) sub /topic/가")
            try fixture.command("print above")
            try await fixture.wait(for: "above", "(search: /가) sub /topic/가")
            fixture.type(Keys.control("g"))
            try await fixture.wait(for: "above", "> draft", column: 7)
            fixture.type(Keys.control("r") + "topic" + Keys.control("r") + Keys.end + "!" + Keys.enter)
            try await fixture.wait(for: "> sub /topic/가!", "got \"sub /topic/가!\"", ">")
        }
    }

    @Test func viKeysAreTheUsersChoice() async throws {
        try await Fixture.run(editrc: "bind -v\nbind ^X ed-move-to-beg\n") { fixture in
            fixture.type("abc def" + Keys.escape)
            // ESC counts as a separate key only after a delay.
            try await fixture.wait(for: "> abc def", column: 8)
            fixture.type("bx")
            try await fixture.wait(for: "> abc ef", column: 6)
            fixture.type("A" + Keys.left + Keys.left + "한")
            try await fixture.wait(for: "> abc 한ef", column: 8)
            fixture.type(Keys.control("x") + Keys.pasted("P\nQ") + Keys.enter)
            try await fixture.wait(for: "got \"P\\nQabc 한ef\"", ">")
        }
    }

    @Test func bindingsOfTheUsersOwnWin() async throws {
        let editrc = "stomptap:bind ^[[A ed-move-to-beg\nother:bind ^[[B ed-move-to-beg\nbind ^[[15~ ed-move-to-end\n"
        try await Fixture.run(editrc: editrc) { fixture in
            fixture.type("first\rabc" + Keys.up + "x\u{1b}[15~y\u{1b}[17~z")
            try await fixture.wait(for: "> xabcyz", column: 8)
        }
    }

    @Test func quotedSpecialKeysAreIgnored() async throws {
        try await Fixture.run { fixture in
            fixture.type(Keys.control("v") + Keys.up + "a" + Keys.control("v") + Keys.pasted("b") + Keys.enter)
            try await fixture.wait(for: "got \"ab\"", ">")
        }
    }
}
