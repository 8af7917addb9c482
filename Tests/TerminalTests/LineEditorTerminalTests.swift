import TestSupport
import Testing

/// The editor in a real terminal, tested by keys and screen: how a line is shown.
@Suite(.spawning) struct LineEditorTerminalTests {
    @Test func messagesArriveWhileHangulIsTyped() async throws {
        try await EditorSession.run { session in
            let terminal = session.terminal
            try await terminal.type("send /topic/방 안녕하세요")
            try await terminal.press("Left", "Left", "Left", "BSpace")
            try await terminal.wait(for: "> send /topic/방 안하세요", column: 19)
            for number in 1...3 { try session.command("print 메시지 \(number)") }
            try await terminal.wait(for: "메시지 2", "메시지 3", "> send /topic/방 안하세요", column: 19)
            try await terminal.type("녕")
            try await terminal.press("Enter")
            try await terminal.wait(for: "> send /topic/방 안녕하세요", "got \"send /topic/방 안녕하세요\"", ">")
        }
    }

    @Test func aWrappedLineSurvivesMessagesAndResizing() async throws {
        try await EditorSession.run(columns: 40, rows: 10) { session in
            let terminal = session.terminal
            try session.command("print above")
            try await terminal.type("The quick brown fox 한글이 길게 이어지는 문장 jumps")
            try await terminal.wait(for: "above", "> The quick brown fox 한글이 길게 이어지", "는 문장 jumps", column: 13)
            try session.command("print second")
            try await terminal.wait(
                for: "above", "second", "> The quick brown fox 한글이 길게 이어지", "는 문장 jumps", column: 13)
            try await terminal.resize(columns: 25, rows: 10)
            try await terminal.wait(
                for: "above", "second", "> The quick brown fox 한", "글이 길게 이어지는 문장 j", "umps", column: 4)
            try await terminal.press("Home")
            try await terminal.wait(
                for: "above", "second", "> The quick brown fox 한", "글이 길게 이어지는 문장 j", "umps", column: 2)
            try session.command("print third")
            try await terminal.wait(
                for: "second", "third", "> The quick brown fox 한", "글이 길게 이어지는 문장 j", "umps", column: 2)
            try await terminal.resize(columns: 70, rows: 8)
            try await terminal.wait(
                for: "above", "second", "third", "> The quick brown fox 한글이 길게 이어지는 문장 jumps", column: 2)
            try await terminal.press("End")
            try await terminal.type("!")
            try await terminal.wait(for: "> The quick brown fox 한글이 길게 이어지는 문장 jumps!", column: 54)
            try await terminal.resize(columns: 30, rows: 12)
            try await terminal.wait(
                for: "third", "> The quick brown fox 한글이", "길게 이어지는 문장 jumps!", column: 25)
            #expect(try await terminal.everything().filter { $0.hasPrefix(">") }.count == 1)
        }
    }

    @Test func threeLinesOfJSONArePastedAsOneLine() async throws {
        try await EditorSession.run { session in
            let terminal = session.terminal
            try await terminal.type("send /topic/a ")
            try await terminal.paste("{\n  \"이름\": \"값\"\n}\n")
            try await terminal.wait(for: "> send /topic/a {", "  \"이름\": \"값\"", "}", column: 1)
            try session.command("print meanwhile")
            try await terminal.wait(for: "meanwhile", "> send /topic/a {", "  \"이름\": \"값\"", "}", column: 1)
            try await terminal.press("Enter")
            try await terminal.wait(for: #"got "send /topic/a {\n  \"이름\": \"값\"\n}""#, ">")
        }
    }

    @Test func theShellGetsTheTerminalAtControlZAndAtTheEnd() async throws {
        try await EditorSession.run { session in
            let terminal = session.terminal
            try await terminal.type("half a line")
            try await terminal.press("C-z")
            try await eventually {
                try await terminal.rows().suffix(1) == ["shell$"] ? () : nil
            } otherwise: {
                "not stopped"
            }
            // Output of the stopped program waits; bracketed paste is off for the shell.
            try session.command("print while stopped")
            try await terminal.paste("stty -a | grep -c ' icanon'; fg\n")
            try await terminal.wait(for: "while stopped", "> half a line", column: 13)
            #expect(try await terminal.rows().contains("1"))
            try await terminal.press("C-c")
            try await terminal.wait(for: "> half a line^C", "interrupted", ">", column: 2)
            try await terminal.press("C-d")
            try await terminal.wait(for: "end of input", "bye", "shell$", column: 7)
            try await terminal.type("stty -a | grep -c ' icanon.* echo '")
            try await terminal.press("Enter")
            try await terminal.wait(for: "1", "shell$")
        }
    }

    @Test func theScreenIsCleared() async throws {
        try await EditorSession.run { session in
            try session.command("print above")
            try await session.terminal.type("line")
            try await session.terminal.wait(for: "above", "> line")
            try await session.terminal.press("C-l")
            try await eventually {
                try await session.terminal.rows() == ["> line"] ? () : nil
            } otherwise: {
                "not cleared"
            }
            try await session.terminal.wait(for: "> line", column: 6)
        }
    }

    @Test func accentsAndEmojiTakeTheRoomTheyAreSeenToTake() async throws {
        try await EditorSession.run(columns: 40) { session in
            let terminal = session.terminal
            try await terminal.type("e\u{301}👩\u{200d}👩❤\u{fe0f}🇰🇷끝")
            try await terminal.wait(for: "> e\u{301}👩👩❤🇰🇷끝", column: 12)
            try await terminal.press("Left", "BSpace", "BSpace")
            try await terminal.wait(for: "> e\u{301}👩👩❤끝", column: 8)
            try session.command("print above")
            try await terminal.type("x")
            try await terminal.wait(for: "above", "> e\u{301}👩👩❤x끝", column: 9)
        }
    }

    @Test func nothingPastedDrivesTheTerminal() async throws {
        try await EditorSession.run { session in
            let terminal = session.terminal
            try session.command("print above")
            let harmful = "a\u{1b}[2J\u{1b}]0;t\u{07}\u{9b}1Jz"
            try await terminal.paste(harmful)
            try await terminal.wait(for: "above", "> a^[[2J^[]0;t^G1Jz", column: 19)
            try await terminal.press("C-r")
            try await terminal.paste(harmful)
            try await terminal.wait(for: "above", "(nothing found: a^[[2J^[]0;t^G1Jz)")
        }
    }

    /// Keys are echoed while there is more output than any terminal can show.
    @Test(arguments: ["flood 10000000", "pour 50000 30"])
    func aKeyIsEchoedWithinATenthOfASecondOfAFlood(flood: String) async throws {
        try await EditorSession.run(columns: 100, rows: 30) { session in
            let terminal = session.terminal
            // The time that tmux itself needs to type and read the screen.
            let still = try await echo(of: "keys in silence", in: terminal)
            try await terminal.press("C-u")
            try session.command(flood)
            try await eventually {
                try await terminal.rows().contains { $0.hasPrefix("message") } ? () : nil
            } otherwise: {
                "no flood"
            }
            let flooded = try await echo(of: "keys in a flood 홍수", in: terminal)
            #expect(flooded - still < .milliseconds(100))
            try await terminal.press("C-c")
            // The message about it may scroll away at once, so check that the typed line is gone.
            try await eventually {
                try await terminal.rows().contains { $0 == ">" } ? () : nil
            } otherwise: {
                "not interrupted"
            }
        }
    }

    /// The time within which the fastest quarter of the keys are echoed; the others may have been delayed by a busy
    /// machine.
    private func echo(of text: String, in terminal: TmuxTerminal) async throws -> Duration {
        var delays: [Duration] = []
        var typed = ""
        for key in text {
            typed.append(key)
            let start = ContinuousClock.now
            try await terminal.type(String(key))
            try await eventually {
                try await terminal.rows().contains { ($0 + " ").hasPrefix("> \(typed)") } ? () : nil
            } otherwise: {
                "not echoed: \(typed)"
            }
            delays.append(.now - start)
        }
        return delays.sorted()[delays.count / 4]
    }
}
