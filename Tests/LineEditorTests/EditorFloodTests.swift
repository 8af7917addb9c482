import TestSupport
import Testing

@Suite(.spawning) struct EditorFloodTests {
    /// During a flood a key must be echoed soon: with more lines than any terminal can show, and with 50,000 lines
    /// a second of which only those that fit are printed.
    @Test(arguments: ["flood 1000000", "pour 50000 10"]) func aKeyIsEchoedThroughAFlood(flood: String) async throws {
        try await Fixture.run(columns: 100, rows: 30) { fixture in
            try fixture.command(flood)
            try await fixture.program.wait(for: "no flood") { !$0.scrolledOff.isEmpty }
            var typed = ""
            var distances: [Int] = []
            for key in "keys typed in a flood 홍수" {
                typed.append(key)
                let start = fixture.program.writtenCount
                fixture.type(String(key))
                let end = try await eventually {
                    fixture.program.end(of: "> \(typed)", from: start)
                } otherwise: {
                    "not echoed: \(typed)"
                }
                distances.append(end - start)
            }
            distances.sort()
            // Measured in bytes, and as a median, because tests share the machine: 128 KiB take the editor about 60
            // ms at full speed.
            #expect(distances[distances.count / 2] < 128 << 10, "\(distances)")
            #expect(fixture.program.model.everything.contains { $0.hasPrefix("message") })
        }
    }

    @Test func everythingOfAFloodIsPrinted() async throws {
        try await Fixture.run(columns: 120) { fixture in
            fixture.type("typed")
            try fixture.command("flood 20000")
            let model = try await fixture.program.wait(within: .seconds(60), for: "not over") {
                $0.shown.suffix(2) == ["flood is over", "> typed"]
            }
            let numbers = model.everything.compactMap { row in
                row.hasPrefix("message ") ? Int(row.split(separator: " ")[1]) : nil
            }
            #expect(numbers == Array(1...20000))
        }
    }
}
