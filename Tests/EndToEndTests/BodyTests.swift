import Foundation
import TestSupport
import Testing

/// Bodies that are compressed, in another charset, or split.
@Suite(.spawning) struct BodyTests {
    /// Sends to a queue, which keeps the message until it is read.
    private func send(_ arguments: String..., to broker: ServedBroker, input: Program.Input = .nothing) async throws {
        var program = Program.stomptap("publish", broker.tcp, "/queue/a", input: input)
        program.arguments += arguments
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
    }

    private func received(_ arguments: String..., from broker: ServedBroker) async throws -> ProgramResult {
        var program = Program.stomptap("subscribe", broker.tcp, "/queue/a", "-n", "1", "-W", "20s")
        program.arguments += arguments
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        return result
    }

    @Test func gzipGoesAndComes() async throws {
        try await ServedBroker.run { broker in
            try await send(#"{"n":1}"#, "--gzip", to: broker)
            let shown = try await received("--timestamps", "none", from: broker)
            #expect(shown.output.contains("application/json  gzip, "), "\(shown)")
            #expect(shown.output.contains(" 7 B inflated\n") && shown.output.contains("\n    \"n\": 1\n"), "\(shown)")
            #expect(shown.output.contains("  content-encoding: gzip\n"), "\(shown)")

            try await send("hello", "--gzip", to: broker)
            let shell = try await Program(
                "/bin/sh",
                [
                    "-c", "\"$0\" subscribe \"$1\" /queue/a -n 1 -W 20s -o body --no-newline | gunzip",
                    Program.stomptap().path, broker.tcp,
                ]
            ).run()
            #expect(shell.output == "hello" && shell.status == .exited(0), "\(shell)")
        }
    }

    @Test func aBombIsNotInflatedBeyondTheLimit() async throws {
        try await ServedBroker.run { broker in
            try await send("--gzip", to: broker, input: .text(String(repeating: "0", count: 1 << 20)))
            let shown = try await received("--max-message", "100KB", from: broker)
            #expect(shown.output.contains("more than 100000 B; use a larger --max-message]"), "\(shown)")
        }
    }

    @Test func charsetsAreDecoded() async throws {
        try await ServedBroker.run { broker in
            let file = FileManager.default.temporaryDirectory.appending(path: "euc-kr-\(UUID())")
            try Data([193, 214, 185, 174]).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            try await send("-f", file.path, "-t", "text/plain", to: broker)
            let guessed = try await received(from: broker)
            #expect(guessed.output.hasSuffix("[perhaps EUC-KR: try --charset EUC-KR]\n"), "\(guessed)")
            try await send("-f", file.path, to: broker)
            let shown = try await received("--charset", "EUC-KR", from: broker)
            #expect(shown.output.hasSuffix(" 주문\n") && shown.output.contains("4 B, EUC-KR\n"), "\(shown)")
        }
    }

    @Test func valuesAndObjectsOfJSON() async throws {
        try await ServedBroker.run { broker in
            try await send(#"{"a":{"b":["x"]}}"#, to: broker)
            #expect(try await received("-F", "%{.a.b[0]}%{.none}", from: broker).output == "x\n")
            try await send(#"{"a": 1}"#, to: broker)
            let line = try await received("-o", "json", "--json-body", from: broker).output
            #expect(line.contains(#""body":{"a":1},"bodyEncoding":"json","bodySize":8"#), "\(line)")
        }
    }

    @Test(arguments: [[], ["-o", "json"], ["-o", "raw"], ["-o", "body"], ["-F", "%b"]])
    func aMessageIsShownOnceOnATerminal(_ output: [String]) async throws {
        try await ServedBroker.run { broker in
            try await send("seen-once", to: broker)
            var program = Program.stomptap("subscribe", broker.tcp, "/queue/a", "-n", "1", "-v")
            program.arguments += output
            try await TerminalProgram.run(program, columns: 80) { running in
                try await running.wait(forEnd: .exited(0))
                let model = try await running.wait(for: "no message") {
                    $0.everything.contains { $0.contains("seen-once") }
                }
                #expect(model.everything.count { $0.contains("seen-once") } == 1, "\(model.everything)")
                #expect(model.everything.contains { $0.contains("> stomp SUBSCRIBE") }, "\(model.everything)")
                // Only the body is left out, not the headers.
                #expect(model.everything.contains { $0.contains("content-length") }, "\(model.everything)")
            }
            try await send("in-a-script", to: broker)
            let script = Program.stomptap("connect", broker.tcp, "-v", "-e", "sub /queue/a; wait 1")
            try await TerminalProgram.run(script, columns: 80) { running in
                try await running.wait(forEnd: .exited(0))
                let model = try await running.wait(for: "no message") {
                    $0.everything.contains { $0.contains("in-a-script") }
                }
                #expect(model.everything.count { $0.contains("in-a-script") } == 1, "\(model.everything)")
            }
            // If stderr is not the terminal, the trace there has the whole message.
            try await send("seen-twice", to: broker)
            let apart = try await received("-v", from: broker)
            #expect(apart.output.contains("seen-twice") && apart.errors.contains("seen-twice"), "\(apart)")
        }
    }

    @Test(
        arguments: [
            (["subscribe", "demo", "/a", "--no-newline"], "--no-newline needs -o body or -F"),
            (["subscribe", "demo", "/a", "-o", "body", "-0", "--no-newline"], "cannot be combined"),
            (["subscribe", "demo", "/a", "--json-body"], "--json-body needs -o json"),
            (["subscribe", "demo", "/a", "--charset", "x-none"], "unknown charset"),
            (["subscribe", "demo", "/a", "-F", "%{.a..b}"], "invalid path"),
            (["publish", "demo", "/a", "x", "--gzip", "-H", "content-encoding: br"], "--gzip sets this header"),
            (["publish", "demo", "--gzip", "--json-lines", "f"], "--gzip and --json-lines cannot be combined"),
        ] as [([String], String)])
    func wrongOptionsAreReported(arguments: [String], part: String) async throws {
        var program = Program.stomptap()
        program.arguments += arguments
        let result = try await program.run()
        #expect(result.status == .exited(64) && result.errors.contains(part), "\(result)")
    }
}
