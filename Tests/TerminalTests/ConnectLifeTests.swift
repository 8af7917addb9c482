import Foundation
import TestSupport
import Testing

/// `stomptap connect` as a user sees it: history, exit, another program in the terminal, a lost connection.
@Suite(.spawning) struct ConnectLifeTests {
    @Test func theHistoryIsKeptBetweenSessionsWithoutSecrets() async throws {
        try await withTemporaryFolder { home in
            try await ConnectSession.run(home: home) { session in
                try await session.enter("send /app/echo 안녕", answer: "sent 6 B to /app/echo")
                try await session.enter(
                    "send -H 'Authorization: Bearer t0ken' /app/echo x", answer: "sent 1 B to /app/echo")
                try await session.terminal.enter("quit")
                try await session.terminal.wait(for: "status 0", "shell$")
            }
            let saved = try String(contentsOfFile: home.path + "/state/stomptap/history", encoding: .utf8)
            #expect(saved == "send /app/echo 안녕\nquit\n")
            try await ConnectSession.run(home: home) { session in
                try await session.terminal.press("Up", "Up")
                try await session.terminal.wait(for: "demo> send /app/echo 안녕", column: 25)
                try await session.terminal.press("C-u", "C-r")
                try await session.terminal.type("echo")
                try await session.terminal.wait(for: "(search: echo) send /app/echo 안녕")
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: home.path + "/state/stomptap/history")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func controlCClearsTheLineAndControlDQuits() async throws {
        try await ConnectSession.run { session in
            try await session.terminal.type("send /app/echo half")
            try await session.terminal.press("C-c")
            try await session.terminal.wait(for: "demo> send /app/echo half^C", "demo>", column: 6)
            try await session.terminal.press("C-d")
            try await session.terminal.wait(for: "status 0", "shell$", column: 7)
            try await session.terminal.checkShell()
        }
    }

    @Test func controlCEndsWhatTakesLong() async throws {
        try await ConnectSession.run { session in
            try await session.terminal.enter("wait 5 --timeout 10m")
            try await session.terminal.wait(for: "demo> wait 5 --timeout 10m", "demo>")
            try await session.terminal.press("C-c")
            try await session.enter("subs", answer: "no subscriptions; use 'sub DESTINATION'")
        }
    }

    @Test func controlCGivesUpConnecting() async throws {
        try await ScriptedServer.run(.stall) { server in
            try await ConnectSession.run("demo", "--connect-timeout 10m") { session in
                let place = "127.0.0.1:\(server.port)"
                try await session.terminal.enter("connect stomp://\(place)")
                try await session.terminal.wait(for: "\(place) connecting>")
                try await session.terminal.press("C-c")
                try await session.terminal.wait(for: "\(place) disconnected>")
            }
        }
    }

    @Test func thePromptShowsAtOnceThatPrintingIsPaused() async throws {
        try await ConnectSession.run { session in
            try await session.enter(
                "pause", answer: "printing is paused, messages are counted; use 'resume' to continue", then: "paused")
            try await session.enter("resume", answer: "no messages while paused")
        }
    }

    @Test func theOpenTransactionIsAskedAboutOnce() async throws {
        try await ConnectSession.run { session in
            try await session.enter(
                "begin", answer: "started transaction tx-0; end it with 'commit' or 'abort'", then: "tx-0")
            try await session.enter(
                "quit", answer: "transaction tx-0 is open; 'commit' or 'abort' it, or 'quit' again to discard it",
                then: "tx-0")
            try await session.terminal.enter("quit")
            try await session.terminal.wait(for: "status 0", "shell$")
        }
    }

    /// Each failure prints its reason, and the user can connect to another server.
    @Test func connectionFailuresArePrinted() async throws {
        try await ServedBroker.run { broker in
            try await ConnectSession.run { session in
                let terminal = session.terminal
                let refused = "TCP: connection refused by 127.0.0.1:1; is the server running, and is this its port?"
                try await terminal.enter("connect stomp://127.0.0.1:1")
                try await terminal.wait(for: refused, "127.0.0.1:1 disconnected>")
                try await terminal.enter("reconnect")
                try await terminal.wait(
                    for: "127.0.0.1:1 disconnected> reconnect", refused, "127.0.0.1:1 disconnected>")
                try await terminal.enter("connect \(broker.tcp)")
                try await terminal.wait(for: "\(broker.tcp.dropFirst("stomp://".count))>")
            }
        }
    }

    @Test func theShellGetsTheTerminalAtControlZ() async throws {
        try await ConnectSession.run { session in
            try await session.terminal.type("half a line")
            try await session.terminal.press("C-z")
            try await eventually {
                try await session.terminal.rows().last == "shell$" ? () : nil
            } otherwise: {
                "not stopped"
            }
            try await session.terminal.checkShell()
            try await session.terminal.enter("fg")
            try await session.terminal.wait(for: "demo> half a line", column: 17)
        }
    }

    @Test func aTextEditorHasTheTerminalForAWhile() async throws {
        try await withTemporaryFolder { home in
            // This editor reads a line, where a real one reads keys, and then writes the file.
            let editor = home.path + "/editor"
            try Data("stty -a | grep -c ' icanon.* echo '; read line; echo \"$line 편집\" > \"$1\"\n".utf8)
                .write(to: URL(filePath: editor))
            let environment = ["EDITOR": "sh \(editor)"]
            try await ConnectSession.run("demo", "-o body", home: home, environment: environment) { session in
                try await session.enter("sub /topic/echo", answer: "subscribed to /topic/echo as sub-0", then: "1 sub")
                try await session.terminal.enter("edit /app/echo")
                try await session.terminal.wait(for: "demo 1 sub> edit /app/echo", "1")
                try await session.terminal.enter("직접")
                try await session.terminal.wait(
                    forAll: ["직접 편집", "sent 13 B to /app/echo"], above: "demo 1 sub>")
            }
        }
    }

    @Test(arguments: [(SIGTERM, "143"), (SIGHUP, "129"), (SIGSEGV, "139")])
    func theShellHasItsTerminalAfterASignal(number: Int32, status: String) async throws {
        try await ConnectSession.run { session in
            try await session.terminal.type("half a line")
            try await session.terminal.wait(for: "demo> half a line")
            kill(try await session.terminal.foreground(), number)
            try await eventually {
                let rows = try await session.terminal.rows().suffix(2)
                return rows == ["status \(status)", "shell$"] ? () : nil
            } otherwise: {
                "no status \(status)"
            }
            try await session.terminal.checkShell()
        }
    }

    @Test func thePromptShowsThatTheConnectionIsLostAndBack() async throws {
        let port = try Loopback.freePorts(1)[0]
        let server = Program.stomptap("serve", "--tcp", "127.0.0.1:\(port)")
        try await server.start { running in
            try await running.waitFor("\n")
            let delays = "--reconnect-delay 50ms --reconnect-max-delay 100ms"
            try await ConnectSession.run("stomp://127.0.0.1:\(port)", delays) { session in
                let terminal = session.terminal
                try await session.enter("sub /topic/a", answer: "subscribed to /topic/a as sub-0", then: "1 sub")
                try await terminal.type("send /topic/a 안녕")
                running.send(signal: SIGKILL)
                try await terminal.wait(for: "\(session.prompt("lost")) send /topic/a 안녕")
                try await terminal.press("Enter")
                try await eventually {
                    try await terminal.everything().contains { $0.hasPrefix("STOMP: not connected") } ? () : nil
                } otherwise: {
                    "not told"
                }
                // The line that could not be sent is in the history.
                try await terminal.press("Up")
                try await server.start { again in
                    try await again.waitFor("\n")
                    try await terminal.wait(for: "\(session.prompt("1 sub")) send /topic/a 안녕")
                    #expect(try await terminal.everything().contains { $0.hasSuffix("renewed 1 subscription") })
                }
            }
        }
    }
}
