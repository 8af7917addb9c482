import TestSupport
import Testing

@Suite(.spawning) struct EditorPasteTests {
    @Test func whatIsPastedIsOneLine() async throws {
        try await Fixture.run { fixture in
            fixture.type("send /topic/a " + Keys.pasted("{\n  \"이름\": \"값\"\n}\n"))
            try await fixture.wait(for: "> send /topic/a {", "  \"이름\": \"값\"", "}", column: 1)
            try fixture.command("print meanwhile")
            try await fixture.wait(for: "meanwhile", "> send /topic/a {", "  \"이름\": \"값\"", "}", column: 1)
            fixture.type(Keys.backspace + "]" + Keys.enter)
            try await fixture.wait(for: #"got "send /topic/a {\n  \"이름\": \"값\"\n]""#, ">")
            // Up recalls the whole paste from the history.
            fixture.type(Keys.up)
            try await fixture.wait(for: "> send /topic/a {", "  \"이름\": \"값\"", "]", column: 1)
        }
    }

    @Test func whatIsPastedDrivesNoTerminal() async throws {
        try await Fixture.run { fixture in
            let pasted = Keys.pasted("a\u{1b}[2Jb\u{1b}]0;title\u{07}c\u{9b}2Jd\u{7f}")
            fixture.type(pasted)
            try await fixture.wait(for: "> a^[[2Jb^[]0;title^Gc2Jd^?")
            fixture.type(Keys.control("r") + pasted)
            try await fixture.wait(for: "(nothing found: a^[[2Jb^[]0;title^Gc2Jd^?)")
            fixture.type(Keys.control("c"))
            try fixture.command("prompt \u{1b}[2J\u{1b}]0;title\u{07}> ")
            try await fixture.wait(for: "^[[2J^[]0;title^G>")
            #expect(fixture.program.model.unknown.isEmpty)
        }
    }

    @Test func aPasteThatIsTooLongIsRefused() async throws {
        try await Fixture.run { fixture in
            fixture.type("kept" + Keys.pasted(String(repeating: "x", count: 1 << 20 + 1)) + "!")
            try await fixture.wait(for: "> kept!")
            #expect(fixture.program.model.shown.first?.hasPrefix("not pasted: 1048577 bytes; a line has") == true)
        }
    }

    @Test func aLongPasteIsTakenWhole() async throws {
        try await Fixture.run { fixture in
            let line = String(repeating: "한글 ", count: 20)
            let text = (0..<2000).map { "\($0) \(line)" }.joined(separator: "\n")
            fixture.type(Keys.pasted(text) + "end")
            try await fixture.program.wait(for: "not shown") { $0.shown.last?.hasSuffix("end") == true }
            try fixture.command("print above")
            fixture.type(Keys.enter)
            let got = try await fixture.program.wait(within: .seconds(60), for: "not got") {
                $0.shown.last == ">" && $0.shown.contains { $0.hasSuffix("end\"") }
            }
            let printed = got.everything.drop { !$0.hasPrefix("got ") }.dropLast().joined()
            // Wrapped lines lose the blanks at the ends of their rows.
            let expected = "got \((text + "end").debugDescription)"
            #expect(printed.filter { $0 != " " } == expected.filter { $0 != " " })
        }
    }
}
