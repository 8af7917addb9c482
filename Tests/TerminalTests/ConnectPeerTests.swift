import Foundation
import TestSupport
import Testing

/// A server's data must not act as typed input.
@Suite(.spawning) struct ConnectPeerTests {
    /// A server that sends a message with this destination, as encoded on the wire.
    private func steps(destination: String) -> [ScriptedServer.Step] {
        let message =
            "MESSAGE\nsubscription:sub-0\nmessage-id:1\ndestination:\(destination)\nx\\nsend /queue/loot:y\n\nhello\0"
        return [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .awaitText("SUBSCRIBE\n"), .awaitText("\0"),
            .sendText(message), .stall,
        ]
    }

    /// Subscribes, receives a message with this destination, then runs `check`.
    private func play(
        _ destination: String,
        then check: (ConnectSession, _ received: @escaping @Sendable () -> String) async throws -> Void
    ) async throws {
        try await ScriptedServer.run(script: { [steps = steps(destination: destination)] _ in steps }) { server in
            let arguments = "-o body --login l-SECRET --passcode p-SECRET"
            try await ConnectSession.run("stomp://127.0.0.1:\(server.port)", arguments) { session in
                try await session.terminal.enter("sub /queue/mine")
                try await session.terminal.wait(forAll: ["hello"], above: session.prompt("1 sub"))
                try await check(session) { server.received.map { String(decoding: $0, as: UTF8.self) }.joined() }
            }
        }
    }

    @Test func aDestinationWithLinesInItRunsNone() async throws {
        try await withTemporaryFolder { folder in
            let saved = folder.path + "/saved"
            let destination =
                "/topic/news\\nsave \(saved)\\nsend /queue/loot @/etc/hostname\\nsend /topic/news"
            try await play(destination) { session, received in
                try await session.terminal.type("send /topic/n")
                try await session.terminal.press("Tab", "Enter")
                try await session.terminal.wait(
                    forAll: ["sent 0 B to /topic/n (unconfirmed)"],
                    above: session.prompt("1 sub"))
                // The next typed line runs next, with nothing in between.
                try await session.enter(
                    "send /a after", answer: "sent 5 B to /a (unconfirmed)", then: "1 sub")
                try await eventually {
                    received().contains("\n\nafter\0") ? () : nil
                } otherwise: {
                    received()
                }
                let sent = received().components(separatedBy: "SEND\n").dropFirst()
                #expect(sent.count == 2, "\(received())")
                #expect(sent.first?.contains("destination:/topic/n\n") == true, "\(received())")
                #expect(!received().contains("loot"), "\(received())")
                #expect(!FileManager.default.fileExists(atPath: saved))
                let rows = try await session.terminal.rows()
                #expect(rows.filter { $0.contains("> send ") }.count == 2, "\(rows)")
            }
        }
    }

    @Test func aDestinationMakesNobodyConnectElsewhere() async throws {
        try await ScriptedServer.run(.stall) { thief in
            try await play("/topic/news\\nconnect stomp://127.0.0.1\\c\(thief.port)") { session, _ in
                try await session.terminal.type("send /topic/n")
                try await session.terminal.press("Tab", "Enter")
                try await session.terminal.wait(
                    forAll: ["sent 0 B to /topic/n (unconfirmed)"],
                    above: session.prompt("1 sub"))
                try await session.enter(
                    "send /a after", answer: "sent 5 B to /a (unconfirmed)", then: "1 sub")
                #expect(thief.received.isEmpty)
            }
        }
    }

    /// A space does not end the line, but without quotes the file after it would be sent.
    @Test func aDestinationWithABlankIsOneWord() async throws {
        try await play("/topic/news @/etc/hostname") { session, received in
            try await session.terminal.type("send /topic/n")
            try await session.terminal.press("Tab")
            try await session.terminal.wait(
                for: "\(session.prompt("1 sub")) send /topic/n'ews @/etc/hostname'", column: nil)
            try await session.terminal.type("x")
            try await session.terminal.press("Enter")
            try await session.terminal.wait(
                forAll: ["sent 1 B to /topic/news @/etc/hostname (unconfirmed)"],
                above: session.prompt("1 sub"))
            try await eventually {
                received().contains("\n\nx\0") ? () : nil
            } otherwise: {
                received()
            }
            #expect(received().contains("destination:/topic/news @/etc/hostname\n"), "\(received())")
        }
    }

    @Test func whatThePromptNamesDrivesNoTerminal() async throws {
        try await ConnectSession.run("demo", "-o body") { session in
            try await session.terminal.enter("begin 'a\u{202e}b'")
            try await session.terminal.wait(for: #"demo a\u{202e}b>"#)
        }
    }
}
