import NIOCore
import STOMPTransport
import Testing

@Suite struct JSONReaderTests {
    private func tokens(_ text: String) -> [String] {
        var text = text
        return text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            var reader = JSONReader(bytes)
            var tokens: [String] = []
            do throws(JSONFault) {
                while let token = try reader.next() {
                    tokens.append("\(token.kind) \(String(decoding: bytes[token.range], as: UTF8.self))")
                }
            } catch {
                tokens.append("\(error)")
            }
            return tokens
        }
    }

    @Test func aTextIsReadTokenByToken() {
        #expect(
            tokens(#" {"a" : [1.5e3, "\"x", null], "b":{} } "#) == [
                "open {", #"name "a""#, "colon :", "open [", "plain 1.5e3", "comma ,", #"string "\"x""#, "comma ,",
                "plain null", "close ]", "comma ,", #"name "b""#, "colon :", "open {", "close }", "close }",
            ])
    }

    @Test(arguments: [
        ("[1}", JSONFault(.missing("]"), at: 2)), ("{\"a\" 1}", JSONFault(.missing(":"), at: 5)),
        ("{1:1}", JSONFault(.noString, at: 1)), ("[01]", JSONFault(.missing("]"), at: 2)),
        ("[nul]", JSONFault(.noValue, at: 1)), ("[\"a", JSONFault(.endsInString, at: 3)),
        ("[] x", JSONFault(.moreAfterEnd, at: 3)), ("[1", JSONFault(.endsEarly, at: 2)),
    ])
    func theFirstFaultIsNamed(text: String, fault: JSONFault) {
        #expect(tokens(text).last == "\(fault)")
    }

    /// Skipped values may be nested as deeply as others, and do not grow the stack.
    @Test func aSkippedValueIsCheckedToo() throws {
        func skipping(_ value: String) throws -> Int {
            try ByteBuffer(string: "[\(value),7]").withUnsafeReadableBytes { bytes in
                var reader = JSONReader(bytes)
                try reader.expect("[")
                try reader.skipValue()
                try reader.expect(",")
                let number = try reader.integer()
                try reader.expect("]")
                try reader.expectEnd()
                return number
            }
        }
        for value in ["1", "\"a,]\"", "{\"a\":[{},[]]}", "[[[1],2],3]", "true"] { #expect(try skipping(value) == 7) }
        let deepest = JSONReader.deepestNesting
        let deep = String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest)
        #expect(try skipping(deep) == 7)
        #expect(throws: JSONFault(.tooDeep, at: 1 + deepest)) { try skipping("[\(deep)]") }
        #expect(throws: JSONFault.self) { try skipping(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONFault.self) { try skipping("{\"a\":tru}") }
    }

    /// The result does not depend on the string's length or on the position of the escaped character.
    @Test func anEscapeIsFoundAnywhere() throws {
        for length in [0, 1, 7, 8, 9, 31, 32, 33, 63, 255, 256, 257, 600] {
            for escaped in ["\"", "\n", "\\", "\0", "\u{2028}"] {
                let text = String(repeating: "한", count: length / 8) + String(repeating: "x", count: length)
                for string in [escaped + text, text + escaped, text + escaped + text] {
                    for escapes in [.sockJS, .display] as [JSONString.Escapes] {
                        var buffer = ByteBuffer()
                        buffer.writeJSONString(ByteBuffer(string: string), escapes)
                        let read = try buffer.withUnsafeReadableBytes { bytes in
                            var reader = JSONReader(bytes)
                            let text = try reader.text()
                            try reader.expectEnd()
                            return text
                        }
                        #expect(read == string)
                    }
                }
            }
        }
    }

    /// Bytes that are not UTF-8 pass through SockJS and are shown as U+FFFD.
    @Test func whatIsNotUTF8() {
        func quoted(_ escapes: JSONString.Escapes) -> [UInt8] {
            var buffer = ByteBuffer()
            buffer.writeJSONString(ByteBuffer(bytes: [0x61, 0xFF, 0x7F]), escapes)
            return Array(buffer.readableBytesView)
        }
        #expect(quoted(.sockJS) == [0x22, 0x61, 0xFF, 0x7F, 0x22])
        #expect(quoted(.display) == Array("\"a\u{FFFD}\\u007f\"".utf8))
    }
}
