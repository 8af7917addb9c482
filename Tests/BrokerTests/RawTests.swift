import TestSupport
import Testing

/// `raw` with RabbitMQ, which closes without an error over TCP, and with 1007 over WebSocket.
@Suite(.timeLimit(.minutes(5)))
struct RawTests {
    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func whatFollowsAMalformedFrameIsShown(_ way: Way) async throws {
        var program = Program.stomptap(
            "raw", try await way.url(), "--connect", "--virtual-host", "/", "--timestamps", "none", "--wait", "20s",
            input: .text("SEND\nno colon in this line\n\n^@\n"))
        program.limit = .seconds(60)
        let result = try await program.run()
        #expect(result.output.contains("< stomp CONNECTED"), "\(result)")
        let close = way == .rabbitMQ ? "< tcp close  clean\n" : "< ws close 1007 invalid payload"
        #expect(result.output.contains(close), "\(result)")
    }
}
