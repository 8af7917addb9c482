import Foundation
import TestSupport
import Testing

/// Many lines are sent to a durable queue while connections are reset and the server is stopped: each line must be
/// in the queue at least once.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct DurableTests {
    /// The number of published lines. 100,000 take more than a minute with a debug build on two cores.
    private static let lineCount = 10_000

    private static let lines = (1...lineCount).map { "line \($0) 한글" }
    private static let file = lines.joined(separator: "\n") + "\n"
    /// The approximate size of a SEND frame in bytes.
    private static let frameSize = 190

    private func publish(
        to port: Int, _ queue: String, _ arguments: String...
    ) -> Program {
        var program = Program.stomptap(
            "publish", "stomp://127.0.0.1:\(port)/%2F", queue, "-l", "-H", "persistent:true", "--receipt", "require",
            "--receipt-timeout", "30s", input: .text(Self.file))
        program.arguments += arguments
        program.limit = .seconds(240)
        return program
    }

    /// Removes all messages from a queue and returns their bodies.
    private func drain(_ queue: String, of server: RabbitMQServer) async throws -> [String] {
        var program = Program.stomptap(
            "subscribe", "stomp://127.0.0.1:\(server.stompPort)/%2F", queue, "-o", "body", "--idle-timeout", "10s")
        program.limit = .seconds(240)
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        return result.lines
    }

    private func expectAll(_ received: [String], sentAgain: Int) {
        let missing = Set(Self.lines).subtracting(received)
        #expect(missing.isEmpty, "\(missing.count) are missing, such as \(missing.first ?? "")")
        #expect(Set(received).count == Self.lineCount)
        // The only duplicates may be messages that were reported as sent again.
        #expect(received.count <= Self.lineCount + sentAgain)
    }

    @Test func itComesBackByItself() async throws {
        let server = try await RabbitMQServer.start()
        let cut = Self.lineCount * Self.frameSize / 5
        let proxy = try await CuttingProxy(to: server.stompPort, cuts: [cut, cut, cut])
        let queue = "/queue/\(UUID().uuidString)"
        // Slow enough that the server is stopped before all messages are sent.
        let program = publish(
            to: proxy.port, queue, "--rate", "1000/s", "--reconnect", "100", "--reconnect-delay", "100ms",
            "--reconnect-max-delay", "500ms")
        let result = try await program.start { running in
            _ = try await running.wait(otherwise: "has not come back") { proxy.connections > 1 ? true : nil }
            try await server.server.stop()
            #expect(running.written.status == .running)
            try await server.server.start()
            return try await running.result()
        }
        await proxy.stop()
        #expect(result.status == .exited(0), "\(result)")
        // The number of reconnects depends on when the resets and the stop happen.
        #expect(result.errors.contains("reconnected; offline "), "\(result)")
        let again = result.errors.matches(of: /resending (\d+) unconfirmed messages;/).compactMap {
            Int($0.output.1)
        }
        #expect(!again.isEmpty, "\(result)")
        expectAll(try await drain(queue, of: server), sentAgain: again.reduce(0, +))
        try await server.server.stop()
    }

    @Test func itTellsHowToResume() async throws {
        let server = try await RabbitMQServer.shared
        let cut = Self.lineCount * Self.frameSize / 4
        let proxy = try await CuttingProxy(to: server.stompPort, cuts: [cut, cut])
        let queue = "/queue/\(UUID().uuidString)"
        var skip = 0
        var sentAgain = 0
        var statuses: [ProgramResult.Status] = []
        while statuses.last != .exited(0), statuses.count < 4 {
            let result = try await publish(to: proxy.port, queue, "--skip", "\(skip)").run()
            statuses.append(result.status)
            guard result.status != .exited(0) else { break }
            let account = /\((\d+) sent, (\d+) confirmed; resume with --skip (\d+)\)\n/
            let match = try #require(result.errors.firstMatch(of: account), "\(result)")
            let numbers = [match.output.1, match.output.2, match.output.3].compactMap { Int($0) }
            #expect(numbers[1] == numbers[2] && numbers[0] > numbers[1] && numbers[1] >= skip)
            sentAgain += numbers[0] - numbers[1]
            skip = numbers[2]
        }
        await proxy.stop()
        #expect(statuses == [.exited(69), .exited(69), .exited(0)])
        expectAll(try await drain(queue, of: server), sentAgain: sentAgain)
    }
}
