import NIOCore
import Testing

@testable import StomptapRuntime

struct BodyPatternTests {
    @Test(arguments: [
        (#""up":\s*true"#, #"{"up": true}"#, true), ("^ok$", "ok", true), ("^ok$", "not ok", false),
        ("(?m)^ok$", "no\nok", true), ("안녕", "민지: 안녕하세요", true), ("", "", true), ("x", "", false),
    ])
    func aBodyIsSearched(pattern: String, body: String, matches: Bool) throws {
        #expect(try BodyPattern(pattern).matches(ByteBuffer(string: body)) == matches)
    }

    @Test func bytesThatAreNoTextAreSearchedToo() throws {
        #expect(try BodyPattern("end$").matches(ByteBuffer(bytes: [0xFF, 0xFE] + Array("end".utf8))))
    }

    @Test(arguments: ["(", "a{2,1}", "[a", "*"])
    func aWrongExpressionIsNamed(pattern: String) {
        let error = #expect(throws: InvalidValue.self) { try BodyPattern(pattern) }
        #expect(error?.description.hasPrefix(pattern.debugDescription) == true)
    }
}
