import Foundation
import TestSupport

/// `stomptap tap` on a port of its own, with a record.
struct RunningTap {
    let program: RunningProgram
    /// Its host and port.
    let address: String
    let record: URL

    /// Runs it for as long as `body` does.
    static func run<Value>(
        to endpoint: String, _ options: String..., isolation: isolated (any Actor)? = #isolation,
        _ body: (RunningTap) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryFolder { folder in
            let record = folder.appending(path: "record")
            var tap = Program.stomptap("tap", endpoint, "--listen", "127.0.0.1:0", "--record", record.path)
            tap.arguments += options
            return try await tap.start { program in
                let written = try await program.waitFor("in place of", in: .stderr)
                guard let address = written.firstMatch(of: /127\.0\.0\.1:\d+/) else { throw TestFailure(written) }
                return try await body(RunningTap(program: program, address: String(address.0), record: record))
            }
        }
    }

    /// Ends it as Ctrl-C does.
    func end() async throws -> ProgramResult {
        program.send(signal: SIGINT)
        return try await program.result()
    }
}
