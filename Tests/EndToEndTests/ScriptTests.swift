import TestSupport
import Testing

/// The program in the hands of a shell.
@Suite(.spawning) struct ScriptTests {
    @Test(arguments: [false, true]) func aCIJobPasses(overWebSocket: Bool) async throws {
        try await ServedBroker.run { broker in
            let result = try await Program.ciJob(overWebSocket ? broker.webSocket : broker.tcp).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.lines.last == "passed", "\(result)")
        }
    }
}
