import TestSupport
import Testing

/// `raw --sse`, with scripted servers.
@Suite(.spawning) struct EventStreamTests {
    private func head(_ type: String) -> ScriptedServer.Step {
        .sendText("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nConnection: close\r\n\r\n")
    }

    @Test func whatAStreamLeavesOffTheNextGoesOnWith() async throws {
        try await ScriptedServer.run(script: { number in
            [
                .awaitText("\r\n\r\n"), head("text/event-stream"),
                .sendText("retry: 10\nid: \(number)\ndata: number \(number)\n\n"),
            ]
        }) { server in
            let url = "http://127.0.0.1:\(server.port)/events"
            let result = try await Program.stomptap("raw", "--sse", url, "-n", "3", "-o", "body").run()
            try #require(result.status == .exited(0), "\(result)")
            #expect(result.lines == ["number 0", "number 1", "number 2"])
            #expect(result.errors.contains("retrying in 10 ms, after event 0"), "\(result)")
            let requests = server.received.map { String(decoding: $0, as: UTF8.self) }
            #expect(requests[0].contains("Accept: text/event-stream\r\n") && !requests[0].contains("Last-Event-ID"))
            #expect(requests[1].contains("Last-Event-ID: 0\r\n") && requests[2].contains("Last-Event-ID: 1\r\n"))
        }
    }

    /// The ID is not sent in the next request, and does not end the program.
    @Test func anIDWithAControlCharacterIsIgnored() async throws {
        try await ScriptedServer.run(script: { number in
            [
                .awaitText("\r\n\r\n"), head("text/event-stream"),
                .sendText("retry: 10\nid: \(number)\u{1B}[2J\ndata: number \(number)\n\n"),
            ]
        }) { server in
            let url = "http://127.0.0.1:\(server.port)/events"
            let result = try await Program.stomptap("raw", "--sse", url, "-n", "2", "-o", "body").run()
            try #require(result.status == .exited(0), "\(result)")
            #expect(result.lines == ["number 0", "number 1"])
            #expect(result.errors.contains("ignored an event id with a control character"), "\(result)")
            #expect(!server.received.contains { String(decoding: $0, as: UTF8.self).contains("Last-Event-ID") })
        }
    }

    /// `retry: 0` without a minimum delay would cause a thousand requests a second.
    @Test func theWaitGrowsWhateverTheServerAsksFor() async throws {
        try await ScriptedServer.run(script: { number in
            [.awaitText("\r\n\r\n"), head("text/event-stream"), .sendText("retry: 0\ndata: \(number)\n\n")]
        }) { server in
            let url = "http://127.0.0.1:\(server.port)/events"
            let result = try await Program.stomptap(
                "raw", "--sse", url, "-n", "4", "-o", "body", "--reconnect-delay", "200ms"
            ).run()
            try #require(result.status == .exited(0), "\(result)")
            let waits = result.errors.split(separator: "\n").compactMap { line in
                line.firstMatch(of: /retrying in (\d+) ms/).flatMap { Int($0.1) }
            }
            #expect(
                waits.count == 3 && waits[0] == 0 && (100...200) ~= waits[1] && (200...400) ~= waits[2], "\(result)")
        }
    }

    @Test func aPageIsNoStream() async throws {
        try await ScriptedServer.run(
            .awaitText("\r\n\r\n"), head("text/html; charset=utf-8"), .sendText("<!DOCTYPE html>"), .stall
        ) { server in
            let result = try await Program.stomptap("raw", "--sse", "http://127.0.0.1:\(server.port)/").run()
            #expect(result.status == .exited(76), "\(result)")
            #expect(
                result.errors.contains(
                    "answered text/html; charset=utf-8, expected "
                        + "text/event-stream"), "\(result)")
        }
    }

    @Test(arguments: [("204 No Content", 69), ("401 Unauthorized", 77), ("404 Not Found", 76)])
    func anotherAnswerEndsIt(status: String, exit: Int32) async throws {
        try await ScriptedServer.run(script: { _ in ScriptedServer.http(status) }) { server in
            let url = "http://127.0.0.1:\(server.port)/"
            let result = try await Program.stomptap("raw", "--sse", url, "--reconnect", "3").run()
            #expect(result.status == .exited(exit), "\(result)")
            #expect(result.errors.contains(status), "\(result)")
            #expect(server.received.count == 1, "a server that answers so is not asked again")
        }
    }

    @Test func anEventOverTheLimitIsRefused() async throws {
        let long = String(repeating: "a", count: 2000)
        try await ScriptedServer.run(
            .awaitText("\r\n\r\n"), head("text/event-stream"), .sendText("data: \(long)\n\n"), .stall
        ) { server in
            let url = "http://127.0.0.1:\(server.port)/"
            let result = try await Program.stomptap("raw", "--sse", url, "--max-message", "1000").run()
            #expect(result.status == .exited(76), "\(result)")
        }
    }
}
