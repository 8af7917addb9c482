import Testing

@testable import StomptapConsole

/// The output of `help` fits the terminal.
struct LineHelpTests {
    @Test(arguments: [(40, 40), (80, 80), (200, 80)])
    func noLineIsWiderThanTheTerminal(width: Int, widest: Int) {
        for name in [nil] + CommandTable.names.map(Optional.some) {
            let lines = LineHelp.text(name, width: width).split(separator: "\n")
            // Examples are meant to be copied.
            for line in lines where !line.hasPrefix("    ") || name == nil {
                #expect(line.count <= widest, "\(line)")
                #expect(line.last != " ", "\(line)")
            }
        }
    }

    @Test func textStaysInItsColumn() {
        let text = "a\nsentence in two lines.\nname  its text, which\n      goes on\nThe end."
        #expect(
            Paragraphs.lines(text, width: 30, indentation: 2) == [
                "  a sentence in two lines.", "  name  its text, which goes", "        on", "  The end.",
            ])
        #expect(
            Paragraphs.lines(text, width: 20) == [
                "a sentence in two", "lines.", "name  its text,", "  which goes on", "The end.",
            ])
        #expect(Paragraphs.lines("toolongforit x", width: 5) == ["toolongforit", "x"])
    }
}

/// Tables at the prompt.
struct ColumnsTests {
    @Test func columnsAreAsWideAsATerminalShowsThem() {
        let rows = [["a", "/topic/주문", "x\u{1b}"], ["sub-10", "/a", "y"]]
        #expect(Columns.text(rows) == "  a       /topic/주문  x\\x1b\n  sub-10  /a           y\n")
    }

    @Test func whatIsTooLongIsCutOff() {
        #expect(Columns.text([["a", "안녕하세요"], ["b", "안녕"]], limit: 10) == "  a  안녕…\n  b  안녕\n")
        #expect(Columns.text([["a", "안녕"]], limit: 9) == "  a  안녕\n")
    }
}
