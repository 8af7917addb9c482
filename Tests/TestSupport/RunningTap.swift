import Foundation

/// `stomptap tap` on a free port.
public struct RunningTap {
    public let program: RunningProgram
    /// The URL that apps use in place of the server's.
    public let url: String
    /// Its host and port.
    public let address: String

    /// Runs a tap of the given server while `body` runs.
    public static func run<Value>(
        to endpoint: String, _ options: [String] = [], environment: [String: String] = [:],
        output: Program.Output = .collected,
        isolation: isolated (any Actor)? = #isolation, _ body: (RunningTap) async throws -> Value
    ) async throws -> Value {
        var tap = Program.stomptap("tap", endpoint, "--listen", "127.0.0.1:0")
        tap.arguments += options
        tap.environment = environment
        tap.output = output
        return try await tap.start { program in
            let written = try await program.waitFor(" in the app instead of ", in: .stderr)
            guard let match = written.firstMatch(of: #/use (\w+://(127\.0\.0\.1:\d+)\S*) in the app instead of /#)
            else { throw TestFailure(written) }
            return try await body(
                RunningTap(program: program, url: String(match.output.1), address: String(match.output.2)))
        }
    }

    /// Ends it with the signal of Ctrl-C.
    ///
    /// - Throws: ``TestFailure`` if it ends in another way.
    public func end() async throws -> ProgramResult {
        program.send(signal: SIGINT)
        let result = try await program.result()
        guard result.status == .exited(130) else { throw TestFailure("the tap has ended otherwise: \(result)") }
        return result
    }
}
