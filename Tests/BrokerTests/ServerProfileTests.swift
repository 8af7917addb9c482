import Foundation
import TestSupport
import Testing

/// Compares the embedded broker's RabbitMQ profile with RabbitMQ: both receive the same bytes and must answer the
/// same.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct ServerProfileTests {
    /// Returns a server's answers to these frames until it closes, received by an independent client. Values that
    /// differ in each session are left out, and headers are sorted.
    private func answers(_ frames: [String], fromPort port: Int) async throws -> [[String]] {
        let script = "exec 3<>/dev/tcp/127.0.0.1/$0; cat >&3; cat <&3"
        var program = Program("/bin/bash", ["-c", script, String(port)])
        program.input = .text(frames.map { $0 + "\0" }.joined())
        program.limit = .seconds(30)
        let text = try await program.run().output
        return text.components(separatedBy: "\0\n").map { frame in
            let parts = frame.components(separatedBy: "\n\n")
            let lines = parts[0].split(separator: "\n").map(String.init)
            let headers = lines.dropFirst().filter { !$0.hasPrefix("session:") && !$0.hasPrefix("message-id:") }
            return Array(lines.prefix(1)) + headers.sorted() + Array(parts.dropFirst())
        }
    }

    private func expectSame(
        _ frames: [String], count: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let real = try await answers(frames, fromPort: RabbitMQServer.shared.stompPort)
        #expect(real.count == count + 1, "\(real)", sourceLocation: sourceLocation)
        let serve = Program.stomptap("serve", "--tcp", "127.0.0.1:0", "--emulate", "rabbitmq")
        let own = try await serve.start { running in
            let url = try await running.waitFor("\n").dropLast()
            return try await answers(frames, fromPort: Int(url.split(separator: ":").last ?? "") ?? 0)
        }
        #expect(own == real, sourceLocation: sourceLocation)
    }

    private static let connect = "CONNECT\naccept-version:1.0,1.1,1.2\nhost:/\n\n"
    private static let disconnect = "DISCONNECT\nreceipt:bye\n\n"

    /// After each of these frames the session continues, and no receipt is sent.
    private static let faults = [
        "FOO\nreceipt:r\n\nbody", "MESSAGE\ndestination:/topic/a\nreceipt:r\n\n", "SEND\nreceipt:r\n\n",
        "SEND\ndestination:\nreceipt:r\n\n", "SUBSCRIBE\nid:1\nreceipt:r\n\n", "UNSUBSCRIBE\nreceipt:r\n\n",
        "UNSUBSCRIBE\nid:zz\nreceipt:r\n\n", "UNSUBSCRIBE\ndestination:/topic/zz\nreceipt:r\n\n", "ACK\nreceipt:r\n\n",
        "ACK\nid:zz\nreceipt:r\n\n", "NACK\nid:zz\nreceipt:r\n\n", "BEGIN\nreceipt:r\n\n", "COMMIT\nreceipt:r\n\n",
        "COMMIT\ntransaction:zz\nreceipt:r\n\n", "ABORT\ntransaction:zz\nreceipt:r\n\n",
        "SEND\ndestination:/topic/a\ntransaction:zz\nreceipt:r\n\n", "SEND\ndestination:/nowhere/a\nreceipt:r\n\n",
        "SEND\ndestination:/topic\nreceipt:r\n\n", "SEND\ndestination:/topic/a/b\nreceipt:r\n\n",
        "SEND\ndestination:/queue/\nreceipt:r\n\n", "SEND\ndestination:/exchange\nreceipt:r\n\n",
        "SUBSCRIBE\nid:1\ndestination:/amq/queue\nreceipt:r\n\n", "SUBSCRIBE\nid:1\ndestination:/amq/x\nreceipt:r\n\n",
        "SUBSCRIBE\nid:1\ndestination:/topic/a\nack:x\nreceipt:r\n\n",
    ]

    @Test func manyErrorsDoNoHarm() async throws {
        let frames = [Self.connect] + Self.faults + [Self.disconnect]
        try await expectSame(frames, count: frames.count)
    }

    @Test func beforeConnectNothingElseIsTaken() async throws {
        let frames = ["FOO\n\n", "SEND\ndestination:/topic/a\n\n", "DISCONNECT\n\n", Self.connect, Self.disconnect]
        try await expectSame(frames, count: 5)
    }

    @Test(arguments: ["1.0", "1.1", "1.2"])
    func connectedIsOfTheVersionThatWasAskedFor(_ version: String) async throws {
        let connect = "CONNECT\naccept-version:\(version)\nheart-beat:500,2500\n\n"
        try await expectSame([connect, Self.disconnect], count: 2)
    }

    @Test(arguments: ["/amq/queue/nope", "/exchange/nope/key", "/exchange/amq.nope/key"])
    func whatIsMissingIsAnErrorThenTheReceiptThenAClose(_ destination: String) async throws {
        let subscribe = "SUBSCRIBE\nid:1\ndestination:\(destination)\nreceipt:r\n\n"
        try await expectSame([Self.connect, subscribe], count: 3)
    }

    @Test func aSecondSubscriptionOfANameCloses() async throws {
        let subscribe = "SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n"
        try await expectSame([Self.connect, subscribe, subscribe], count: 4)
    }

    @Test(arguments: ["SEND\nno colon\n\n", "SEND\ndestination:/topic/a\nk:a\\tb\n\n", "CONNECT\nhost:/\n\n"])
    func aMalformedFrameAndASecondConnectCloseWithoutAWord(_ frame: String) async throws {
        try await expectSame([Self.connect, frame], count: 1)
    }

    @Test func aQueueCanBeNamedOnceItWasUsed() async throws {
        let name = UUID().uuidString
        try await expectSame(
            [
                Self.connect, "SUBSCRIBE\nid:1\ndestination:/queue/\(name)\nreceipt:1\n\n",
                "UNSUBSCRIBE\nid:1\nreceipt:2\n\n", "SUBSCRIBE\nid:2\ndestination:/amq/queue/\(name)\nreceipt:3\n\n",
                "SUBSCRIBE\nid:3\ndestination:\(name)\nreceipt:4\n\n", Self.disconnect,
            ], count: 6)
    }
}
