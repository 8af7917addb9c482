import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct ConnectFloodTests {
    /// At 50,000 messages a second, or as many as the machine can send: a key is echoed within 100 ms, messages too
    /// fast to read are summarized, and the last ones can be shown.
    @Test func aFloodDoesNotTakeTheKeyboardAway() async throws {
        try await ServedBroker.run { broker in
            try await ConnectSession.run(broker.tcp, columns: 120, rows: 40) { session in
                let terminal = session.terminal
                try await session.enter(
                    "sub /topic/flood", answer: "subscribed to /topic/flood as sub-0", then: "1 sub")
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
                // A line that was already on its way may follow after the screen is cleared.
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

    /// The time within which the fastest quarter of the keys are echoed; the others may have been delayed by a busy
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
