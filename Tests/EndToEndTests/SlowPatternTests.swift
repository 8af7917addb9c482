import Foundation
import TestSupport
import Testing

/// A regular expression with catastrophic backtracking, and a body for which the match practically never ends.
@Suite(.spawning) struct SlowPatternTests {
    private static let pattern = "(a+)+$"
    private static let hostile = String(repeating: "a", count: 200) + "b"
    private static let warning = "the regular expression \"\(pattern)\" has taken more than 1 s"

    /// Ends a program with Ctrl-C; it must not wait for the match.
    private func interrupt(_ program: RunningProgram) async throws -> ProgramResult {
        program.send(signal: SIGINT)
        let result = try await program.result()
        #expect(result.errors.components(separatedBy: Self.warning).count == 2, "said once: \(result)")
        return result
    }

    private func publish(_ body: String, to url: String, _ destination: String = "/topic/a") async throws {
        let result = try await Program.stomptap("publish", url, destination, body).run()
        #expect(result.status == .exited(0), "\(result)")
    }

    @Test(arguments: [["--grep", pattern], ["--expect", pattern], ["--ack", "client", "--nack-match", pattern]])
    func ctrlCEndsATail(options: [String]) async throws {
        try await ServedBroker.run(["--heart-beat", "200,200"]) { broker in
            var program = Program.stomptap("subscribe", broker.tcp, "/topic/a", "--heart-beat", "200,200")
            program.arguments += options
            try await program.startSubscribed { tail in
                for _ in 0..<2 { try await publish(Self.hostile, to: broker.tcp) }
                // Heart-beats continue; without them the broker would have disconnected by then.
                try await tail.waitFor(Self.warning, in: .stderr)
                let result = try await interrupt(tail)
                #expect(result.status == .exited(130) && !result.errors.contains("heart-beat"), "\(result)")
            }
        }
    }

    @Test func timeEndsARequest() async throws {
        try await ServedBroker.run { broker in
            let result = try await Program.stomptap(
                "request", broker.tcp, "/app/echo", Self.hostile, "--reply", "/topic/echo", "--expect", Self.pattern,
                "--timeout", "3s"
            ).run()
            #expect(result.status == .exited(75), "\(result)")
            #expect(result.errors.contains(Self.warning), "\(result)")
        }
    }

    @Test func timeEndsAScriptThatExpects() async throws {
        try await ServedBroker.run { broker in
            let script = "sub /topic/a\nsend /topic/a \(Self.hostile)\nexpect \(Self.pattern) --timeout 2s\nquit\n"
            let result = try await Program.stomptap("connect", broker.tcp, input: .text(script)).run()
            #expect(result.status == .exited(75), "\(result)")
            #expect(result.errors.contains("\(Self.pattern) took longer than 2 s"), "\(result)")
        }
    }

    /// A frame of one client blocks only its own session. The pattern matches no header.
    @Test func aServerServesTheOthers() async throws {
        try await ServedBroker.run(["--fail", "send:\(Self.pattern)=No"]) { broker in
            let stuck = Program.stomptap("publish", broker.tcp, "/topic/b", Self.hostile)
            try await stuck.start { _ in
                try await broker.program.waitFor(Self.warning, in: .stderr)
                try await Program.stomptap("subscribe", broker.tcp, "/topic/b", "-n", "2", "-o", "body").startSubscribed
                {
                    tail in
                    for body in ["b", "c"] { try await publish(body, to: broker.tcp, "/topic/b") }
                    #expect(try await tail.result().lines == ["b", "c"])
                }
                let refused = try await Program.stomptap("publish", broker.tcp, "/topic/b", "aa").run()
                #expect(refused.status == .exited(1) && refused.errors.contains("No"), "\(refused)")
                #expect(try await interrupt(broker.program).status == .exited(130))
            }
        }
    }

    @Test(arguments: [["--grep", pattern], ["--drop", "messages:\(pattern)"]])
    func aTapPassesTheOthers(options: [String]) async throws {
        try await ServedBroker.run { broker in
            try await RunningTap.run(to: broker.tcp, options) { tap in
                let stuck = Program.stomptap("publish", tap.url, "/topic/a", Self.hostile)
                try await stuck.start { _ in
                    try await tap.program.waitFor(Self.warning, in: .stderr)
                    try await Program.stomptap("subscribe", tap.url, "/topic/a", "-n", "2", "-o", "body")
                        .startSubscribed {
                            tail in
                            for body in ["b", "c"] { try await publish(body, to: tap.url) }
                            #expect(try await tail.result().lines == ["b", "c"])
                        }
                    #expect(try await interrupt(tap.program).status == .exited(130))
                }
            }
        }
    }
}
