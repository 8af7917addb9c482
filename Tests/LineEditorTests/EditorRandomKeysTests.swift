import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct EditorRandomKeysTests {
    /// Any keys may be typed: the editor keeps running, and the next line is read completely.
    @Test(arguments: 1...8) func noKeysBreakIt(seed: Int) async throws {
        let editrc = seed % 2 == 0 ? "" : "bind -v\n"
        try await Fixture.run(editrc: editrc) { fixture in
            var random = SplitMix(state: UInt64(seed))
            let pieces: [[UInt8]] = [
                "한글", "😀", "\u{301}", "\u{1b}", Keys.up, Keys.down, Keys.wordLeft, Keys.delete, Keys.pasted("a\nb"),
                "\u{1b}[200~", "\u{1b}[201~", "\r", "\u{12}", "\u{1b}9", "/", "?", ":", "\"",
            ].map { Array($0.utf8) }
            // Keys that would end the program or its input.
            let signals: [UInt8] = [0x03, 0x04, 0x1a, 0x1c]
            for _ in 0..<40 {
                var keys: [UInt8] = []
                for _ in 0..<50 {
                    if Bool.random(using: &random) {
                        keys += pieces.randomElement(using: &random) ?? []
                    } else {
                        let byte = UInt8.random(in: 0...255, using: &random)
                        keys += signals.contains(byte) ? [] : [byte]
                    }
                }
                fixture.program.type(keys)
                fixture.program.resize(
                    columns: Int.random(in: 1...50, using: &random), rows: Int.random(in: 1...9, using: &random))
            }
            fixture.program.resize(columns: 60, rows: 12)
            // The random keys may have opened a paste, which only its end sequence closes.
            fixture.type("\u{1b}[201~")
            try await fixture.program.wait(for: "no line") { model in
                fixture.type(Keys.control("c"))
                return model.shown.suffix(2) == ["interrupted", ">"]
            }
            #expect(fixture.program.model.unknown.isEmpty)
        }
    }
}
