import TestSupport
import Testing

@testable import LineEditor

/// Applies the screen's output to a model of a terminal.
private struct Rig {
    var screen: Screen
    var terminal: TerminalModel
    var printed: [String] = []

    init(columns: Int, rows: Int) {
        screen = Screen(size: .init(columns: columns, rows: rows), reflows: false)
        terminal = TerminalModel(columns: columns, rows: rows)
    }

    mutating func flush() {
        terminal.write(screen.output)
        screen.output = []
    }

    mutating func draw(_ line: EditedLine) {
        screen.draw(line)
        flush()
    }

    mutating func print(_ text: String) {
        screen.erase()
        screen.output += "\(text)\r\n".utf8
        printed.append(text)
    }
}

/// The expected look of a line, computed in the simplest way: its rows, and the cursor's position.
private func rows(of line: EditedLine, columns: Int) -> (rows: [String], row: Int, column: Int) {
    var rows = [""], width = 0, cursor = (0, 0)
    let scalars = Array(line.prompt.unicodeScalars) + line.text
    let at = line.prompt.unicodeScalars.count + line.cursor
    for (index, scalar) in scalars.enumerated() {
        let own = scalar == "\n" ? 0 : ("가"..."힣").contains(scalar) ? 2 : 1
        if width + own > columns {
            rows.append("")
            width = 0
        }
        if index == at { cursor = (rows.count - 1, min(width, columns - 1)) }
        if scalar == "\n" {
            rows.append("")
            width = 0
        } else {
            rows[rows.count - 1].unicodeScalars.append(scalar)
            width += own
        }
    }
    if width == columns {
        rows.append("")
        width = 0
    }
    return at == scalars.count ? (rows, rows.count - 1, width) : (rows, cursor.0, cursor.1)
}

@Suite struct ScreenTests {
    private func line(_ text: String, cursor: Int? = nil, prompt: String = "> ") -> EditedLine {
        let text = Array(text.unicodeScalars)
        return EditedLine(prompt: prompt, text: text, cursor: cursor ?? text.count)
    }

    @Test func outputGoesAboveAndTheLineIsRestored() {
        var rig = Rig(columns: 20, rows: 6)
        rig.draw(line("안녕 hello", cursor: 1))
        rig.print("first")
        rig.draw(line("안녕 hello", cursor: 1))
        #expect(rig.terminal.shown == ["first", "> 안녕 hello"])
        #expect(rig.terminal.cursor == (1, 4))
        rig.print("second")
        rig.draw(line("안녕 hello", cursor: 1))
        #expect(rig.terminal.shown == ["first", "second", "> 안녕 hello"])
    }

    @Test func anUnchangedLineWritesNothing() {
        var screen = Screen(size: .init(columns: 20, rows: 6), reflows: true)
        screen.draw(line("abc"))
        screen.output = []
        screen.draw(line("abc"))
        #expect(screen.output.isEmpty)
    }

    @Test func aWideCharacterDoesNotFitAtTheMargin() {
        var rig = Rig(columns: 5, rows: 4)
        rig.draw(line("ab한글", cursor: 2))
        #expect(rig.terminal.shown == ["> ab", "한글"])
        #expect(rig.terminal.cursor == (1, 0))
        rig.draw(line("a한글", cursor: 1))
        #expect(rig.terminal.shown == ["> a한", "글"])
        #expect(rig.terminal.cursor == (0, 3))
    }

    @Test func aFullRowPutsTheCursorOnTheNext() {
        var rig = Rig(columns: 5, rows: 2)
        rig.draw(line("abc"))
        #expect(rig.terminal.shown == ["> abc"])
        #expect(rig.terminal.cursor == (1, 0))
        rig.screen.leave(line("abc"))
        rig.flush()
        #expect(rig.terminal.cursor == (1, 0))
        rig.draw(line(""))
        #expect(rig.terminal.shown == ["> abc", ">"])
    }

    @Test func newlinesTabsAndControlCharactersAreShown() {
        var rig = Rig(columns: 20, rows: 8)
        rig.draw(line("{\n\tx\n}\u{1b}[2J\u{2028}\u{7f}"))
        #expect(rig.terminal.shown == ["> {", "        x", "}^[[2J<U+2028>^?"])
        #expect(rig.terminal.unknown.isEmpty)
        #expect(rig.terminal.cursor == (2, 16))
    }

    @Test func whatTurnsTextAroundIsShownAndNotObeyed() {
        var rig = Rig(columns: 40, rows: 8)
        rig.draw(EditedLine(prompt: "a\u{202e}b> ", text: Array("x\u{2066}y\u{200b}z".unicodeScalars), cursor: 0))
        #expect(rig.terminal.shown == ["a<U+202E>b> x<U+2066>y<U+200B>z"])
    }

    @Test func coloursInThePromptTakeNoRoom() {
        var rig = Rig(columns: 12, rows: 4)
        let prompt = "\u{1b}[1;32mprompt\u{1b}[0m> "
        rig.draw(line("abcdefg", prompt: prompt))
        #expect(rig.terminal.shown == ["prompt> abcd", "efg"])
        #expect(rig.terminal.cursor == (1, 3))
        #expect(
            String(decoding: LineLayout(line("a", prompt: prompt), columns: 12).rows[0].bytes, as: UTF8.self) == prompt
                + "a")
    }

    @Test func aTerminalOfOneColumnIsSurvived() {
        var rig = Rig(columns: 1, rows: 3)
        rig.draw(line("a한\tb"))
        rig.print("x")
        rig.draw(line("a한\tb", cursor: 0))
        #expect(rig.terminal.cursor.column == 0)
        #expect(rig.terminal.unknown.isEmpty)
    }

    @Test func aLineTallerThanTheWindowShowsThePartWithTheCursor() {
        var rig = Rig(columns: 10, rows: 3)
        let text = (1...9).map { "row\($0)" }.joined(separator: "\n")
        rig.print("kept")
        rig.draw(line(text))
        #expect(rig.terminal.screen == ["row7", "row8", "row9"])
        rig.draw(line(text, cursor: 0))
        #expect(rig.terminal.screen == ["> row1", "row2", "row3"])
        rig.draw(line(text, cursor: 15))
        #expect(rig.terminal.screen == ["row2", "row3", "row4"])
        rig.print("more")
        rig.draw(line("x"))
        #expect(rig.terminal.everything == ["kept", "more", "> x"])
    }

    @Test func aNarrowerTerminalThatCutsLinesIsDrawnAnew() {
        var rig = Rig(columns: 20, rows: 6)
        rig.print("kept")
        rig.draw(line("0123456789abcdefgh1234"))
        rig.terminal.resize(columns: 10, rows: 6)
        rig.screen.resize(to: .init(columns: 10, rows: 6))
        rig.draw(line("0123456789abcdefgh1234"))
        #expect(rig.terminal.shown == ["kept", "> 01234567", "89abcdefgh", "1234"])
        rig.terminal.resize(columns: 40, rows: 6)
        rig.screen.resize(to: .init(columns: 40, rows: 6))
        rig.draw(line("0123456789abcdefgh1234"))
        #expect(rig.terminal.shown == ["kept", "> 0123456789abcdefgh1234"])
    }

    /// Edits and output in any order: no output is lost or repeated, and the line is always below it.
    @Test(arguments: 0..<60) func whateverIsTypedAndPrinted(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed))
        var rig = Rig(columns: Int.random(in: 4...30, using: &random), rows: Int.random(in: 3...12, using: &random))
        var current = line("", prompt: ["> ", "", "한글> "][seed % 3])
        let alphabet = Array("ab 한글x\n가".unicodeScalars)
        for step in 0..<150 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: rig.print("\(step)")
            case 1 where current.cursor > 0:
                current.cursor -= 1
                current.text.remove(at: current.cursor)
            case 2: current.cursor = Int.random(in: 0...current.text.count, using: &random)
            case 3 where current.text.count > 40:
                current.text = []
                current.cursor = 0
            default:
                current.text.insert(alphabet.randomElement(using: &random) ?? "a", at: current.cursor)
                current.cursor += 1
            }
            rig.draw(current)
            let expected = rows(of: current, columns: rig.terminal.columns)
            let isWhole = expected.rows.count <= rig.terminal.rows
            let shown = rig.terminal.scrolledOff + rig.terminal.screen
            if isWhole {
                let wanted = rig.printed + expected.rows.map(Self.trimmed)
                let extra = shown.dropFirst(wanted.count)
                try #require(
                    shown.prefix(wanted.count) == wanted[...] && extra.allSatisfy(\.isEmpty), "step \(step): \(current)"
                )
                let row = rig.terminal.scrolledOff.count + rig.terminal.cursor.row - rig.printed.count
                try #require(
                    (row, rig.terminal.cursor.column) == (expected.row, expected.column), "step \(step): \(current)")
            } else {
                try #require(shown.prefix(rig.printed.count) == rig.printed[...])
                let top = expected.row - rig.terminal.cursor.row
                let wanted = expected.rows[top..<top + rig.terminal.rows].map(Self.trimmed)
                try #require(rig.terminal.screen == wanted, "step \(step): \(current)")
                try #require(rig.terminal.cursor.column == expected.column)
            }
            try #require(rig.terminal.unknown.isEmpty)
        }
    }

    private static func trimmed(_ row: String) -> String {
        var row = row
        while row.last == " " { row.removeLast() }
        return row
    }
}

/// A small random number generator with a fixed seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
