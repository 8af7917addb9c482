import Foundation
import TestSupport
import Testing

/// The fixture that all tests with spawned programs use.
@Suite(.spawning)
struct FixtureTests {
    private func shell(_ script: String) -> Program { Program("/bin/sh", ["-c", script]) }

    @Test func reportsStatusAndBothOutputs() async throws {
        let result = try await shell("echo out; echo err >&2; exit 7").run()
        #expect(result.status == .exited(7))
        #expect(result.output == "out\n")
        #expect(result.errors == "err\n")
    }

    @Test func reportsTheSignalThatKilled() async throws {
        #expect(try await shell("kill -TERM $$").run().status == .killed(signal: SIGTERM))
    }

    @Test func givesInputLargerThanAPipe() async throws {
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
        var program = Program("/bin/cat")
        program.input = .bytes(bytes)
        #expect(try await program.run().stdout == bytes)
    }

    @Test func inputMayBeClosedByTheProgram() async throws {
        var program = shell("exec <&-; echo done")
        program.input = .bytes([UInt8](repeating: 0, count: 1_000_000))
        #expect(try await program.run().lines == ["done"])
    }

    @Test func talks() async throws {
        var program = Program("/bin/cat")
        program.input = .open
        try await program.start { cat in
            cat.write("one\n")
            try await cat.waitFor("one\n")
            cat.write("two\n")
            #expect(try await cat.waitFor("two\n") == "one\ntwo\n")
            cat.closeInput()
            #expect(try await cat.result().status == .exited(0))
        }
    }

    @Test func sendsSignals() async throws {
        try await shell("trap 'echo bye; exit 3' INT; echo ready; while :; do sleep 0.05; done").start { program in
            try await program.waitFor("ready")
            program.send(signal: SIGINT)
            let result = try await program.result()
            #expect(result.status == .exited(3))
            #expect(result.lines == ["ready", "bye"])
        }
    }

    @Test func readsOneLineAndCloses() async throws {
        var program = shell("while echo line 2>/dev/null; do :; done")
        program.output = .firstLine
        let result = try await program.run()
        #expect(
            result.status == .killed(signal: SIGPIPE), "a signal that the test process ignores is not ignored there")
        #expect(result.output == "line\n")
    }

    @Test func closesTheOutputBeforeTheStart() async throws {
        var program = shell("trap '' PIPE; echo lost || echo broken >&2")
        program.output = .closed
        let result = try await program.run()
        #expect(result.errors.contains("broken"))
        #expect(result.stdout.isEmpty)
    }

    @Test func holdsTheOutput() async throws {
        var program = shell("echo started >&2; head -c 300000 /dev/zero; echo ended >&2")
        program.output = .held
        try await program.start { program in
            try await program.waitFor("started", in: .stderr)
            #expect(program.peakMemory ?? 0 > 0)
            #expect(!program.written.errors.contains("ended"), "300000 octets do not fit into a pipe")
            program.readOutput()
            #expect(try await program.result().stdout.count == 300_000)
        }
    }

    @Test func killsTheWholeGroupWhenTimeIsUp() async throws {
        var program = shell("echo begun; sleep 1000 & echo $!; wait")
        program.limit = .seconds(4)
        let child: pid_t = try await program.start { program in
            try await program.waitFor("\n", count: 2)
            let failure = await #expect(throws: TestFailure.self) { _ = try await program.result() }
            #expect(failure?.description.contains("begun") == true)
            return try #require(program.written.lines.last.flatMap { pid_t($0) })
        }
        // The parent that adopted it must reap it. It may stay a zombie until then, but it must not run.
        _ = try await eventually {
            let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
            return state?.contains(") Z") ?? true ? true : nil
        } otherwise: {
            "the child still runs"
        }
    }

    @Test func endWithoutTheTextIsAFailureAtOnce() async throws {
        try await shell("echo something else").start { program in
            let failure = await #expect(throws: TestFailure.self) { try await program.waitFor("awaited") }
            #expect(failure?.description.contains("something else") == true)
            #expect(failure?.description.contains("has ended without") == true)
        }
    }

    @Test func environmentIsClean() async throws {
        var program = Program("/usr/bin/env")
        program.environment = ["EXTRA": "1"]
        let names = Set(try await program.run().lines.compactMap { $0.split(separator: "=").first.map(String.init) })
        let known: Set = [
            "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "TMPDIR", "LANG", "TZ", "SWIFT_BACKTRACE",
            "PATH", "LD_LIBRARY_PATH", "EXTRA",
        ]
        #expect(names.subtracting(known).isEmpty)
        #expect(names.isSuperset(of: ["EXTRA", "SWIFT_BACKTRACE", "HOME"]))
    }
}
