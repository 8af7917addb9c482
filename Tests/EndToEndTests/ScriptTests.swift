import TestSupport
import Testing

/// The program in shell scripts.
@Suite(.spawning) struct ScriptTests {
    @Test(arguments: [false, true]) func aCIJobPasses(overWebSocket: Bool) async throws {
        try await ServedBroker.run { broker in
            let result = try await Program.ciJob(overWebSocket ? broker.webSocket : broker.tcp).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.lines.last == "passed", "\(result)")
        }
    }

    @Test func theREADMEsScriptPasses() async throws {
        try await ServedBroker.run { broker in
            for url in broker.urls {
                let result = try await Program.smokeScript(url).run()
                #expect(result.status == .exited(0), "\(result)")
                #expect(result.errors == "")
            }
        }
    }

    /// Each failure ends the job with its own exit status.
    @Test func theREADMEsScriptFails() async throws {
        try await ServedBroker.run(["--login", "me:right"]) { broker in
            let url = broker.tcp.replacing("://", with: "://me:wrong@")
            let result = try await Program.smokeScript(url).run()
            #expect(result.status == .exited(77), "\(result)")
            #expect(result.errors.contains("CONNECT was refused"), "\(result)")
        }
    }
}
