import TestSupport
import Testing

@Suite(.spawning) struct EditorFloodTests {
    @Test func aKeyIsEchoedThroughAFlood() async throws {
        try await Fixture.run { fixture in
            try fixture.command("flood 1000000")
            try await fixture.program.wait(for: "no flood") { !$0.scrolledOff.isEmpty }
            // Counted in octets, since tests share the machine: 128 KiB are some 60 ms of the editor's fastest output.
            var typed = ""
            for key in "a key 홍수" {
                typed.append(key)
                let start = fixture.program.writtenCount
                fixture.type(String(key))
                let end = try await eventually {
                    fixture.program.end(of: "> \(typed)", from: start)
                } otherwise: {
                    "not echoed: \(typed)"
                }
                #expect(end - start < 128 << 10, "\(typed)")
            }
            #expect(fixture.program.model.shown.contains { $0.hasPrefix("message") })
        }
    }

    /// What a person sees of a server's flood: a key's echo, while 50,000 lines a second come and those are printed
    /// that there is room for.
    @Test func aKeyIsEchoedWithinATenthOfASecond() async throws {
        try await Fixture.run(columns: 100, rows: 30) { fixture in
            try fixture.command("pour 50000 10")
            try await fixture.program.wait(for: "no flood") { !$0.scrolledOff.isEmpty }
            var delays: [Duration] = []
            var typed = ""
            for key in "keys typed while it pours 홍수" {
                typed.append(key)
                let start = fixture.program.writtenCount
                let time = ContinuousClock.now
                fixture.type(String(key))
                _ = try await eventually {
                    fixture.program.end(of: "> \(typed)", from: start)
                } otherwise: {
                    "not echoed: \(typed)"
                }
                delays.append(.now - time)
            }
            delays.sort()
            // The median, since other tests share the machine.
            #expect(delays[delays.count / 2] < .milliseconds(100), "\(delays)")
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
