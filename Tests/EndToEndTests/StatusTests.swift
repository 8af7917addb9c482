import Foundation
import TestSupport
import Testing

/// Each exit status that can be provoked, by one way to it.
@Suite(.spawning) struct StatusTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var status: Int32
        /// Words in capitals stand for servers.
        var line: String
        /// What the line on stderr says.
        var says: String
        var input = Program.Input.nothing
        /// Sent once it has printed something.
        var signal: Int32?

        var testDescription: String { "\(status): \(line)" }
    }

    static let cases = [
        Case(status: 0, line: "publish BROKER /topic/a hi --login me --passcode right", says: ""),
        Case(status: 0, line: "subscribe demo /topic/clock -n 1 --expect tick", says: ""),
        Case(status: 0, line: "check demo", says: ""),
        Case(status: 1, line: "subscribe demo /topic/clock -W 300ms --expect never", says: "matched"),
        Case(status: 1, line: "request demo /app/echo a --reply /topic/echo -W 1s --expect b", says: "not match"),
        Case(status: 64, line: "publish demo", says: "name a destination"),
        Case(status: 64, line: "subscribe ftp://host /a", says: "ftp"),
        Case(status: 64, line: "tap demo --listen 0.0.0.0:0", says: "--allow-remote"),
        Case(status: 65, line: "publish demo /a {{x}} --template", says: "there is no {{x}}"),
        Case(status: 65, line: "publish demo --json-lines -", says: "line 1", input: .text("nonsense\n")),
        Case(status: 66, line: "publish demo /a -f /nonexistent/body", says: "/nonexistent/body"),
        Case(status: 66, line: "publish demo --json-lines /nonexistent/lines", says: "/nonexistent/lines"),
        Case(status: 68, line: "subscribe stomp://nonexistent.invalid /a", says: "no such host"),
        Case(status: 69, line: "subscribe NOBODY /a", says: "refused"),
        Case(status: 69, line: "check NOBODY", says: "refused"),
        Case(status: 73, line: "subscribe demo /topic/clock --record /nonexistent/record", says: "/nonexistent/record"),
        Case(status: 73, line: "serve --tcp 192.0.2.1:1", says: "cannot listen"),
        Case(status: 73, line: "tap demo --listen 192.0.2.1:1 --allow-remote", says: "cannot listen"),
        Case(
            status: 73, line: "tap demo --listen 127.0.0.1:0 --record /nonexistent/record", says: "/nonexistent/record"),
        Case(status: 74, line: "subscribe demo /topic/clock -n 1 -o none --record /dev/full", says: "/dev/full"),
        Case(status: 75, line: "publish SILENT /a hi --connect-timeout 200ms", says: "no CONNECTED"),
        Case(status: 75, line: "subscribe demo /topic/none -n 1 -W 200ms", says: "0 of 1"),
        Case(status: 75, line: "request demo /app/none a --reply /topic/none -W 200ms", says: "no reply"),
        Case(status: 76, line: "publish FOREIGN /a hi", says: "SSH"),
        Case(status: 77, line: "publish BROKER /a hi --login me --passcode wrong", says: "refused"),
        Case(status: 78, line: "publish nonexistent /a hi", says: "nonexistent"),
        Case(status: 130, line: "subscribe demo /topic/clock", says: " B, in ", signal: SIGINT),
        Case(status: 143, line: "subscribe demo /topic/clock", says: " B, in ", signal: SIGTERM),
    ]

    @Test(arguments: StatusTests.cases) func eachFailureHasItsStatus(_ example: Case) async throws {
        try await withServers(for: example.line) { servers in
            var program = Program.stomptap()
            program.arguments = example.line.split(separator: " ").map { servers[String($0)] ?? String($0) }
            program.input = example.input
            let result = try await program.start { running in
                if let signal = example.signal {
                    try await running.waitFor("\n")
                    running.send(signal: signal)
                }
                return try await running.result()
            }
            #expect(result.status == .exited(example.status), "\(result)")
            if example.status == 0 {
                #expect(result.errors == "")
            } else {
                #expect(result.errors.contains(example.says), "\(result)")
                #expect(example.status == 64 || result.errors.split(separator: "\n").count == 1, "\(result)")
            }
        }
    }

    private func withServers(for line: String, _ body: ([String: String]) async throws -> Void) async throws {
        if line.contains("BROKER") {
            try await ServedBroker.run(["--login", "me:right"]) { try await body(["BROKER": $0.tcp]) }
        } else if line.contains("SILENT") {
            try await ScriptedServer.run(.stall) { try await body(["SILENT": "stomp://127.0.0.1:\($0.port)"]) }
        } else if line.contains("FOREIGN") {
            try await ScriptedServer.run(.sendText("SSH-2.0-OpenSSH_9.2\r\n"), .stall) {
                try await body(["FOREIGN": "stomp://127.0.0.1:\($0.port)"])
            }
        } else {
            try await body(["NOBODY": "stomp://127.0.0.1:\(try Loopback.freePorts(1)[0])"])
        }
    }
}
