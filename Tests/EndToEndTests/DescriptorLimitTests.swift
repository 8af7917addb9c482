import TestSupport
import Testing

/// `ulimit -n`.
@Suite(.spawning) struct DescriptorLimitTests {
    private func run(_ limit: String, _ command: String) async throws -> ProgramResult {
        try await Program(
            "/bin/sh", ["-c", "ulimit \(limit); exec \"$0\" \(command)", Program.stomptap().path]
        )
        .run()
    }

    /// Event loops would crash without the descriptors that they need.
    @Test(arguments: [
        "subscribe demo /topic/clock -n 1", "publish demo /topic/a hi", "request demo /app/echo hi --reply /topic/echo",
        "serve --tcp 127.0.0.1:0", "tap stomp://127.0.0.1:1 --listen 127.0.0.1:0", "bench demo --messages 5",
        "check stomp://127.0.0.1:1", "connect demo", "raw ws://127.0.0.1:1/",
    ])
    func tooFewAreNamed(command: String) async throws {
        for limit in [4, 5, 8, 12, 16, 18] {
            let result = try await run("-n \(limit)", command)
            #expect(result.status == .exited(69), "\(limit): \(result)")
            #expect(
                result.errors.hasPrefix("stomptap: open files limit \(limit) is too low; ")
                    && result.errors.contains("raise it with ulimit -n "), "\(limit): \(result)")
        }
    }

    /// With the required number of descriptors, everything works.
    @Test func enoughAreEnough() async throws {
        let refused = try await run("-n 8", "publish demo /topic/a hi")
        let needed = try #require(refused.errors.firstMatch(of: /raise it with ulimit -n (\d+)/)?.1)
        for command in ["subscribe demo /topic/clock -n 1 -o none", "publish demo /topic/a hi", "check demo"] {
            let result = try await run("-n \(needed)", command)
            #expect(result.status == .exited(0), "\(result)")
        }
    }

    @Test func aSoftLimitIsRaised() async throws {
        let result = try await run("-Sn 8", "publish demo /topic/a hi")
        #expect(result.status == .exited(0), "\(result)")
    }
}
