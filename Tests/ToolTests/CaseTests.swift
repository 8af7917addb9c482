import Foundation
import TestSupport
import Testing

/// User reports, reproduced with scripted peers: `Cases/run --list` prints the reason for each.
@Suite(.spawning) struct CaseTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases/run").path

    @Test func allPass() async throws {
        var program = Program("/usr/bin/python3", [Self.script, "--jobs", "2", "--time-factor", "10"])
        program.environment = ["STOMPTAP": Program.stomptap().path, "PYTHONDONTWRITEBYTECODE": "1"]
        program.limit = .seconds(300)
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.lines.count { $0.hasPrefix("PASS ") } == 31, "\(result)")
    }
}
