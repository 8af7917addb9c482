import Foundation
import OutputFixtures
import STOMPTransport
import Testing

@testable import StomptapOutput

@Suite struct JSONTextTests {
    private func accepts(_ text: String) -> Bool { withBytes(text, JSONReader.accepts) }

    private func indented(_ text: String, indentation: Int = 0) -> String {
        withBytes(text) { bytes in
            appended { out in
                JSONIndenter(indentation: indentation, palette: .plain).write(bytes, to: &out)
            }
        }
    }

    @Test(arguments: [
        "{}", "[]", " [ ] ", "{\"a\":{}}", "0", "-0", "-1.5e+10", "1E5", "10.50", "true", "false", "null", "\"\"",
        "\"\\u00e9\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "[1,[2,{\"a\":null}],\"x\"]", "{\"a\":1,\"a\":2}", "\t[\r\n1 ]",
        "123456789012345678901234567890.123456789012345678901234567890e-400", "\"\u{7F}한👍\"", "\"\\ud800\"",
    ])
    func whatIsJSON(text: String) {
        #expect(accepts(text))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}",
        "[1}", "{\"a\":1]", "[1] x", "[1][2]", "{} {}", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "tru",
        "truely", "nul", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\", "\"\u{1}\"", "\"\n\"", "'a'", "[1 2]",
        "{\"a\" 1}", "[\"a\":1]", "\u{FEFF}{}", "[1]\0", "// x\n{}",
    ])
    func whatIsNot(text: String) {
        #expect(!accepts(text))
    }

    /// The results agree with Foundation for every prefix of a document and every changed byte.
    @Test func everyPrefixAndEveryChangedByte() throws {
        let document = Array(#"{"a":[1,-2.5e3,"x\u0041\n",true,null,{}],"b":{"c":false}}"#.utf8)
        var variants = (0...document.count).map { Array(document[..<$0]) }
        for index in document.indices {
            for byte in #"{}[],:"\0 e-."#.utf8 {
                var changed = document
                changed[index] = byte
                variants.append(changed)
            }
        }
        for variant in variants {
            let expected = (try? JSONSerialization.jsonObject(with: Data(variant), options: .fragmentsAllowed)) != nil
            let accepted = variant.withUnsafeBytes { JSONReader.accepts($0) }
            #expect(accepted == expected, "\(String(decoding: variant, as: UTF8.self))")
        }
    }

    @Test func whatIsNoUTF8IsNot() {
        #expect(![0x22, 0xFF, 0x22].withUnsafeBytes { JSONReader.accepts($0) })
    }

    @Test func nestingIsBounded() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(accepts(nested(JSONReader.deepestNesting)))
        #expect(!accepts(nested(JSONReader.deepestNesting + 1)))
        #expect(!accepts(String(repeating: "{\"a\":", count: 1_000_000)))
    }

    @Test func orderAndDigitsAndEscapesStay() {
        #expect(
            indented(
                #"{"z":1.0,"a":12345678901234567890,"z":1e400 ,"s":"\u00e9\/ , : {}","e":{ },"f":[ ],"n":[1,[2]]}"#)
                    == #"""
                    {
                      "z": 1.0,
                      "a": 12345678901234567890,
                      "z": 1e400,
                      "s": "\u00e9\/ , : {}",
                      "e": {},
                      "f": [],
                      "n": [
                        1,
                        [
                          2
                        ]
                      ]
                    }
                    """#)
    }

    @Test func whatIsNoObjectStaysOneLine() {
        #expect(indented(" \"a\\\"b\" ") == "\"a\\\"b\"")
        #expect(indented(" -1.50 ") == "-1.50")
        #expect(indented("[]", indentation: 4) == "[]")
        #expect(indented("[1]", indentation: 4) == "[\n      1\n    ]")
    }

    /// Below 32 levels, the indentation would be many times larger than the JSON.
    @Test func whatIsNestedDeepStaysInALine() {
        let deep = String(repeating: "[", count: 40) + "1, {\"a\": [2]}" + String(repeating: "]", count: 40)
        let lines = indented(deep).split(separator: "\n")
        #expect(lines.count == 65)
        #expect(lines[32] == String(repeating: " ", count: 64) + "[[[[[[[[1,{\"a\": [2]}]]]]]]]]")
        #expect(lines[31].hasSuffix("[") && lines[33] == String(repeating: " ", count: 62) + "]")
    }
}
