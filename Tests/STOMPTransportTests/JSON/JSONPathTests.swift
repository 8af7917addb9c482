import NIOCore
import Testing

@testable import STOMPTransport

@Suite struct JSONPathTests {
    private func value(_ path: String, in text: String) -> String? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { bytes in
            switch JSONPath(path)?.value(in: bytes) {
            case .string(let text)?: "'" + String(buffer: text)
            case .json(let range)?: String(decoding: bytes[range], as: UTF8.self)
            case nil: nil
            }
        }
    }

    @Test(arguments: [
        (".a", "1"), (".b", "'x\"한\n"), (".c[0]", "[1]"), (".c[1].d", "null"), (".c[0][0]", "1"),
        (".e", "{ \"f\" : 2 }"),
        (".e.f", "2"), (#"."g h""#, "true"), (#".["g h"]"#, "true"), (#"["g h"]"#, nil), (".none", nil), (".c[2]", nil),
        (".a.b", nil), (".a[0]", nil), (".c.d", nil), (".b.x", nil), (".é", "-1.50"), (".e\u{301}", nil), (".[0]", nil),
    ])
    func valuesAreTakenOut(path: String, expected: String?) {
        let text = #"{"a":1,"b":"x\"\ud55c\n","c":[[1],{"d":null}],"e": { "f" : 2 } ,"g h":true,"é":-1.50}"#
        #expect(value(path, in: text) == expected)
        #expect(value(path, in: "\u{FEFF}" + text) == expected)
    }

    @Test func ofARepeatedKeyTheLastCounts() {
        #expect(value(".a", in: #"{"a":1,"a":2}"#) == "2")
        #expect(value(".a.b", in: #"{"a":{"b":1},"a":{"c":2}}"#) == nil)
        #expect(value(".a.b", in: #"{"a":{"b":1},"a":3}"#) == nil)
        #expect(value(".a", in: #"{"\u0061":1}"#) == "1")
    }

    @Test func theWholeTextIsAPoint() {
        #expect(value(".", in: " [1, 2] ") == "[1, 2]")
        #expect(value(".", in: "\"x\"") == "'x")
        #expect(value(".[1]", in: "[1, 2]") == "2")
        #expect(value(".[1][0]", in: "[1, [2]]") == "2")
    }

    @Test(arguments: ["", " ", "{\"a\":1", "{\"a\":1} x", "{\"a\":1,}", "a", "{\"a\":01}"])
    func whatIsNotJSONHasNone(text: String) {
        #expect(value(".a", in: text) == nil)
        #expect(value(".", in: text) == nil)
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(value(".[0]", in: deep) == nil)
        #expect(value(".a", in: "{\"a\":\(deep)") == nil)
        #expect(JSONPath("." + String(repeating: "[0]", count: 101)) == nil)
        #expect(JSONPath("." + String(repeating: "[0]", count: 100)) != nil)
    }

    @Test(arguments: [
        "", "a", "..", "a.b", ".a.", ".a..b", ".a[", ".a[]", ".a[x]", ".a[-1]", ".a[0", ".a]", ".a[0]b", ".\"a",
        ".[\"a]",
        ".[\"a\"", ".a[99999999999999999999]", ".a\"b\"",
    ])
    func whatIsNotAPath(text: String) {
        #expect(JSONPath(text) == nil)
    }
}
