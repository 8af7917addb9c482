import Foundation
import TestSupport
import Testing

/// `tap`, as a user runs it.
@Suite(.spawning) struct TapCommandTests {
    private struct Line: Decodable {
        var direction: String
        var connection: Int
        var app: String
        var command: String
        var headers: [String: String]
        var body: String
    }

    /// Runs a tap of the demo while `body` runs.
    private func withTap<Value>(
        _ options: String..., output: Program.Output = .collected,
        isolation: isolated (any Actor)? = #isolation, _ body: (RunningTap) async throws -> Value
    ) async throws -> Value {
        try await RunningTap.run(to: "demo", ["--timestamps", "none"] + options, output: output, body)
    }

    /// Sends to an echo destination through the tap, and waits for the reply.
    private func talk(through url: String, _ body: String = "hi") async throws {
        let result = try await Program.stomptap(
            "request", url, "/app/echo", body, "--reply", "/topic/echo", "--login", "me", "--passcode", "secret"
        ).run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output.contains(body))
    }

    @Test func framesOfBothSidesArePrintedAndTheRestIsOnStderr() async throws {
        let result = try await withTap { tap in
            try await talk(through: tap.url)
            try await tap.program.waitFor("* end: ", in: .stderr)
            return try await tap.end()
        }
        for part in [
            "1 127\\.0\\.0\\.1:\\d+ app > server CONNECT\n", "\n +passcode: [*]{4}\n",
            "1 127\\.0\\.0\\.1:\\d+ app < server CONNECTED\n", "app > server SEND /app/echo .*2 B\n",
            "app < server MESSAGE /topic/echo .*2 B\n( .*\n)* +hi\n",
        ] {
            #expect(result.output.contains(try Regex(part)), "\(part) is not in \(result)")
        }
        #expect(!result.output.contains("secret"))
        #expect(result.errors.contains("* open: "))
        #expect(result.errors.contains(#/stomptap: 1 connection, \d+ frames, .*B, in /#))
    }

    @Test func theRecordHoldsEverythingAndTheOutputWhatIsAskedFor() async throws {
        try await withTemporaryFolder { folder in
            let record = folder.appending(path: "a.jsonl").path
            let result = try await withTap(
                "--record", record, "-o", "json", "--command", "send,message", "--destination", "/*/echo", "--grep",
                "^two$"
            ) { tap in
                for body in ["one", "two"] { try await talk(through: tap.url, body) }
                try await tap.program.waitFor("* end: ", count: 2, in: .stderr)
                return try await tap.end()
            }
            func read(_ text: String) throws -> [Line] {
                try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            }
            let printed = try read(result.output)
            #expect(printed.map(\.command) == ["SEND", "MESSAGE"], "\(result)")
            #expect(printed.map(\.direction) == ["to-server", "to-app"])
            #expect(printed.allSatisfy { $0.connection == 2 && $0.body == "two" })
            let lines = try read(String(contentsOfFile: record, encoding: .utf8))
            #expect(Set(lines.map(\.connection)) == [1, 2])
            #expect(lines.filter { $0.command == "CONNECT" }.map { $0.headers["passcode"] } == ["****", "****"])
            #expect(lines.filter { $0.command == "SEND" }.map(\.body) == ["one", "two"])
            #expect(Set(lines.map(\.command)).isSuperset(of: ["CONNECTED", "SUBSCRIBE", "MESSAGE", "DISCONNECT"]))

            // A replay sends only what the apps sent.
            let again = try await Program.stomptap("publish", "demo", "--json-lines", record, "-v").run()
            #expect(again.status == .exited(0), "\(again)")
            #expect(again.errors.matches(of: /> stomp SEND \/app\/echo/).count == 2, "\(again)")
            #expect(again.errors.contains("skipped \(lines.count - 2) recorded lines that are not a SEND"), "\(again)")
        }
    }

    @Test func theSummaryListsWhoSentWhat() async throws {
        let result = try await withTap("-o", "none", "--summary") { tap in
            try await talk(through: tap.url)
            try await tap.program.waitFor("* end: ", in: .stderr)
            return try await tap.end()
        }
        #expect(result.output == "")
        let summary = result.errors
        #expect(
            summary.contains(#/\nconnection +CONNECT +SEND +.*MESSAGE.*\n1  127\.0\.0\.1:\d+ +1 +1 /#), "\(result)")
        #expect(summary.contains(#/\n/app/echo +1 /#), "\(result)")
        #expect(summary.contains(#/\nround trip +receipts +min +median +p99 +max\nconnection 1  127/#), "\(result)")
    }

    /// As with `| head -1`.
    @Test func aReaderThatGoesEndsIt() async throws {
        let result = try await withTap(output: .firstLine) { tap in
            // The app may lose its connection when the tap ends.
            _ = try await Program.stomptap("publish", tap.url, "/topic/a", "hi").run()
            return try await tap.program.result()
        }
        #expect(result.status == .exited(0), "\(result)")
    }

    /// The tap's output is not read, and the app is not affected.
    @Test func theAppNeverWaitsForTheTerminal() async throws {
        let body = String(repeating: "x", count: 100_000)
        try await withTap(output: .held) { tap in
            let lines = Program.stomptap(
                "publish", tap.url, "/topic/a", body, "--count", "300", "--content-type", "text/plain")
            let result = try await lines.run()
            #expect(result.status == .exited(0), "\(result)")
            tap.program.readOutput()
            try await tap.program.waitFor("were not printed", in: .stderr)
            let ended = try await tap.end()
            let shown = ended.output.matches(of: /> server SEND/).count
            #expect((30..<300).contains(shown), "\(shown)")
        }
    }

    @Test func theReadyFileIsThereOnceItListens() async throws {
        try await withTemporaryFolder { folder in
            let ready = folder.appending(path: "ready").path
            try await withTap("--ready-file", ready) { tap in
                _ = try await tap.program.wait(otherwise: "has not made the file") {
                    FileManager.default.fileExists(atPath: ready) ? true : nil
                }
                let port = try #require(tap.url.split(separator: ":").last.flatMap { Int($0) })
                #expect(Loopback.accepts(port))
                _ = try await tap.end()
                #expect(!Loopback.accepts(port))
            }
        }
    }
}
