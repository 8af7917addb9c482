import Testing

@testable import StomptapCommands

@Suite struct DisplayWidthTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("한글", 4), ("日本語", 6), ("ｱｲｳ", 3), ("ＡＢ", 4), ("é", 1), ("e\u{301}", 1), ("❤️", 2),
        ("👍", 2),
        ("👍🏽", 2), ("👩‍👩‍👧", 2), ("🇰🇷", 2), ("1️⃣", 2), ("\u{1100}\u{1161}\u{11A8}", 2), ("\u{200B}", 0), ("a\u{AD}b", 3),
        ("漢\u{3099}", 2), ("→", 1), ("☃", 1), ("⌚", 2), ("क्ष", 2), ("\u{20000}", 2), ("\n", 0), ("한a👍", 5),
    ])
    func cells(text: String, expected: Int) {
        #expect(DisplayWidth.cells(of: text) == expected)
    }
}
