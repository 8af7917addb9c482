import NIOCore
import OutputFixtures
import STOMPCore
import STOMPTransport
import Testing

@testable import StomptapOutput

/// How bodies are displayed that are compressed, in another charset, or not text.
@Suite struct BodyTests {
    private static let gzip = Base64.decode("H4sIAAAAAAACA6tWykjNyclXslIqzy/KSVGqBQDRQQnYEQAAAA==") ?? []

    /// The text after MESSAGE in the first line, and then the other lines.
    private func shown(
        _ body: [UInt8], _ headers: [String] = [], bodies: BodyStyle = BodyStyle(), width: Int = 80
    ) throws -> [String] {
        let text = rendered(.pretty, try makeMessage(headers, body: body)) {
            $0.timestamps = .none
            $0.bodies = bodies
            $0.width = .fixed(width)
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.removeLast() == "" && lines[0].hasPrefix("< MESSAGE "))
        lines[0] = String(lines[0].dropFirst("< MESSAGE ".count))
        return lines.filter { !$0.hasPrefix("  content-encoding") }
    }

    private let object = ["  {", "    \"hello\": \"world\"", "  }"]

    // MARK: Text

    @Test func aByteOrderMarkIsShownBeforeJSON() throws {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        #expect(
            try shown(mark + Array(#"{"a":1}"#.utf8), ["content-type:application/json"])
                == ["application/json  10 B", #"  \u{feff}{"#, #"    "a": 1"#, "  }"])
        #expect(try shown(mark + Array("hi".utf8)) == ["5 B", #"  \u{feff}hi"#])
        #expect(try shown(mark) == ["3 B", #"  \u{feff}"#])
        #expect(try shown(mark + Array("<a><b/></a>".utf8)) == ["14 B", #"  \u{feff}<a>"#, "    <b/>", "  </a>"])
    }

    @Test func marksThatNobodySeesAreShown() throws {
        let text = "a\u{200B}b\u{2060}c\u{E0041}d\u{200D}e\u{2028}f"
        #expect(try shown(Array(text.utf8))[1] == #"  a\u{200b}b\u{2060}c\u{e0041}d\u{200d}e\u{2028}f"#)
        #expect(
            try shown(Array("[\"\u{FEFF}\u{E0041}\"]".utf8))[2] == #"    "\ufeff\udb40\udc41""#)
    }

    // MARK: Compressed

    @Test(arguments: [[], ["content-encoding:gzip"], ["content-encoding: X-GZIP "], ["content-encoding:identity"]])
    func gzipIsInflatedAndNamed(headers: [String]) throws {
        #expect(try shown(Self.gzip, headers) == ["gzip, 37 B, 17 B inflated"] + object)
    }

    @Test func membersOfGzipAreOneBody() throws {
        let two = try #require(
            Base64.decode("H4sIAAAAAAACA8vPS1UAAElhrCMEAAAAH4sIAAAAAAACAyspzwcAZorKEQMAAAA="))
        #expect(try shown(two) == ["gzip, 47 B, 7 B inflated", "  one two"])
        // Zeros after the last member are ignored, as in gzip(1).
        #expect(try shown(two + [0, 0, 0])[1] == "  one two")
    }

    @Test func deflateIsInflatedWithItsHeadOrWithout() throws {
        let bare = try #require(Base64.decode("y0jNyclXyECQAA=="))
        let whole = try #require(Base64.decode("eJzLSM3JyVfIQJAAOi4GfQ=="))
        #expect(
            try shown(whole, ["content-encoding:deflate"]) == ["deflate, 16 B, 17 B inflated", "  hello hello hello"])
        #expect(
            try shown(bare, ["content-encoding:deflate"]) == ["deflate, 10 B, 17 B inflated", "  hello hello hello"])
        #expect(try shown(whole)[0] == "deflate, 16 B, 17 B inflated")
        #expect(try shown(bare)[0] == "10 B")
    }

    @Test func textThatOnlyBeginsAsIfItWereCompressedStaysText() throws {
        #expect(try shown(Array("x^2 + y^2".utf8)) == ["9 B", "  x^2 + y^2"])
        #expect(
            try shown(Array("plain".utf8), ["content-encoding:gzip"])
                == ["5 B", "  plain", "  [not gzip, despite its content-encoding]"])
        #expect(
            try shown(Array("plain".utf8), ["content-encoding:deflate"]).last
                == "  [not deflate, despite its content-encoding]")
        // RabbitMQ passes on the value that AMQP clients set.
        #expect(try shown(Array("plain".utf8), ["content-encoding:UTF-8"]) == ["5 B", "  plain"])
    }

    /// No part of a body may be left out without a note.
    @Test func whatFollowsTheCompressedDataIsNamed() throws {
        let gzip = Array(Array("a".utf8).withUnsafeBytes { Zlib.compressed($0, as: .gzip) }.readableBytesView)
        #expect(
            try shown(gzip + Array("rest".utf8)).suffix(2) == ["  a", "  [gzip: 4 B after its end are not shown]"])
        let zlib = Zlib.compressed(Array("chunk one".utf8))
        #expect(try shown(zlib + Zlib.compressed(Array("chunk two".utf8)))[0] == "\(2 * zlib.count) B")
        // A deflate stream without a zlib header: this text inflates without an error.
        for text in ["sky the id: cook", #"{"id": 0, "x": 5}"#] {
            let lines = try shown(Array(text.utf8), ["content-encoding:deflate"])
            #expect(lines[0] == "\(text.utf8.count) B")
            #expect(lines.last == "  [not deflate, despite its content-encoding]")
        }
    }

    @Test func aBombEndsAtTheLimitAndIsSaid() throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let bomb = Array(zeros.withUnsafeBytes { Zlib.compressed($0, as: .gzip) }.readableBytesView)
        let lines = try shown(bomb, bodies: BodyStyle(inflatedLimit: 1 << 16))
        #expect(lines[0] == "gzip, \(bomb.count) B" && lines[1].hasPrefix("  00000000  1f 8b 08"))
        #expect(lines.last == "  [gzip: not inflated: more than 65536 B; use a larger --max-message]")
        #expect(try shown(bomb, bodies: BodyStyle(inflatedLimit: 1 << 20))[0].hasSuffix(" 1048576 B inflated"))
    }

    /// The data is cut or changed at every position.
    @Test func whatIsBrokenIsDumpedAndSaid() throws {
        for count in 2..<Self.gzip.count {
            let lines = try shown(Array(Self.gzip[..<count]))
            #expect(lines[0] == "gzip, \(count) B" && lines[1].contains("|"), "\(lines)")
            #expect(lines.last?.contains("  [gzip: not inflated: ends early, after ") == true, "\(lines)")
        }
        var wrong = Self.gzip
        wrong[31] ^= 1
        #expect(try shown(wrong).last == "  [gzip: not inflated: incorrect data check]")
        for index in Self.gzip.indices {
            for bit in 0..<8 {
                var changed = Self.gzip
                changed[index] ^= 1 << bit
                _ = try shown(changed)
            }
        }
    }

    // MARK: Charsets

    private let korean: [UInt8] = [193, 214, 185, 174]

    @Test(arguments: ["EUC-KR", "euc-kr", "\"EUC-KR\"", " KS_C_5601-1987"])
    func theCharsetThatIsNamedIsDecodedAndNamed(charset: String) throws {
        let name = charset.filter { $0 != "\"" && $0 != " " }
        #expect(
            try shown(korean, ["content-type:text/plain; Charset=\(charset)"])
                == ["text/plain; Charset=\(charset)  4 B, \(name)", "  주문"])
    }

    @Test func jsonOfAnotherCharsetIsIndented() throws {
        let lines = try shown(
            Array(#"{"a":""#.utf8) + korean + Array(#""}"#.utf8), ["content-type:application/json;charset=euc-kr"])
        #expect(lines.dropFirst() == ["  {", "    \"a\": \"주문\"", "  }"])
    }

    @Test func compressedTextOfAnotherCharset() throws {
        let body = Array(korean.withUnsafeBytes { Zlib.compressed($0, as: .gzip) }.readableBytesView)
        #expect(
            try shown(body, bodies: BodyStyle(charset: "EUC-KR"))
                == ["gzip, \(body.count) B, 4 B inflated, EUC-KR", "  주문"])
    }

    @Test func controlsAreEscapedAfterDecoding() throws {
        let lines = try shown([0x1B, 0x9B, 0x41], ["content-type:text/plain;charset=ISO-8859-1"])
        #expect(lines[1] == #"  \x1b\u{9b}A"#)
        #expect(
            try shown([0, 0x1B, 0x20, 0x2E], ["content-type:text/plain;charset=UTF-16BE"])[1] == #"  \x1b\u{202e}"#)
    }

    @Test func whatMayBeKoreanIsADumpWithAHint() throws {
        let hint = "  [perhaps EUC-KR: try --charset EUC-KR]"
        #expect(try shown(korean).last == hint)
        #expect(try shown(korean)[1].hasPrefix("  00000000  c1 d6 b9 ae "))
        // Spring sets this charset for every text.
        #expect(try shown(korean, ["content-type:text/plain;charset=UTF-8"]).last == hint)
        #expect(try shown([0xFF, 0xFE, 0x61, 0]).last == "  [perhaps UTF-16: try --charset UTF-16]")
        for bytes in [[0xFF, 0xD8], korean + [0], korean + [0x1B], korean + [0xC1], [0x80, 0x41]] as [[UInt8]] {
            #expect(try shown(bytes).count == 2, "\(bytes)")
        }
    }

    @Test func whatIsSaidWronglyIsSaid() throws {
        #expect(
            try shown(Array("새 주문".utf8), ["content-type:text/plain;charset=EUC-KR"]).dropFirst()
                == ["  새 주문", "  [not EUC-KR: invalid at byte 0]"])
        let unknown = "  [charset x-none: unknown to iconv on this machine; use --charset NAME]"
        #expect(try shown(korean, ["content-type:text/plain;charset=x-none"]).last == unknown)
        #expect(
            try shown(Array("a".utf8), ["content-type:text/plain;charset=x-none"]) == [
                "text/plain;charset=x-none  1 B", "  a", unknown,
            ])
        // `--charset` overrides the message's charset, unless the body is UTF-8.
        #expect(try shown(Array("주문".utf8), bodies: BodyStyle(charset: "EUC-KR")) == ["6 B", "  주문"])
        #expect(
            try shown([0x1B, 0x24, 0x29, 0x43, 0x0E, 0x41, 0x56, 0x0F], bodies: BodyStyle(charset: "ISO-2022-KR"))[1]
                == "  주")
        #expect(
            try shown(korean, ["content-type:text/plain;charset=UTF-8"], bodies: BodyStyle(charset: "EUC-KR"))[1]
                == "  주문")
    }

    @Test(arguments: [
        "", "/", "//", "UTF-8//IGNORE", "../../x", "a\u{1B}[2J", "한", String(repeating: "x", count: 5000),
        "EUC-KR,EUC-JP", "EUC-KR/",
    ])
    func namesThatMeanSomethingElseAreUnknown(name: String) throws {
        #expect(!CharsetDecoder.knows(name))
        let lines = try shown([0xFF], ["content-type:text/plain;charset=\(name)"])
        #expect(lines.allSatisfy { !$0.contains("\u{1B}") } && lines.last.map { $0.count < 140 } == true)
    }

    @Test func textIsDecodedInPieces() {
        let text = String(repeating: "주문 a ", count: 100_000)
        let bytes = (0..<100_000).flatMap { _ in korean + Array(" a ".utf8) }
        bytes.withUnsafeBytes { #expect(CharsetDecoder.decode($0, from: "EUC-KR") == .text(Array(text.utf8))) }
        [].withUnsafeBytes { #expect(CharsetDecoder.decode($0, from: "EUC-KR") == .text([])) }
    }

    // MARK: Limits

    @Test func aDumpEndsAfterFourKibibytes() throws {
        let lines = try shown([UInt8](repeating: 0xFF, count: 5000))
        #expect(lines.count == 1 + 256 + 1 && lines.last == "  [904 of 5000 B left out; use --max-shown]")
        #expect(try shown([UInt8](repeating: 0xFF, count: 4096)).count == 1 + 256)
        #expect(try shown([UInt8](repeating: 0xFF, count: 5000), bodies: BodyStyle(limit: 5000)).count == 1 + 313)
        #expect(
            try shown([UInt8](repeating: 0xFF, count: 20), bodies: BodyStyle(limit: 16)).dropFirst(2)
                == ["  [4 of 20 B left out; use --max-shown]"])
    }

    @Test func otherBodiesEndOnlyWhereItIsAskedFor() throws {
        let text = String(repeating: "가", count: 5000)
        #expect(try shown(Array(text.utf8)).dropFirst() == ["  \(text)"])
        #expect(
            try shown(Array(text.utf8), bodies: BodyStyle(limit: 8)).dropFirst()
                == ["  가가", "  [14994 of 15000 B left out; use --max-shown]"])
        #expect(
            try shown(Array(#"{"a":[1,"long"],"b":2}"#.utf8), bodies: BodyStyle(limit: 11)).dropFirst()
                == ["  {", "    \"a\": [", "      1,", "      \"lo", "  [11 of 22 B left out; use --max-shown]"])
        #expect(
            try shown(Array("<a><b>text</b></a>".utf8), bodies: BodyStyle(limit: 8)).dropFirst()
                == ["  <a>", "    <b>te", "  [10 of 18 B left out; use --max-shown]"])
        #expect(try shown(Array("ab\n".utf8), bodies: BodyStyle(limit: 2)).dropFirst() == ["  ab"])
    }

    // MARK: Width

    @Test(arguments: [
        (120, 15, "               00000000  41 42 43 44 45 46 47 48  49 4a                    |ABCDEFGHIJ|"),
        (80, 2, "  00000000  41 42 43 44 45 46 47 48  49 4a                    |ABCDEFGHIJ|"),
        (80, 15, "               00000000  41 42 43 44 45 46 47 48  |ABCDEFGH|"),
        (50, 15, "     00000000  41 42 43 44 45 46 47 48  |ABCDEFGH|"),
        (45, 15, "00000000  41 42 43 44 45 46 47 48  |ABCDEFGH|"), (40, 15, " 0000 41 42 43 44 45 46 47 48 |ABCDEFGH|"),
        (10, 15, "0000 41 42 43 44 45 46 47 48 |ABCDEFGH|"), (0, 15, "0000 41 42 43 44 45 46 47 48 |ABCDEFGH|"),
    ])
    func rowsFitTheLine(width: Int, indentation: Int, expected: String) {
        let dump = withBytes("ABCDEFGHIJ") { bytes in
            appended { $0.append(dump: bytes, indentation: indentation, width: .fixed(width)) }
        }
        #expect(dump.split(separator: "\n").first.map(String.init) == expected)
        #expect(width < 39 || dump.split(separator: "\n").allSatisfy { $0.count <= width })
    }
}
