import NIOCore
import Testing

@testable import STOMPTransport

/// The strings of the JSON array `text`, or the error in it.
private func strings(_ text: String) -> Result<[String], JSONFault> {
    let buffer = ByteBuffer(string: text)
    do throws(JSONFault) {
        let messages = try buffer.messages()
        return .success(messages.texts.map { String(buffer: $0) })
    } catch {
        return .failure(error)
    }
}

extension ByteBuffer {
    /// The messages of this JSON array.
    func messages() throws(JSONFault) -> SockJSMessages {
        do {
            return try withUnsafeReadableBytes { try SockJSMessages($0) }
        } catch let fault as JSONFault {
            throw fault
        } catch {
            throw JSONFault(.noValue, at: -1)
        }
    }

    /// This text as a JSON string.
    var quoted: String {
        var buffer = ByteBuffer()
        buffer.writeJSONString(self)
        return String(buffer: buffer)
    }
}

@Suite struct JSONTests {
    @Test(arguments: [
        (#"[]"#, []), (#" [ ] "#, []), (#"["a"]"#, ["a"]), (#"["a" , "b","" ]"#, ["a", "b", ""]),
        (#"["\"\\\/\b\f\n\r\t"]"#, ["\"\\/\u{8}\u{C}\n\r\t"]),
        (#"["SEND\n\n\u0000"]"#, ["SEND\n\n\0"]),
        (#"["\u00e9\uAC00\u200b"]"#, ["é가\u{200B}"]),
        (#"["\ud83d\ude80"]"#, ["🚀"]),
        ("[\"한글 🚀\"]", ["한글 🚀"]),
    ])
    func readsStrings(text: String, expected: [String]) throws {
        #expect(try strings(text).get() == expected)
    }

    @Test(arguments: [
        ("", JSONFault(.endsEarly, at: 0)), ("[", JSONFault(.endsEarly, at: 1)),
        (#"["a"#, JSONFault(.endsInString, at: 3)), (#"["a""#, JSONFault(.endsEarly, at: 4)),
        (#"["a",]"#, JSONFault(.noString, at: 5)),
        (#"["a"] x"#, JSONFault(.moreAfterEnd, at: 6)),
        (#"[1]"#, JSONFault(.noString, at: 1)),
        (#"{"a":1}"#, JSONFault(.missing("["), at: 0)),
        ("[\"a\nb\"]", JSONFault(.controlCharacter, at: 3)),
        ("[\"a\0\"]", JSONFault(.controlCharacter, at: 3)),
        (#"["\x"]"#, JSONFault(.unknownEscape, at: 3)),
        (#"["\u12"]"#, JSONFault(.invalidUnicodeEscape, at: 4)),
        (#"["\u1"#, JSONFault(.endsInString, at: 4)),
        (#"["\u12g4"]"#, JSONFault(.invalidUnicodeEscape, at: 4)),
        (#"["\"#, JSONFault(.endsInString, at: 3)),
        (#"["a" "b"]"#, JSONFault(.missing("]"), at: 5)),
        (#"['a']"#, JSONFault(.noString, at: 1)),
    ])
    func namesWhatIsNoArrayOfStrings(text: String, fault: JSONFault) {
        guard case .failure(let error) = strings(text) else {
            Issue.record("it was read")
            return
        }
        #expect(error == fault)
    }

    @Test(arguments: [
        (#"["\ud83d"]"#, "\u{FFFD}"), (#"["\ude80\ud83d"]"#, "\u{FFFD}\u{FFFD}"), (#"["\ud83dx"]"#, "\u{FFFD}x"),
        (#"["\ud83d\n"]"#, "\u{FFFD}\n"), (#"["\ud83d\u0041"]"#, "\u{FFFD}A"),
        (#"["\ud83d\ud83d\ude80"]"#, "\u{FFFD}🚀"),
    ])
    func replacesHalfASurrogatePair(text: String, expected: String) throws {
        let messages = try ByteBuffer(string: text).messages()
        #expect(messages.texts == [ByteBuffer(string: expected)])
        #expect(!messages.isUTF8)
    }

    @Test func passesOnInvalidUTF8AndReportsIt() throws {
        let messages = try ByteBuffer(bytes: Array(#"[""#.utf8) + [0xFF, 0xC0] + Array(#""]"#.utf8)).messages()
        #expect(messages.texts == [ByteBuffer(bytes: [0xFF, 0xC0])])
        #expect(!messages.isUTF8)
    }

    @Test func quotesWhatSockJSAsksFor() {
        #expect(ByteBuffer(string: "a\"b\\c\n\0\u{1F}é").quoted == #""a\"b\\c\n\u0000\u001fé""#)
        #expect(ByteBuffer(string: "\u{200B}\u{200C}\u{200F}\u{2010}").quoted == "\"\u{200B}\\u200c\\u200f\u{2010}\"")
        #expect(
            ByteBuffer(string: "\u{2028}\u{202F}\u{2060}\u{206F}\u{2070}").quoted
                == "\"\\u2028\\u202f\\u2060\\u206f\u{2070}\"")
        #expect(ByteBuffer(string: "\u{FFEF}\u{FFF0}\u{FFFD}\u{FFFF}").quoted == "\"\u{FFEF}\\ufff0\\ufffd\\uffff\"")
        #expect(ByteBuffer(string: "\u{8}\u{9}\u{C}\r").quoted == #""\b\t\f\r""#)
        #expect(ByteBuffer().quoted == "\"\"")
    }

    @Test func quotesEveryCharacterSoThatItIsReadAgain() throws {
        let scalars = (0...0x10FFFF as ClosedRange<UInt32>).filter {
            $0 < 0x300 || $0 >> 8 == 0x20 || $0 >> 8 == 0xFF || $0 % 101 == 0
        }
        let all = String(String.UnicodeScalarView(scalars.compactMap { Unicode.Scalar($0) }))
        let quoted = ByteBuffer(string: all).quoted
        #expect(try ByteBuffer(string: "[\(quoted)]").messages().texts == [ByteBuffer(string: all)])
        #expect(quoted.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    @Test(arguments: [
        (#"{"websocket":true,"origins":["*:*"],"cookie_needed":false,"entropy":3293214291}"#, true, false),
        (#" {"cookie_needed" : true , "websocket" : false } "#, false, true),
        (#"{"entropy":-1.5e+10,"x":{"y":[null,{"z":"\u0000"}]},"websocket":true}"#, true, false),
    ])
    func readsInfo(text: String, acceptsWebSocket: Bool, needsCookies: Bool) throws {
        let info = try #require(try SockJSInfo(ByteBuffer(string: text)))
        #expect(info.acceptsWebSocket == acceptsWebSocket)
        #expect(info.needsCookies == needsCookies)
    }

    @Test func readsTheBaseURLOfInfo() throws {
        let info = try SockJSInfo(ByteBuffer(string: #"{"websocket":true,"base_url":"http://other/ws"}"#))
        #expect(info?.baseURL == "http://other/ws")
    }

    @Test func knowsAnObjectThatIsNotSockJS() throws {
        #expect(try SockJSInfo(ByteBuffer(string: #"{"status":404,"error":"Not Found"}"#)) == nil)
        #expect(try SockJSInfo(ByteBuffer(string: "{}")) == nil)
    }

    @Test(arguments: [
        "", "<!doctype html>", "true", "[]", #"{"websocket":"yes"}"#, #"{"websocket":true"#, #"{"websocket":true}x"#,
        #"{"a":01,"websocket":true}"#, #"{"a":.5,"websocket":true}"#, #"{"a":1e,"websocket":true}"#, #"{"a"}"#,
        #"{"a":tru,"websocket":true}"#, #"{"websocket":true,"base_url":1}"#,
        "{\"a\":" + String(repeating: "[", count: 100_000),
    ])
    func refusesWhatIsNoInfo(text: String) {
        #expect(throws: JSONFault.self) { try SockJSInfo(ByteBuffer(string: text)) }
    }
}
