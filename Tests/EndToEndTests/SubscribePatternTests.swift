import TestSupport
import Testing

/// `--grep`, `--expect` and `--nack-match`.
@Suite(.spawning) struct SubscribePatternTests {
    private func tail(
        _ arguments: String..., bodies: [String]
    ) async throws -> (result: ProgramResult, received: String) {
        try await MessageSource.tail(arguments + ["-o", "body"], frames: MessageSource.frames(bodies))
    }

    @Test func onlyWhatMatchesIsPrintedAndCounted() async throws {
        let (result, _) = try await tail("--grep", "^b", "-n", "2", bodies: ["a", "b1", "c", "b2", "b3"])
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == "b1\nb2\n")
    }

    @Test func theExpectedBodyEndsItWith0() async throws {
        let (result, _) = try await tail("--expect", "up", bodies: ["down", "up", "down"])
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == "down\nup\n")
    }

    @Test(arguments: [["-n", "2"], ["-W", "5s"], ["--idle-timeout", "5s"]])
    func nothingThatMatchesIs1(limit: [String]) async throws {
        let (result, _) = try await tail("--expect", "up", limit[0], limit[1], bodies: ["down", "down"])
        #expect(result.status == .exited(1), "\(result)")
        #expect(result.errors == "stomptap: STOMP: no match for \"up\" in 2 messages\n")
    }

    @Test func whatIsNotTakenIsAnsweredWithNACK() async throws {
        let (result, received) = try await tail(
            "--ack", "client-individual", "--nack-match", "poison", "-n", "3", bodies: ["a", "poison", "b"])
        #expect(result.status == .exited(0), "\(result)")
        #expect(MessageSource.answers(in: received) == ["ACK 0", "NACK 1", "ACK 2"])
    }

    @Test func whatIsNotPrintedIsAcknowledgedAllTheSame() async throws {
        let (result, received) = try await tail(
            "--ack", "client-individual", "--grep", "b", "-n", "1", bodies: ["a", "b", "c"])
        #expect(result.status == .exited(0), "\(result)")
        #expect(MessageSource.answers(in: received) == ["ACK 0", "ACK 1"])
    }

    @Test func nackWithoutAckIsAMisunderstanding() async throws {
        let result = try await Program.stomptap("subscribe", "demo", "/topic/clock", "--nack-match", "x").run()
        #expect(result.status == .exited(64))
        #expect(result.errors.contains("--ack client or client-individual"))
    }

    /// If only 1.0 is allowed, the error comes before connecting; otherwise once the version is known.
    @Test func nackIsRefusedWhereStomp10HasNone() async throws {
        let options = ["--nack-match", "x", "--ack", "client"]
        var only = Program.stomptap("subscribe", "stomp://127.0.0.1:1", "/a", "--stomp-version", "1.0")
        only.arguments += options
        let refused = try await only.run()
        #expect(refused.status == .exited(64), "\(refused)")
        #expect(refused.errors.contains("--nack-match: STOMP 1.0 has no NACK"), "\(refused)")

        let old = ScriptedServer.Step.sendText("CONNECTED\nsession:1\n\n\0")
        try await ScriptedServer.run(.awaitText("\0"), old, .stall) { server in
            var program = Program.stomptap("subscribe", "stomp://127.0.0.1:\(server.port)", "/a")
            program.arguments += options
            let result = try await program.run()
            #expect(result.status == .exited(64))
            #expect(result.errors == "stomptap: STOMP: --nack-match: the server uses STOMP 1.0, which has no NACK\n")
        }
    }
}
