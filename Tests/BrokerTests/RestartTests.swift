import Foundation
import TestSupport
import Testing

/// A server that restarts while `subscribe` runs.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct RestartTests {
    @Test func aTailOutlivesARestartOfRabbitMQ() async throws {
        let rabbitMQ = try await RabbitMQServer.start()
        let urls = ["stomp://127.0.0.1:\(rabbitMQ.stompPort)", "ws://127.0.0.1:\(rabbitMQ.webSocketPort)/ws"]
        try await tail(urls[0]) { first in
            try await tail(urls[1]) { second in
                try await publish("before", at: urls[0])
                for tail in [first, second] { try await tail.waitFor("before\n") }
                try await rabbitMQ.server.restart()
                for tail in [first, second] {
                    try await tail.waitFor("reconnected; offline from ", in: .stderr)
                    // The receipt for the restored subscription.
                    try await tail.waitFor("< stomp RECEIPT ", count: 2, in: .stderr)
                }
                try await publish("after", at: urls[1])
                for tail in [first, second] {
                    try await tail.waitFor("after\n")
                    tail.send(signal: SIGINT)
                    let result = try await tail.result()
                    #expect(result.status == .exited(130))
                    #expect(result.output == "before\nafter\n")
                    #expect(result.errors.contains("; retrying in "), "\(result)")
                    let away = /reconnected; offline from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d \([\d.]+ m?s\)\n/
                    #expect(result.errors.matches(of: away).count == 1, "\(result)")
                }
            }
        }
        try await rabbitMQ.server.stop()
    }

    private func tail(_ url: String, _ body: (RunningProgram) async throws -> Void) async throws {
        var tail = Program.stomptap(
            "subscribe", url, "/topic/restart", "--virtual-host", "/", "-o", "body", "-v", "--reconnect", "forever",
            "--reconnect-max-delay", "1s")
        // On a loaded machine a restart can take half a minute.
        tail.limit = .seconds(240)
        try await tail.startSubscribed(body)
    }

    private func publish(_ text: String, at url: String) async throws {
        let sent = try await Program.stomptap("publish", url, "/topic/restart", text, "--virtual-host", "/").run()
        #expect(sent.status == .exited(0), "\(sent)")
    }
}
