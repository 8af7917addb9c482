import Foundation
import TestSupport
import Testing

/// `stomptap connect` without a terminal that can move its cursor.
@Suite(.spawning) struct ConnectPlainTests {
    private func run(_ body: (TmuxTerminal) async throws -> Void) async throws {
        try await withTemporaryFolder { home in
            let environment = ["PATH": Program.productsFolder + ":/usr/bin:/bin", "HOME": home.path, "OUT": home.path]
            try await TmuxTerminal.run(columns: 90, rows: 24, environment: environment) { terminal in
                try await terminal.wait(for: "shell$", column: 7)
                try await body(terminal)
            }
        }
    }

    private func waitForHelp(_ terminal: TmuxTerminal) async throws {
        try await terminal.wait(forAll: ["'help' lists the commands, Ctrl-D quits"])
    }

    @Test func aTerminalThatCannotMoveItsCursorGetsPlainLines() async throws {
        try await run { terminal in
            try await terminal.enter("TERM=dumb stomptap connect demo -o body; echo status $?")
            try await waitForHelp(terminal)
            try await terminal.enter("sub /topic/echo")
            try await terminal.wait(forAll: ["subscribed to /topic/echo as sub-0"])
            try await terminal.enter("send /app/echo 안녕")
            try await terminal.wait(forAll: ["안녕", "sent 6 B to /app/echo"])
            try await terminal.press("C-d")
            try await terminal.wait(for: "status 0", "shell$")
        }
    }

    @Test func linesFromAPipeAreAScript() async throws {
        try await run { terminal in
            try await terminal.enter(
                "printf 'sub /topic/echo\\nsend /app/echo 안녕\\nwait\\n' | stomptap connect demo -o body; echo status $?"
            )
            try await terminal.wait(for: "안녕", "status 0", "shell$")
        }
    }

    @Test func messagesGoToAFileWhereStdoutIsOne() async throws {
        try await run { terminal in
            try await terminal.enter("stomptap connect demo -o body > $OUT/messages; echo status $?")
            try await waitForHelp(terminal)
            try await terminal.enter("sub /topic/echo")
            try await terminal.wait(forAll: ["subscribed to /topic/echo as sub-0"])
            try await terminal.enter("send /app/echo 안녕")
            try await terminal.wait(forAll: ["sent 6 B to /app/echo"])
            try await terminal.press("C-d")
            try await terminal.wait(for: "status 0", "shell$")
            try await terminal.enter("clear; cat $OUT/messages")
            try await terminal.wait(for: "안녕", "shell$")
        }
    }
}
