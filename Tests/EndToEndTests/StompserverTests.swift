import Foundation
import TestSupport
import Testing

/// A server that only supports STOMP 1.0, such as Ruby's stompserver.
@Suite(.spawning) struct StompserverTests {
    /// Answers to CONNECT, SUBSCRIBE and DISCONNECT. CONNECTED has a session but no version; a message from a queue
    /// has no ID; `STOMP` instead of CONNECT causes an ERROR.
    private static let script: @Sendable (Int) -> [ScriptedServer.Step] = { _ in
        [
            .awaitText("\0"),
            .answer { came in
                String(decoding: came, as: UTF8.self).hasPrefix("CONNECT\n")
                    ? Array("CONNECTED\nsession:7f\n\n\0\n".utf8) : Array("ERROR\nmessage:unknown command\n\n\0\n".utf8)
            },
            .awaitText("SUBSCRIBE\n"), .awaitText("\0"),
            .answer { came in
                Array(receipt(came) + "MESSAGE\ndestination:/queue/a\ncontent-length:2\n\nhi\0\n".utf8)
            },
            .awaitText("DISCONNECT\n"), .awaitText("\0"), .answer { Array(receipt($0)) }, .stall,
        ]
    }

    /// Answers the last requested receipt.
    private static func receipt(_ came: [UInt8]) -> [UInt8] {
        let text = String(decoding: came, as: UTF8.self)
        let id = text.components(separatedBy: "receipt:").last?.prefix { $0 != "\n" } ?? ""
        return Array("RECEIPT\nreceipt-id:\(id)\n\n\0\n".utf8)
    }

    @Test func aTailOfItsQueue() async throws {
        try await ScriptedServer.run(script: Self.script) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let result = try await Program.stomptap("subscribe", url, "/queue/a", "-n", "1", "-o", "body").run()
            try #require(result.status == .exited(0), "\(result)")
            #expect(result.output == "hi\n")
            #expect(result.errors == "")
            let sent = String(decoding: server.received[0], as: UTF8.self)
            #expect(sent.hasPrefix("CONNECT\naccept-version:1.0,1.1,1.2\n"))
            // In STOMP 1.0 the destination also identifies the subscription.
            #expect(sent.contains("UNSUBSCRIBE\nid:sub-0\ndestination:/queue/a\n"), "\(sent)")
        }
    }
}
