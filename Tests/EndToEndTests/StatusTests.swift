import Foundation
import TestSupport
import Testing

/// Every exit status that a test can cause, with at least one cause for each.
@Suite(.spawning) struct StatusTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var status: Int32
        /// The arguments; words in capitals are replaced by addresses of servers.
        var line: String
        /// The steps of SERVER on a connection.
        var server: [ScriptedServer.Step] = [.stall]
        /// Text that the line on stderr must contain.
        var says: String
        var input = Program.Input.nothing
        /// A signal that is sent once the program has printed something.
        var signal: Int32?

        var testDescription: String { "\(status): \(line)" }
    }

    private static let connected: [ScriptedServer.Step] = [
        .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\nserver:scripted\nheart-beat:100,0\n\n\0"),
    ]
    private static let subscribed = connected + [.awaitText("SUBSCRIBE"), .awaitText("\0")]

    static let cases = [
        Case(status: 0, line: "publish BROKER /topic/a hi --login me --passcode right", says: ""),
        Case(status: 0, line: "subscribe demo /topic/clock -n 1 --expect tick", says: ""),
        Case(status: 0, line: "check demo", says: ""),
        Case(status: 1, line: "subscribe demo /topic/clock -W 300ms --expect never", says: "no match"),
        Case(status: 1, line: "request demo /app/echo a --reply /topic/echo -W 4s --expect b", says: "no match"),
        Case(
            status: 1, line: "publish stomp://SERVER /a hi",
            server: connected + [.awaitText("\0"), .sendText("ERROR\nmessage:no such thing\n\n\0"), .stall],
            says: "no such thing"),
        Case(status: 1, line: "bench demo --messages 10 --fail-if p50>0s", says: "--fail-if 'p50>0s'"),
        Case(status: 64, line: "publish demo", says: "missing destination"),
        Case(status: 64, line: "subscribe ftp://host /a", says: "ftp"),
        Case(status: 64, line: "tap demo --listen 0.0.0.0:0", says: "--allow-remote"),
        Case(status: 65, line: "publish demo /a {{x}} --template", says: "unknown field {{x}}"),
        Case(status: 65, line: "publish demo --json-lines -", says: "line 1", input: .text("nonsense\n")),
        Case(status: 66, line: "publish demo /a -f /nonexistent/body", says: "/nonexistent/body"),
        Case(status: 66, line: "publish demo --json-lines /nonexistent/lines", says: "/nonexistent/lines"),
        Case(status: 68, line: "subscribe stomp://nonexistent.invalid /a", says: "no such host"),
        Case(status: 69, line: "subscribe NOBODY /a", says: "refused"),
        Case(status: 69, line: "check NOBODY", says: "refused"),
        Case(
            status: 69, line: "subscribe stomp://SERVER /a -n 1", server: subscribed, says: "closed by the server"),
        Case(status: 69, line: "subscribe stomp://SERVER /a -n 1", server: subscribed + [.reset], says: "reset"),
        Case(
            status: 69, line: "subscribe stomp://SERVER /a -n 1 --heart-beat 0,100 --receipt-timeout 10s",
            server: subscribed + [.stall], says: "heart-beat"),
        Case(status: 73, line: "subscribe demo /topic/clock --record /nonexistent/record", says: "/nonexistent/record"),
        Case(
            status: 73, line: "subscribe demo /topic/clock --ready-file /nonexistent/ready", says: "/nonexistent/ready"),
        Case(status: 73, line: "bench demo --messages 1 --json /nonexistent/json", says: "/nonexistent/json"),
        Case(status: 73, line: "serve --tcp 192.0.2.1:1", says: "cannot listen"),
        Case(status: 73, line: "tap demo --listen 192.0.2.1:1 --allow-remote", says: "cannot listen"),
        Case(
            status: 73, line: "tap demo --listen 127.0.0.1:0 --record /nonexistent/record", says: "/nonexistent/record"),
        Case(status: 74, line: "subscribe demo /topic/clock -n 1 -o none --record /dev/full", says: "/dev/full"),
        Case(status: 75, line: "publish stomp://SERVER /a hi --connect-timeout 3s", says: "waiting for CONNECTED"),
        Case(
            status: 75, line: "publish stomp://SERVER /a hi --receipt require --receipt-timeout 200ms",
            server: connected + [.stall], says: "waiting for a receipt"),
        Case(status: 75, line: "subscribe demo /topic/none -n 1 -W 200ms", says: "0 of 1"),
        Case(status: 75, line: "request demo /app/none a --reply /topic/none -W 200ms", says: "no reply"),
        Case(
            status: 76, line: "publish stomp://SERVER /a hi", server: [.sendText("SSH-2.0-OpenSSH_9.2\r\n"), .stall],
            says: "SSH"),
        Case(
            status: 76, line: "subscribe stomp://SERVER /a -n 1",
            server: subscribed + [.sendText("NONSENSE\n\n\0"), .stall], says: "NONSENSE"),
        Case(
            status: 76, line: "subscribe stomp://SERVER /a -n 1 --max-message 1KiB",
            server: subscribed + [.sendText("MESSAGE\ncontent-length:5000\n\n"), .stall], says: "--max-message"),
        Case(
            status: 76, line: "subscribe ws://SERVER/ws /a", server: ScriptedServer.http("404 Not Found"), says: "404"),
        Case(
            status: 76, line: "subscribe http://SERVER/ws /a --sockjs-transport xhr-polling",
            server: ScriptedServer.http("200 OK", body: "no JSON"), says: "SockJS"),
        Case(status: 76, line: "subscribe stomps://SERVER /a", server: [.sendText("no TLS"), .stall], says: "TLS"),
        Case(
            status: 77, line: "subscribe ws://SERVER/ws /a", server: ScriptedServer.http("401 Unauthorized"),
            says: "401"),
        Case(
            status: 77, line: "subscribe ws://SERVER/ws /a", server: ScriptedServer.http("403 Forbidden"),
            says: "--origin"),
        Case(status: 77, line: "publish BROKER /a hi --login me --passcode wrong", says: "refused"),
        Case(status: 78, line: "publish nonexistent /a hi", says: "nonexistent"),
        Case(status: 130, line: "subscribe demo /topic/clock", says: " B, in ", signal: SIGINT),
        Case(status: 143, line: "subscribe demo /topic/clock", says: " B, in ", signal: SIGTERM),
        Case(status: 129, line: "subscribe demo /topic/clock", says: " B, in ", signal: SIGHUP),
    ]

    @Test(arguments: StatusTests.cases) func eachFailureHasItsStatus(_ example: Case) async throws {
        try await withServers(for: example) { servers in
            var program = Program.stomptap()
            let line = servers.reduce(example.line) { $0.replacing($1.key, with: $1.value) }
            program.arguments = line.split(separator: " ").map(String.init)
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

    private func withServers(for example: Case, _ body: ([String: String]) async throws -> Void) async throws {
        if example.line.contains("BROKER") {
            try await ServedBroker.run(["--login", "me:right"]) { try await body(["BROKER": $0.tcp]) }
        } else if example.line.contains("SERVER") {
            try await ScriptedServer.run(script: { _ in example.server }) {
                try await body(["SERVER": "127.0.0.1:\($0.port)"])
            }
        } else {
            try await body(["NOBODY": "stomp://127.0.0.1:\(try Loopback.freePorts(1)[0])"])
        }
    }
}
