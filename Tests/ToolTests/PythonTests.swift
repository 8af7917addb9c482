import Foundation
import TestSupport
import Testing

/// Independent servers: the `websockets` package, and the standard library's `http.server`.
@Suite(.spawning) struct PythonTests {
    /// Runs a script of `Servers`, which prints its port, while `body` runs.
    private func withServer<Value>(
        _ script: String, isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> Value
    ) async throws -> Value {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Servers/\(script)")
        // The system's Python: another one may lack the package.
        return try await Program("/usr/bin/python3", [file.path]).start { server in
            let port = try await server.waitFor("\n").prefix { $0.isNumber }
            return try await body("127.0.0.1:\(port)")
        }
    }

    @Test func anEchoServerIsTalkedTo() async throws {
        try await withServer("echo.py") { address in
            let lines = "hello\n안녕\nping\nbye\n"
            let result = try await Program.stomptap(
                "raw", "--text", "ws://\(address)/", "--timestamps", "none", input: .text(lines)
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.output.hasPrefix("* ws open \(address)\n> ws text  5 B\n  hello\n"), "\(result)")
            for part in [
                "< ws text  5 B\n  hello\n", "< ws text  6 B\n  안녕\n", "< ws ping  4 B\n  abcd\n",
                "< ws close 1001 going away \"leaving\"  clean\n",
            ] {
                #expect(result.output.contains(part), "\(part) is missing in \(result)")
            }
        }
    }

    @Test func binaryMessagesComeBackAsSuch() async throws {
        try await withServer("echo.py") { address in
            let program = Program.stomptap(
                "raw", "--text", "--ws-binary", "--escapes", "ws://\(address)/", "-o", "json", "-n", "1",
                input: .text(#"\xff\x00"# + "\n"))
            let result = try await program.run()
            #expect(result.status == .exited(0), "\(result)")
            let body = #""layer":"ws","type":"binary","body":"/wA=","bodyEncoding":"base64","bodySize":2}"#
            #expect(result.output.contains(#""direction":"out","# + body), "\(result)")
            #expect(result.output.contains(#""direction":"in","# + body), "\(result)")
        }
    }

    @Test func eventsAreTailedOverSeveralStreams() async throws {
        try await withServer("events.py") { address in
            let program = Program.stomptap("raw", "--sse", "http://\(address)/", "-n", "5", "-F", "%{event} %{id} %b")
            let result = try await program.run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.output == (1...5).map { "tick \($0) {\"tick\":\n\($0)}\n" }.joined(), "\(result)")
        }
    }

    @Test func aPageIsNotAnEventStream() async throws {
        try await withServer("events.py") { address in
            let result = try await Program.stomptap("raw", "--sse", "http://\(address)/page").run()
            #expect(result.status == .exited(76), "\(result)")
            #expect(result.errors.contains("text/html"), "\(result)")
        }
    }
}
