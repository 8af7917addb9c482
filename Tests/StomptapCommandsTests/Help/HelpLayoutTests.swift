import LineEditor
import Testing

@testable import StomptapCommands

/// How help is laid out, by value.
struct HelpLayoutTests {
    // MARK: Lines

    @Test func linesBreakBetweenWords() {
        #expect(TextFill.lines("one two three", width: 8) == ["one two", "three"])
        #expect(TextFill.lines("one  two", width: 7) == ["one two"])
        #expect(TextFill.lines("", width: 7) == [])
        #expect(TextFill.lines("a verylongword b", width: 6) == ["a", "verylongword", "b"])
        #expect(
            TextFill.lines("one two three", width: 9, indentation: 2, hanging: 2) == ["  one two", "    three"])
    }

    /// Hangul takes two columns.
    @Test func wideCharactersCountTwice() {
        #expect(TextFill.lines("안녕 세상 abc", width: 9) == ["안녕 세상", "abc"])
        #expect(TextFill.lines("안녕 세상 abc", width: 8) == ["안녕", "세상 abc"])
        let entries = [HelpColumns.Entry(label: "민지", text: "x"), HelpColumns.Entry(label: "abc", text: "y")]
        let column = HelpColumns.textColumn(entries.map(\.label), limit: 20)
        #expect(HelpColumns.lines(entries, column: column, width: 80) == ["  민지  x", "  abc   y"])
    }

    // MARK: Columns

    @Test func textsStandInAColumn() {
        let entries = [
            HelpColumns.Entry(label: "-n", text: "one two three four five six seven eight"),
            HelpColumns.Entry(label: "--a-long-option <value>", text: "short"),
            HelpColumns.Entry(label: "--a-long-option <value>", text: "one two three four five six"),
        ]
        #expect(HelpColumns.textColumn(entries.map(\.label), limit: 20) == 6)
        #expect(
            HelpColumns.lines(entries, column: 6, width: 42) == [
                "  -n  one two three four five six seven", "      eight", "  --a-long-option <value>  short",
                "  --a-long-option <value>", "      one two three four five six",
            ])
        #expect(
            HelpColumns.lines(Array(entries.prefix(1)), column: 6, width: 30) == [
                "  -n", "      one two three four five", "      six seven eight",
            ])
    }

    @Test func tablesInTheTextAreRecognised() {
        let entries = HelpColumns.entries(in: ["{{a}}     one", "{{b c d}} two  three"])
        #expect(
            entries == [
                HelpColumns.Entry(label: "{{a}}", text: "one"),
                HelpColumns.Entry(label: "{{b c d}}", text: "two  three"),
            ])
        #expect(HelpColumns.entries(in: ["{", "  \"a\": 1", "}"]) == nil)
        #expect(HelpColumns.entries(in: ["a    one", "longer words"]) == nil)
        #expect(HelpColumns.entries(in: []) == nil)
    }

    // MARK: Commands

    @Test func aCommandIsBrokenOutsideOfQuotes() {
        #expect(TypedCommand.words(#"a  'b c' "d 'e" f'g h'i"#) == ["a", "'b c'", #""d 'e""#, "f'g h'i"])
        #expect(
            TypedCommand.lines(["pub demo /a '{\"id\": 42}' -n 5 | jq ."], width: 20, indentation: 2) == [
                "  pub demo /a \\", "      '{\"id\": 42}' \\", "      -n 5 | jq .",
            ])
        let lines = ["pub demo \\", "    /a"]
        #expect(TypedCommand.lines(lines, width: 20, indentation: 2) == ["  pub demo \\", "      /a"])
        #expect(TypedCommand.lines(lines, width: 12, indentation: 0) == ["pub demo \\", "    /a"])
        #expect(TypedCommand.lines(lines + ["x"], width: 9, indentation: 0) == ["pub \\", "    demo \\", "    /a x"])
    }

    // MARK: Phrases

    @Test(arguments: [
        ("Stop.", 40, "Stop"), ("Stop now. Go.", 40, "Stop now. Go"), ("Stop now. Go.", 10, "Stop now"),
        ("Stop after this; with -n, later.", 20, "Stop after this"), ("The form: a, b, c.", 12, "The form"),
        ("Wait (default: 5s).", 12, "Wait"),
        ("A URL, a name (see 'x'; y), or demo: more.", 36, "A URL, a name (see 'x'; y), or demo"),
        ("Print one, two and three.", 12, "Print one"), ("Nothing of this fits.", 8, "Nothing of this fits"),
        ("End with '; ' then. Go.", 20, "End with '; ' then"),
    ])
    func aPhraseEndsWithASentenceOrAClause(text: String, room: Int, phrase: String) {
        #expect(text.beginning(room: room) == phrase)
    }
}
