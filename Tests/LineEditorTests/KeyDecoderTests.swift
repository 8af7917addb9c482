import Testing

@testable import LineEditor

@Suite struct KeyDecoderTests {
    private func keys(_ text: String, limit: Int = 1000) -> [KeyDecoder.Key] {
        var decoder = KeyDecoder(pasteLimit: limit)
        decoder.feed(text.utf8)
        return decoder.drainKeys()
    }

    private func typed(_ text: String) -> [KeyDecoder.Key] { text.unicodeScalars.map { .character($0) } }

    @Test func everySplitGivesTheSameKeys() {
        let text = "a한😀\u{1b}[A\u{1b}[1;5C\u{1b}OH\u{1b}[200~{\r\n  \"이름\": 1\r}\n\u{1b}[201~x\u{03}\u{1b}[15~"
        let expected: [KeyDecoder.Key] =
            typed("a한😀") + [
                .special(.up, sequence: "[A"), .special(.wordRight, sequence: "[1;5C"), .special(.home, sequence: "OH"),
                .paste(Array("{\n  \"이름\": 1\n}".unicodeScalars)), .character("x"), .interrupt, .sequence("[15~"),
            ]
        let bytes = Array(text.utf8)
        #expect(keys(text) == expected)
        for split in 0...bytes.count {
            var decoder = KeyDecoder(pasteLimit: 1000)
            decoder.feed(bytes[..<split])
            decoder.feed(bytes[split...])
            #expect(decoder.drainKeys() == expected, "split at \(split)")
            #expect(decoder.waiting == nil)
        }
    }

    @Test func anEscapeAloneIsAKeyOnlyAfterAWhile() {
        var decoder = KeyDecoder(pasteLimit: 10)
        decoder.feed([0x1b])
        #expect(decoder.drainKeys() == [])
        #expect(decoder.waiting == .escape)
        decoder.timeOut()
        #expect(decoder.drainKeys() == typed("\u{1b}"))
        #expect(decoder.waiting == nil)
    }

    @Test func aSequenceTypedByHandIsItsCharacters() {
        var decoder = KeyDecoder(pasteLimit: 10)
        decoder.feed("\u{1b}[1".utf8)
        #expect(decoder.waiting == .sequence)
        decoder.timeOut()
        #expect(decoder.drainKeys() == typed("\u{1b}[1"))
        decoder.feed("\u{1b}[1한".utf8)
        #expect(decoder.drainKeys() == typed("\u{1b}[1한"))
    }

    @Test func metaIsAnEscapeAndACharacter() {
        #expect(keys("\u{1b}f\u{1b}\u{1b}[D") == typed("\u{1b}f\u{1b}") + [.special(.left, sequence: "[D")])
    }

    @Test(arguments: SpecialKey.allCases) func everySpecialKeyIsKnown(key: SpecialKey) {
        for sequence in key.sequences {
            #expect(keys("\u{1b}" + sequence) == [.special(key, sequence: sequence)])
        }
    }

    @Test func sequencesOfNoKeyAreWhole() {
        #expect(keys("\u{1b}[[Ax") == [.sequence("[[A"), .character("x")])
        #expect(keys("\u{1b}[?1;2cx") == [.sequence("[?1;2c"), .character("x")])
        let endless = keys("\u{1b}[" + String(repeating: "1;", count: 5000) + "mx")
        #expect(endless.count == 2 && endless.last == .character("x"))
    }

    @Test(
        arguments: [
            ([0x80], "\u{fffd}"), ([0xff], "\u{fffd}"), ([0xc0, 0xaf], "\u{fffd}\u{fffd}"),
            ([0xe1, 0x41], "\u{fffd}A"),
            ([0xe0, 0x80, 0x80], "\u{fffd}"), ([0xed, 0xa0, 0x80], "\u{fffd}"), ([0xf4, 0x90, 0x80, 0x80], "\u{fffd}"),
            ([0xed, 0x95, 0xed, 0x95, 0x9c], "\u{fffd}한"),
        ] as [([UInt8], String)])
    func invalidUTF8BecomesReplacementCharacters(bytes: [UInt8], text: String) {
        var decoder = KeyDecoder(pasteLimit: 10)
        decoder.feed(bytes)
        #expect(decoder.drainKeys() == typed(text))
    }

    @Test func nobodyTypesTheCharactersThatStandForKeys() {
        #expect(keys("a\u{90}\u{9e}b") == typed("ab"))
    }

    @Test func signalKeysAreTheTerminalsOwn() {
        var decoder = KeyDecoder(signals: .init(interrupt: 0x18, suspend: 0, quit: 0x1c), pasteLimit: 10)
        decoder.feed([0x18, 0x03, 0x1a, 0x00, 0x1c])
        #expect(
            decoder.drainKeys() == [.interrupt, .character("\u{03}"), .character("\u{1a}"), .character("\0"), .quit])
    }

    @Test func aPasteIsText() {
        #expect(
            keys("\u{1b}[200~a\tb\0\u{85}\u{1b}[A\r\r\n\n\r\n\u{1b}[201~") == [
                .paste(["a", "\t", "b", "\u{1b}", "[", "A"])
            ])
        #expect(keys("\u{1b}[200~\u{1b}[201~") == [.paste([])])
        #expect(keys("\u{1b}[200~\u{03}~\u{1b}[201~") == [.paste(["\u{03}", "~"])])
    }

    @Test func aPasteOverTheLimitIsThrownAwayAndCounted() {
        #expect(
            keys("\u{1b}[200~0123456789\u{1b}[201~x", limit: 10) == [
                .paste(Array("0123456789".unicodeScalars)), .character("x"),
            ])
        #expect(keys("\u{1b}[200~0123456789a\u{1b}[201~x", limit: 10) == [.pasteTooLong(11), .character("x")])
        let long = String(repeating: "y", count: 12345)
        #expect(keys("\u{1b}[200~\(long)\u{1b}[201~x", limit: 10) == [.pasteTooLong(12345), .character("x")])
    }

    @Test func anEndlessPasteCanBeInterrupted() {
        var decoder = KeyDecoder(pasteLimit: 10)
        decoder.feed("\u{1b}[200~ab\u{03}c".utf8)
        #expect(decoder.waiting == .paste)
        decoder.timeOut()
        #expect(decoder.waiting == nil)
        decoder.feed([0x03, 0x61])
        #expect(decoder.drainKeys() == [.interrupt, .character("a")])
    }

    @Test(.timeLimit(.minutes(1))) func aLongPasteTakesTimeInProportion() {
        var decoder = KeyDecoder(pasteLimit: 1 << 20)
        decoder.feed("\u{1b}[200~".utf8)
        decoder.feed(repeatElement(0x61, count: 1 << 20))
        decoder.feed("\u{1b}[201~".utf8)
        #expect(decoder.drainKeys().count == 1)
    }
}
