import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct ConnectFloodTests {
    /// 50,000 messages a second, or what of them the machine can do: a key is echoed within a tenth of a second, what
    /// nobody could read is summed up, and the last ones are there to be looked at.
    @Test func aFloodDoesNotTakeTheKeyboardAway() async throws {
        try await ServedBroker.run { broker in
            try await ConnectSession.run(broker.tcp, columns: 120, rows: 40) { session in
                let terminal = session.terminal
                try await session.enter("sub /topic/flood", answer: "sub-0 listens to /topic/flood", then: "1 sub")
                let prompt = session.prompt("1 sub")
                let still = try await echo(of: "keys in silence", behind: prompt, in: terminal)
                try await terminal.press("C-u")
                let publisher = Program.stomptap(
                    "bench", broker.tcp, "/topic/flood", "--publish-only", "--rate", "50000/s", "--duration", "60s")
                try await publisher.start { _ in
                    try await eventually {
                        try await terminal.rows().contains { $0.contains(" more messages on /topic/flood") } ? () : nil
                    } otherwise: {
                        "no flood"
                    }
                    let flooded = try await echo(of: "keys in a flood 홍수", behind: prompt, in: terminal)
                    #expect(flooded - still < .milliseconds(100), "\(still) in silence, \(flooded) in a flood")
                    try await terminal.press("C-u")
                    try await session.terminal.enter("pause")
                    try await session.waitForPrompt("1 sub paused")
                }
                // A line that was still on its way may follow the first one.
                let paused = session.prompt("1 sub paused").trimmingCharacters(in: .whitespaces)
                try await eventually {
                    try await terminal.press("C-l")
                    return try await terminal.rows() == [paused] ? () : nil
                } otherwise: {
                    "not cleared"
                }
                try await terminal.enter("show last")
                try await eventually {
                    let rows = try await terminal.rows()
                    return rows.first == "\(session.prompt("1 sub paused")) show last"
                        && rows.contains { $0.contains("< MESSAGE /topic/flood") } ? () : nil
                } otherwise: {
                    "not shown"
                }
            }
        }
    }

    /// How long it takes at most for the fastest quarter of the keys to be seen: others may have had to wait for the
    /// machine.
    private func echo(of text: String, behind prompt: String, in terminal: TmuxTerminal) async throws -> Duration {
        var delays: [Duration] = []
        var typed = ""
        for key in text {
            typed.append(key)
            let start = ContinuousClock.now
            try await terminal.type(String(key))
            try await eventually {
                try await terminal.rows().contains { ($0 + " ").hasPrefix("\(prompt) \(typed)") } ? () : nil
            } otherwise: {
                "not echoed: \(typed)"
            }
            delays.append(.now - start)
        }
        return delays.sorted()[delays.count / 4]
    }
}
