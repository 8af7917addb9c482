import Foundation
import TestSupport
import Testing

/// The editor in a real terminal: its features, and how it restores the terminal.
@Suite(.spawning) struct LineEditorLifeTests {
    @Test func theHistoryIsSharedBySessionsAndProgramsWithoutSecrets() async throws {
        try await withTemporaryFolder { folder in
            try await EditorSession.run(folder: folder) { first in
                try await first.terminal.enter("하나")
                try await first.terminal.wait(for: "got \"하나\"", ">")
                try await EditorSession.run(folder: folder) { second in
                    try await second.terminal.enter("two")
                    try await second.terminal.enter("secret passcode")
                    try await second.terminal.wait(for: "got \"secret passcode\"", ">")
                }
                try await first.terminal.enter("three")
                try await first.terminal.wait(for: "got \"three\"", ">")
            }
            try await EditorSession.run(folder: folder) { third in
                for line in ["three", "two", "하나", "하나"] {
                    try await third.terminal.press("Up")
                    try await third.terminal.wait(for: "> \(line)")
                }
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/history")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(left.filter { $0.hasPrefix("history") } == ["history"])
        }
    }

    @Test func tabCompletes() async throws {
        try await EditorSession.run(columns: 40) { session in
            let terminal = session.terminal
            try await terminal.type("se\t/topic/방\t")
            try await terminal.wait(for: "/topic/방문  /topic/방송", "> send /topic/방", column: 16)
            try await terminal.type("송\t!")
            try await terminal.wait(for: "> send /topic/방송 !", column: 20)
            try await terminal.press("C-u")
            try await terminal.type("nothing\t")
            try await terminal.type("?")
            try await terminal.wait(for: "> nothing?", column: 10)
        }
    }

    @Test func theHistoryIsSearchedForHangul() async throws {
        try await EditorSession.run { session in
            let terminal = session.terminal
            try await terminal.enter("sub /topic/방송")
            try await terminal.enter("sub /topic/room")
            try await terminal.wait(for: "got \"sub /topic/room\"", ">")
            try await terminal.press("C-r")
            try await terminal.type("방")
            try await terminal.wait(for: "(search: 방) sub /topic/방송", column: 24)
            try session.command("print above")
            try await terminal.wait(for: "above", "(search: 방) sub /topic/방송", column: 24)
            try await terminal.press("End")
            try await terminal.enter("!")
            try await terminal.wait(for: "> sub /topic/방송!", "got \"sub /topic/방송!\"", ">")
        }
    }

    @Test func emacsKeysAreThere() async throws {
        try await EditorSession.run(editrc: "LineEditorFixture:bind ^X ed-move-to-beg\n") { session in
            let terminal = session.terminal
            try await terminal.type("하나 둘 셋")
            try await terminal.press("C-w", "C-a", "C-k", "C-y", "C-y", "M-b", "M-d")
            try await terminal.type("끝")
            try await terminal.wait(for: "> 하나 둘 하나 끝", column: 17)
        }
    }

    @Test func viKeysAreThereForThoseWhoAskForThem() async throws {
        try await EditorSession.run(editrc: "bind -v\n") { session in
            let terminal = session.terminal
            try await terminal.type("하나 둘 셋")
            try await terminal.press("Escape")
            // vi's command mode has the cursor on the last character.
            try await terminal.wait(for: "> 하나 둘 셋", column: 10)
            try await terminal.type("bD0iX")
            try await terminal.wait(for: "> X하나", column: 3)
        }
    }

    @Test(arguments: [
        ("signal 15", 143), ("signal 1", 129), ("crash", 132), ("abort", 134), ("exit 3", 3), ("_exit 4", 4),
        ("close", 0),
    ])
    func theShellHasItsTerminalHoweverTheProgramEnds(command: String, status: Int) async throws {
        let start = "LineEditorFixture 2>/dev/null; echo status $?"
        try await EditorSession.run(start: start) { session in
            try await session.terminal.type("half a line")
            try await session.terminal.wait(for: "> half a line")
            try session.command(command)
            try await eventually {
                try await session.terminal.rows().suffix(2) == ["status \(status)", "shell$"] ? () : nil
            } otherwise: {
                "no status \(status)"
            }
            try await session.terminal.checkShell()
        }
    }

    @Test func anotherProgramHasTheTerminalForAWhile() async throws {
        try await EditorSession.run { session in
            let terminal = session.terminal
            try await terminal.enter("lend")
            try await terminal.wait(for: "> lend", "lent")
            try session.command("print waits")
            try await terminal.enter("for the other program")
            try await eventually {
                let last = try await terminal.rows().suffix(3)
                return last.last == ">" && last.contains("waits") && last.contains("given back") ? () : nil
            } otherwise: {
                "not back"
            }
            try await terminal.type("한글")
            try await terminal.wait(for: "> 한글", column: 6)
        }
    }

    @Test(arguments: ["exec LineEditorFixture", "trap '' HUP; exec LineEditorFixture"])
    func aWindowThatIsClosedEndsIt(start: String) async throws {
        try await EditorSession.run(start: start) { session in
            let pid = try await session.terminal.pid()
            try await session.terminal.type("half a line")
            try await session.terminal.wait(for: "> half a line")
            try await session.terminal.close()
            try await eventually {
                kill(pid, 0) != 0 ? () : nil
            } otherwise: {
                "still there"
            }
        }
    }

    @Test func aTerminalThatCannotMoveItsCursorGetsPlainLines() async throws {
        try await EditorSession.run { session in
            let terminal = session.terminal
            try await terminal.press("C-d")
            try await terminal.wait(for: "bye", "shell$")
            try await terminal.enter("TERM=dumb LineEditorFixture")
            try await terminal.wait(for: "plain: terminalTooSimple")
            try await terminal.enter("한글")
            try await terminal.wait(for: "한글", "plain: 한글")
            try await terminal.press("C-d")
            try await terminal.wait(for: "plain: 한글", "shell$")
            try await terminal.enter("echo '한글 둘' | LineEditorFixture")
            try await terminal.wait(for: "plain: notATerminal", "plain: 한글 둘", "shell$")
            try await terminal.enter("LineEditorFixture > $CONTROL-output")
            try await terminal.enter("into a file")
            try await terminal.press("C-d")
            try await terminal.wait(for: "into a file", "shell$")
            try await terminal.enter("cat $CONTROL-output")
            try await terminal.wait(for: "plain: notATerminal", "plain: into a file", "shell$")
        }
    }
}
