import STOMPClient
import TestSupport
import Testing

/// permessage-deflate with RabbitMQ.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct CompressionTests {
    @Test func rabbitMQCompressesBothWays() async throws {
        let way = Way.rabbitMQWebSocket
        let queue = way.destination("queue")
        try await way.withConnection(change: { $0.transport.offersCompression = true }) { connection in
            var messages = try await connection.subscribed(to: queue).reader
            let texts = (0..<50).map { "\($0) " + String(repeating: "한글 ", count: 40 * $0) }
            for text in texts { try await connection.publish(text, to: queue) }
            #expect(try await messages.texts(50) == texts)
        }
    }

    @Test func theTraceSaysSo() async throws {
        let way = Way.rabbitMQWebSocket
        let url = try await way.url()
        for arguments in [["--compress"], []] {
            let program = Program.stomptap(
                "publish", url, way.destination("topic"), "hi", "--virtual-host", "/", "-vvv")
            var offering = program
            offering.arguments += arguments
            let result = try await offering.run()
            #expect(result.status == .exited(0), "\(result)")
            let agreed = result.errors.contains("agreed on permessage-deflate")
            #expect(agreed == !arguments.isEmpty, "\(result)")
            #expect(result.errors.contains(" message, compressed to ") == agreed, "\(result)")
        }
    }
}
