import Foundation
import TestSupport
import Testing

/// More messages than RabbitMQ accepts at once: its flow control starts, which ends the WebSocket session of a
/// client that promises heart-beats.
@Suite(.spawning, .timeLimit(.minutes(15)))
struct BulkTests {
    /// One test for both URLs, because each needs the whole machine.
    @Test func aHundredThousandLinesArriveOnceEach() async throws {
        let rabbitMQ = try await RabbitMQServer.shared
        let lines = (1...100_000).map { "line \($0)" }
        let input = Program.Input.text(lines.joined(separator: "\n") + "\n")
        let ways = [
            ["ws://127.0.0.1:\(rabbitMQ.webSocketPort)/ws"],
            ["wss://localhost:\(rabbitMQ.secureWebSocketPort)/ws", "--ca", rabbitMQ.authority],
        ]
        for way in ways {
            let queue = "/queue/\(UUID().uuidString)"
            var publish = Program.stomptap(
                "publish", way[0], queue, "-l", "--virtual-host", "/", "--receipt-timeout", "60s", input: input)
            publish.arguments += way.dropFirst()
            publish.limit = .seconds(300)
            let sent = try await publish.run()
            #expect(sent.status == .exited(0), "\(sent)")
            #expect(sent.errors == "")
            // With `auto` the server delivers everything, including duplicates.
            var drain = Program.stomptap(
                "subscribe", "stomp://127.0.0.1:\(rabbitMQ.stompPort)/%2F", queue, "--ack", "auto", "-o", "body",
                "--idle-timeout", "10s", "--reconnect", "never")
            drain.limit = .seconds(300)
            let drained = try await drain.run()
            #expect(drained.status == .exited(0), "\(drained)")
            let came = drained.lines
            #expect(came == lines, "\(came.count) came, \(Set(came).count) of them different")
        }
    }
}
