import Foundation
import TestSupport
import Testing

/// `publish --template`, `--rate`, `--interval` and the progress line.
@Suite(.spawning) struct TemplateTests {
    @Test func bodyHeadersAndDestinationAreExpanded() async throws {
        try await ServedBroker.run { broker in
            let subscribe = Program.stomptap(
                "subscribe", broker.tcp, "/topic/1", "/topic/2", "-n", "2", "-F", "%d %{content-type} %{x} %b")
            try await subscribe.startSubscribed { subscriber in
                var publish = Program.stomptap(
                    "publish", broker.tcp, "/topic/{{count}}", #"{"n":{{count}},"who":"{{env WHO}}"}"#, "--template",
                    "--count", "2", "-H", "x: {{{{{{count}}")
                publish.environment["WHO"] = "민지 {{count}}"
                let published = try await publish.run()
                #expect(published.status == .exited(0), "\(published)")
                #expect(
                    try await subscriber.result().lines
                        == (1...2).map {
                            #"/topic/\#($0) application/json {{\#($0) {"n":\#($0),"who":"민지 {{count}}"}"#
                        })
            }
        }
    }

    @Test func eachLineIsATemplate() async throws {
        let script = "line {{count}}\nand {{count}}\n"
        try await ServedBroker.run { broker in
            try await Program.stomptap("subscribe", broker.tcp, "/topic/a", "-n", "1", "-o", "body").startSubscribed {
                subscriber in
                let published = try await Program.stomptap(
                    "publish", broker.tcp, "/topic/a", "-l", "--template", "--skip", "1", input: .text(script)
                ).run()
                #expect(published.status == .exited(0), "\(published)")
                #expect(try await subscriber.result().output == "and 2\n")
            }
        }
    }

    /// 19 pauses of 50 ms each; `PaceTests` checks the times of single messages.
    @Test(arguments: [["--rate", "20/s"], ["--rate", "1200/m"], ["--interval", "50ms"]])
    func messagesTakeTheirTime(pace: [String]) async throws {
        var publish = Program.stomptap("publish", "demo", "/topic/a", "x", "--count", "20")
        publish.arguments += pace
        let start = ContinuousClock.now
        #expect(try await publish.run().status == .exited(0))
        #expect((.milliseconds(950)..<(.seconds(20))).contains(.now - start))
    }

    /// Waiting between messages must not use CPU time.
    @Test func pacingDoesNotSpin() async throws {
        let result = try await Program(
            "/bin/sh",
            [
                "-c", "\"$0\" publish demo /topic/a x --count 4 --interval 700ms && times",
                Program.stomptap().path,
            ]
        ).run()
        let seconds = result.output.matches(of: /(\d+)m([\d.]+)s/).compactMap { Double($0.output.2) }.reduce(0, +)
        #expect(result.status == .exited(0) && seconds > 0 && seconds < 1.2, "\(result)")
    }

    /// Ctrl-C between two messages: the receipt of DISCONNECT confirms the messages that were sent.
    @Test func ctrlCReportsWhatIsConfirmed() async throws {
        try await ServedBroker.run { broker in
            try await Program.stomptap("subscribe", broker.tcp, "/topic/a", "-o", "body").startSubscribed {
                subscriber in
                let publish = Program.stomptap(
                    "publish", broker.tcp, "/topic/a", "{{count}}", "--template", "--count", "100", "--interval",
                    "200ms")
                try await publish.start { publisher in
                    try await subscriber.waitFor("3\n")
                    publisher.send(signal: SIGINT)
                    let result = try await publisher.result()
                    #expect(result.status == .exited(130))
                    let line = /stomptap: interrupted: (\d+) sent, (\d+) confirmed; resume with --skip (\d+)\n/
                    let match = try #require(result.errors.wholeMatch(of: line), "\(result)")
                    #expect(match.output.1 == match.output.2 && match.output.2 == match.output.3)
                }
            }
        }
    }

    @Test func howFarItIsIsShownOnATerminal() async throws {
        let program = Program.stomptap("publish", "demo", "/topic/a", "x", "--count", "100", "--rate", "40/s")
        try await TerminalProgram.run(program, columns: 40) { running in
            try await running.wait(forEnd: .exited(0))
            // A line wider than the terminal could not be erased completely.
            try await running.wait(for: "the line is still there") { $0.shown.joined().isEmpty }
            for part in ["of 100 sent", "[#####"] { #expect(running.end(of: part, from: 0) != nil, "no \(part)") }
        }
    }

    @Test func theLineMakesWayForTheFailure() async throws {
        let program = Program.stomptap("publish", "demo", "/topic/a", "x", "--count", "1000", "--rate", "40/s")
        try await TerminalProgram.run(program, columns: 80) { running in
            let model = try await running.wait(for: "no progress") { $0.shown.contains { $0.contains("of 1000 sent") } }
            #expect(model.shown.count == 1, "\(model.shown)")
            running.send(signal: SIGINT)
            try await running.wait(forEnd: .exited(130))
            try await running.wait(for: "no last line") {
                $0.shown.count == 1 && $0.shown[0].hasPrefix("stomptap: interrupted: ")
            }
        }
    }

    @Test func whatTakesAMomentShowsNothing() async throws {
        try await TerminalProgram.run(.stomptap("publish", "demo", "/topic/a", "x", "--count", "3")) { running in
            let start = ContinuousClock.now
            try await running.wait(forEnd: .exited(0))
            // On a busy machine this may take longer.
            #expect(running.writtenCount == 0 || .now - start > .milliseconds(700))
        }
    }

    @Test(
        arguments: [
            (["/a", "x", "--speed", "2"], "--json-lines"), (["--json-lines", "f", "--template"], "--template"),
            (["--json-lines", "f", "-l"], "-l"),
            (["/a", "x", "--rate", "1/s", "--interval", "1s"], "cannot be combined"),
            (["--json-lines", "f", "--speed", "-1"], "--speed"),
            (["/a", "x", "--rate", "fast"], "expected messages per second or minute"),
            (["--json-lines", "f", "--speed", "1", "--rate", "1/s"], "--rate"), ([], "missing destination"),
        ] as [([String], String)])
    func whatDoesNotGoTogether(arguments: [String], part: String) async throws {
        var program = Program.stomptap("publish", "demo")
        program.arguments += arguments
        let result = try await program.run()
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.errors.contains(part), "\(result)")
    }
}
