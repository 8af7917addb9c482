import Foundation
import LineEditor
import TestSupport
import Testing

/// Effects beyond a single line: the terminal's modes, the process.
@Suite(.spawning) struct EditorLifeTests {
    @Test func theTerminalIsGivenBackAtTheEnd() async throws {
        try await Fixture.run { fixture in
            #expect(!fixture.program.isCooked)
            fixture.type("half")
            try await fixture.wait(for: "> half")
            try fixture.command("print last")
            try fixture.command("close")
            try await fixture.wait(for: "last", "bye")
            try await fixture.program.wait(forEnd: .exited(0))
            #expect(fixture.program.isCooked && !fixture.program.model.bracketsPastes)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGSEGV, SIGABRT])
    func theTerminalIsGivenBackWhenASignalEndsTheProgram(number: Int32) async throws {
        try await Fixture.run { fixture in
            fixture.type("half")
            try await fixture.wait(for: "> half")
            fixture.program.send(signal: number)
            try await fixture.program.wait(forEnd: .killed(signal: number))
            try await fixture.program.wait(for: "still bracketed") { !$0.bracketsPastes }
            #expect(fixture.program.isCooked)
        }
    }

    @Test func theTerminalIsGivenBackAtACrashAndAtExit() async throws {
        for (way, signal) in [("abort", SIGABRT), ("crash", SIGILL)] {
            try await Fixture.run { fixture in
                try fixture.command(way)
                try await fixture.program.wait(forEnd: .killed(signal: signal))
                try await fixture.program.wait(for: "still bracketed") { !$0.bracketsPastes }
                #expect(fixture.program.isCooked)
            }
        }
        try await Fixture.run { fixture in
            try fixture.command("exit 3")
            try await fixture.program.wait(forEnd: .exited(3))
            #expect(fixture.program.isCooked)
        }
    }

    @Test func controlBackslashEndsTheProgram() async throws {
        try await Fixture.run { fixture in
            fixture.type(Keys.control("\\"))
            try await fixture.program.wait(forEnd: .killed(signal: SIGQUIT))
            #expect(fixture.program.isCooked)
        }
    }

    @Test func aProcessThatCannotStopGoesOn() async throws {
        // A session leader has no shell that could resume it, so the system does not let it stop.
        try await Fixture.run { fixture in
            fixture.type("line")
            try await fixture.wait(for: "> line")
            fixture.type(Keys.control("z"))
            try await fixture.wait(for: "> line", "> line", column: 6)
            #expect(!fixture.program.isCooked)
        }
    }

    @Test func aStoppedProcessTakesTheTerminalAgain() async throws {
        try await Fixture.run { fixture in
            fixture.type("line")
            try await fixture.wait(for: "> line")
            fixture.program.send(signal: SIGSTOP)
            fixture.program.makeCooked()
            fixture.program.send(signal: SIGCONT)
            try await fixture.program.wait(for: "not drawn") { $0.shown == ["> line"] && !fixture.program.isCooked }
            fixture.type("!")
            try await fixture.wait(for: "> line!")
        }
    }

    @Test func theTerminalIsLent() async throws {
        try await Fixture.run { fixture in
            fixture.type("lend\r")
            try await fixture.wait(for: "> lend", "lent")
            #expect(fixture.program.isCooked)
            try fixture.command("print waits")
            fixture.type("for the other program\r")
            try await fixture.program.wait(for: "not back") { model in
                ["waits", "given back", ">"].allSatisfy { model.shown.suffix(3).contains($0) }
            }
            #expect(!fixture.program.isCooked)
        }
    }

    @Test func aTerminalThatIsGoneEndsTheInput() async throws {
        try await Fixture.run { fixture in
            fixture.program.hangUp()
            let status = try await fixture.program.status()
            #expect(status == .killed(signal: SIGHUP) || status == .exited(0))
        }
    }

    @Test func aTerminalThatIsGoneEndsTheInputOfAProgramThatGoesOn() async throws {
        try await Fixture.run(shell: "trap '' HUP; exec \"$0\"") { fixture in
            fixture.type("half a line")
            try await fixture.wait(for: "> half a line")
            fixture.program.hangUp()
            try await fixture.program.wait(forEnd: .exited(0))
        }
    }

    @Test func theWindowChangesItsSize() async throws {
        // This terminal cuts off long lines when it is resized.
        try await Fixture.run(columns: 40, environment: ["XTERM_VERSION": "XTerm(379)"]) { fixture in
            try fixture.command("print above")
            fixture.type("0123456789 한글이 있는 줄 0123456789")
            try await fixture.wait(for: "above", "> 0123456789 한글이 있는 줄 0123456789", column: 38)
            fixture.program.resize(columns: 20, rows: 8)
            try await fixture.wait(for: "above", "> 0123456789 한글이", "있는 줄 0123456789", column: 18)
            fixture.type("xy")
            try await fixture.wait(for: "있는 줄 0123456789xy", column: 0, rowsAbove: -1)
            fixture.program.resize(columns: 60, rows: 8)
            try await fixture.wait(for: "above", "> 0123456789 한글이 있는 줄 0123456789xy", column: 40)
        }
    }

    // MARK: Without a terminal

    @Test func aTerminalThatCannotMoveItsCursorGetsPlainLines() async throws {
        for kind in ["dumb", "unheard-of", ""] {
            var program = Program(Program.productsFolder + "/LineEditorFixture")
            program.environment["TERM"] = kind
            try await TerminalProgram.run(program) { running in
                try await running.wait(for: "plain: terminalTooSimple")
                running.type("한글\r")
                try await running.wait(for: "한글", "plain: 한글")
                #expect(running.isCooked)
                running.type(Keys.control("d"))
                try await running.wait(forEnd: .exited(0))
            }
        }
    }

    @Test func aPipeGetsPlainLines() async throws {
        var program = Program(Program.productsFolder + "/LineEditorFixture")
        program.input = .text("one\ntwo")
        let result = try await program.run()
        #expect(result.lines == ["plain: notATerminal", "plain: one", "plain: two"])
    }
}
