import Foundation
import TestSupport
import Testing

/// Runs the command lines of the README's `sh` blocks; only server names and ports are replaced by those of the tests.
///
/// `stomp://localhost` is ActiveMQ; with `/%2F`, and on port 15674, it is RabbitMQ; on port 8080 it is `serve`.
@Suite(.spawning, .timeLimit(.minutes(5))) struct ReadmeTests {
    /// Lines that need a server that is not available here, or take minutes.
    private static let excluded = [
        "://example.org", "localhost:8000", "localhost:9001", "stomptap bench", "stomptap serve", "smoke.sh",
    ]

    static let lines: [String] = {
        let blocks = (try? Repository.text("README.md"))?.components(separatedBy: "```sh\n").dropFirst() ?? []
        return blocks.compactMap { $0.components(separatedBy: "```").first }
            .filter { !$0.hasPrefix("#!") }
            .flatMap { $0.split(separator: "\n").map(String.init) }
            .filter { line in line.contains("stomptap ") && !excluded.contains { line.contains($0) } }
    }()

    @Test func thereAreLines() { #expect(Self.lines.count > 40) }

    @Test(arguments: lines) func aLineDoesWhatItSays(line: String) async throws {
        let rabbitMQ = try await RabbitMQServer.shared
        let activeMQ = try await ActiveMQServer.shared
        try await withTemporaryFolder { folder in
            try Self.fill(folder)
            try await Self.withApplication(for: line) { application in
                let ready = folder.appending(path: "ready").path
                // Commands that run until Ctrl-C write a ready file.
                let command =
                    line
                    .replacing("stomptap subscribe ", with: "stomptap subscribe --ready-file \(ready) ")
                    .replacing("stomptap tap ", with: "stomptap tap --ready-file \(ready) ")
                    .replacing("localhost/%2F", with: "localhost:\(rabbitMQ.stompPort)/%2F")
                    .replacing("localhost:15674", with: "localhost:\(rabbitMQ.webSocketPort)")
                    .replacing("localhost:8080", with: "localhost:\(application)")
                    .replacing("stomp://localhost ", with: "stomp://localhost:\(activeMQ.stompPort) ")
                    .replacing("stomp://staging.example.org ", with: "stomp://localhost:\(activeMQ.stompPort) ")
                    .replacing(/--listen 127\.0\.0\.1:\d+/, with: "--listen 127.0.0.1:0")
                    .replacing("--login app", with: "--login guest")
                    .replacing("tail -f", with: "cat")
                var shell = Program("/bin/sh", ["-c", "cd \(folder.path); \(command)"])
                shell.environment["PATH"] = "\(Program.productsFolder):\(folder.path):/usr/bin:/bin"
                shell.environment["RABBIT"] = "guest"
                try await shell.start { shell in
                    let status = try await shell.wait(otherwise: "goes on: \(command)") {
                        if FileManager.default.fileExists(atPath: ready) { return ProgramResult.Status.running }
                        let status = shell.written.status
                        return status == .running ? nil : status
                    }
                    #expect(status == .running || status == .exited(0), "\(command): \(shell.written)")
                }
            }
        }
    }

    /// Creates the files that the lines use.
    private static func fill(_ folder: URL) throws {
        let files = [
            "photo.png": "\u{89}PNG", "app.log": "one\ntwo\n", "jobs.txt": "one\ntwo\n",
            "session.txt": "sub /topic/readme\nsend /topic/readme hi\nwait 1\n",
            "frames.txt": "CONNECT\naccept-version:1.2\nhost:localhost\n\n^@\n",
            "orders.jsonl": #"{"time":"2026-11-30T17:09:28.621849Z","direction":"in","command":"MESSAGE","#
                + #""headers":{"destination":"/topic/readme"},"body":"hi","bodyEncoding":"utf-8","bodySize":2}"# + "\n",
            "a.jsonl": "", "job": "#!/bin/sh\ncat >/dev/null\n", "get-token": "#!/bin/sh\necho guest\n",
        ]
        for (name, text) in files {
            let path = folder.appending(path: name).path
            try Data(text.utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
    }

    /// Runs the application that a line needs, such as Spring with SockJS or a plain WebSocket endpoint, and passes
    /// its port.
    private static func withApplication(
        for line: String, isolation: isolated (any Actor)? = #isolation, _ body: (Int) async throws -> Void
    ) async throws {
        guard line.contains(":8080") else { return try await body(0) }
        var serve = Program.stomptap("serve", "--ws", "127.0.0.1:0", "--origin", "*")
        if !line.contains("ws://") { serve.arguments += ["--emulate", "spring"] }
        if let match = line.firstMatch(of: /--reply (\S+)/) { serve.arguments += ["--route", "/app/price=\(match.1)"] }
        try await serve.start { serve in
            let written = try await serve.waitFor("/ws\n")
            let port = try #require(written.firstMatch(of: /:(\d+)\/ws/)).1
            try await body(try #require(Int(port)))
        }
    }
}
