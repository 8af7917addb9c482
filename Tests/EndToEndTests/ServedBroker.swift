import Foundation
import TestSupport

/// `stomptap serve` on free ports.
struct ServedBroker {
    let program: RunningProgram
    let tcp: String
    let webSocket: String

    /// Both URLs, for tests that hold over either.
    var urls: [String] { [tcp, webSocket] }

    static func run<Value>(
        _ arguments: [String] = [], isolation: isolated (any Actor)? = #isolation,
        _ body: (ServedBroker) async throws -> Value
    ) async throws -> Value {
        var program = Program.stomptap("serve", "--tcp", "127.0.0.1:0", "--ws", "127.0.0.1:0")
        program.arguments += arguments
        return try await program.start { running in
            let lines = try await running.waitFor("\n", count: 2).split(separator: "\n").map(String.init)
            return try await body(ServedBroker(program: running, tcp: lines[0], webSocket: lines[1]))
        }
    }
}

extension Program {
    /// A `subscribe` that stands while `body` runs.
    func startSubscribed<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (RunningProgram) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryFolder { folder in
            let ready = folder.appending(path: "ready").path
            var program = self
            program.arguments += ["--ready-file", ready]
            return try await program.start { running in
                _ = try await running.wait(otherwise: "does not stand") {
                    FileManager.default.fileExists(atPath: ready) ? true : nil
                }
                return try await body(running)
            }
        }
    }
}

/// 1000 lines that break what handles text carelessly.
let awkwardLines = (1...1000).map { "줄 \($0): 한글 \u{1F600} back\\slash : colon \\n \\c" }
