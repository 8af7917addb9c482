import Foundation
import OutputFixtures
import STOMPTransport
import Testing

@testable import StomptapOutput

@Suite struct VisibleTextTests {
    @Test func everyControlIsEscaped() {
        let invisible: [ClosedRange<UInt32>] = [
            0x61C...0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF...0xFEFF,
            0xE0000...0xE007F,
        ]
        for value in [0..<0x3000 as Range<UInt32>, 0xFE00..<0xFF00, 0xDFFF0..<0xE00F0].joined() {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let isHidden =
                scalar.properties.generalCategory == .control || invisible.contains { $0.contains(value) }
            let shown = appended { $0.append(String(scalar), visible: .line) }
            #expect((shown == String(scalar)) == !isHidden, "U+\(String(value, radix: 16))")
            #expect(!isHidden || shown.hasPrefix("\\"))
        }
    }

    /// Joiners and tags that a reader needs are kept.
    @Test(arguments: [
        "👨\u{200D}👩\u{200D}👧", "🏳\u{FE0F}\u{200D}🌈", "👩🏽\u{200D}💻", "❤\u{FE0F}\u{200D}🔥", "🏃\u{200D}♀\u{FE0F}",
        "می\u{200C}خواهم",
        "क\u{94D}\u{200D}ष", "ශ\u{DCA}\u{200D}රී",
        "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}!",
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}🏴\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
    ]) func joinersStayWhereTheyJoin(text: String) {
        #expect(visible(text).unicodeScalars.elementsEqual(text.unicodeScalars), "\(visible(text))")
        #expect(printable(text).unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(appended { $0.append(jsonString: text) }.unicodeScalars.elementsEqual("\"\(text)\"".unicodeScalars))
    }

    /// The same characters are escaped where they could hide something.
    @Test(arguments: [
        ("a\u{200D}b", "a\\u{200d}b"), ("a\u{200C}b", "a\\u{200c}b"), ("\u{200D}", "\\u{200d}"),
        ("👨\u{200D}", "👨\\u{200d}"),
        ("👨\u{200D}a", "👨\\u{200d}a"), ("👨\u{200C}👩", "👨\\u{200c}👩"), ("👨\u{200D}\u{200D}👩", "👨\\u{200d}\\u{200d}👩"),
        ("관리\u{200D}자", "관리\\u{200d}자"), ("م\u{200C}\u{200C}", "م\u{200C}\\u{200c}"),
        ("🏴\u{E0067}\u{E007F}", "🏴\\u{e0067}\\u{e007f}"),
        ("🏴\u{E0067}\u{E0062}\u{E0073}", "🏴\\u{e0067}\\u{e0062}\\u{e0073}"),
        ("a\u{E0067}\u{E0062}\u{E0073}\u{E007F}", "a\\u{e0067}\\u{e0062}\\u{e0073}\\u{e007f}"),
        (
            "🏴" + String(repeating: "\u{E0061}", count: 7) + "\u{E007F}",
            "🏴" + String(repeating: "\\u{e0061}", count: 7) + "\\u{e007f}"
        ),
    ]) func joinersAloneAreShown(text: String, shown: String) {
        #expect(visible(text).unicodeScalars.elementsEqual(shown.unicodeScalars), "\(visible(text))")
        #expect(printable(text).unicodeScalars.elementsEqual(shown.unicodeScalars))
    }

    @Test(
        arguments: [
            ([0xC0, 0x80], "\\xc0\\x80"), ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"), ([0xE2, 0x82], "\\xe2\\x82"),
            ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"), ([0x61, 0xF0, 0x9F, 0x91, 0x8D], "a👍"),
            ([0xF8, 0x80], "\\xf8\\x80"), ([0xC2], "\\xc2"),
        ] as [([UInt8], String)])
    func whatIsNoUTF8IsShownByteByByte(bytes: [UInt8], expected: String) {
        #expect(bytes.withUnsafeBytes { bytes in appended { $0.append(bytes, visible: .line) } } == expected)
    }

    /// Bytes are UTF-8 exactly if the standard library says so, for all starts of a sequence.
    @Test func utf8IsWhatItIs() {
        for first in 0x7F...0xFF as ClosedRange<UInt8> {
            for second in stride(from: 0x70, through: 0xD0, by: 0x10) {
                for rest in [[], [0x80], [0x80, 0xBF], [0x80, 0x41]] as [[UInt8]] {
                    let bytes = Array("12345678".utf8) + [first, UInt8(second)] + rest
                    let expected = String(validating: bytes, as: UTF8.self) != nil
                    #expect(bytes.withUnsafeBytes { $0.isUTF8 } == expected, "\(bytes)")
                }
            }
        }
    }

    @Test func linesAreIndented() {
        #expect(appended { $0.append("a\nb\tc\n", visible: .lines(indentation: 3)) } == "a\n   b\tc\n   ")
    }

    @Test func anErrorIsOneLine() {
        #expect(ErrorLine.text("STOMP: no\n\u{1B}[2J\u{9C}한") == "stomptap: STOMP: no\\n\\x1b[2J\\u{9c}한\n")
        #expect(
            ErrorLine.text("HTTP: 403 from ws://u:p@h/ws?access_token=abc&x=1")
                == "stomptap: HTTP: 403 from ws://u:****@h/ws?access_token=****&x=1\n")
        #expect(ErrorLine.text("?token=abc", mask: .none) == "stomptap: ?token=abc\n")
        #expect(ErrorLine.text("passcode-file: not there") == "stomptap: passcode-file: not there\n")
    }

    @Test func binaryAsText() {
        let bytes = (0..<30_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        bytes.withUnsafeBytes { raw in
            #expect(appended { $0.append(base64: raw) } == Data(bytes).base64EncodedString())
            #expect(
                appended { $0.append(hexadecimal: raw) } == bytes.map { String(format: "%02x", $0) }.joined())
        }
    }
}
