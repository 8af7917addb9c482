import Foundation
import OutputFixtures
import STOMPCore
import Testing

@testable import StomptapOutput

@Suite struct JSONMessageTests {
    private func object(_ frame: Frame) throws -> [String: Any] {
        let data = Data(renderedBytes(.json, frame))
        #expect(data.last == 10 && data.dropLast().firstIndex(of: 10) == nil)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func keysStandInTheirOrder() throws {
        let message = try makeMessage(
            ["destination:/topic/orders", "subscription:sub-0", "content-type:application/json"], #"{"id":42}"#)
        #expect(
            rendered(.json, message)
                == #"{"time":"2026-11-21T05:03:22.118453Z","direction":"in","command":"MESSAGE","headers":"#
                + #"{"destination":"/topic/orders","subscription":"sub-0","content-type":"application/json"},"#
                + #""body":"{\"id\":42}","bodyEncoding":"utf-8","bodySize":9}"# + "\n")
    }

    @Test func aFrameWithNothingInIt() throws {
        let frame = try makeMessage([], body: [], command: "RECEIPT")
        #expect(
            rendered(.json, frame, .outgoing)
                == #"{"time":"2026-11-21T05:03:22.118453Z","direction":"out","command":"RECEIPT","headers":{},"#
                + #""body":"","bodyEncoding":"utf-8","bodySize":0}"# + "\n")
    }

    @Test func whereAHeaderRepeatsAllAreListed() throws {
        let message = try makeMessage(["a:1", "b:2", "a:3", "ab:4"])
        #expect(
            rendered(.json, message).contains(
                #""headers":{"a":"1","b":"2","ab":"4"},"headerList":[["a","1"],["b","2"],["a","3"],["ab","4"]],"body":"#
            ))
        let escaped = try makeMessage(["a\\cb:1", "a\\cb:2"])
        #expect(try object(escaped)["headers"] as? [String: String] == ["a:b": "1"])
    }

    @Test func whatIsNoUTF8IsBase64() throws {
        for count in 1...9 {
            let body = [UInt8](repeating: 0xFE, count: count)
            let object = try object(makeMessage([], body: body))
            #expect(object["bodyEncoding"] as? String == "base64")
            #expect(object["body"] as? String == Data(body).base64EncodedString())
            #expect(object["bodySize"] as? Int == count)
        }
    }

    @Test func everyScalarSurvives() throws {
        var body = String(String.UnicodeScalarView((0...0x2FFF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init)))
        body += "한글 👩‍👩‍👧 \u{10FFFF}\u{FFFD}"
        let object = try object(makeMessage(["content-length:\(body.utf8.count)"], body: body.utf8))
        #expect(object["body"] as? String == body)
        #expect(object["bodyEncoding"] as? String == "utf-8")
    }

    /// The writer reads up to 32 bytes at a time, so special characters are tested at every position.
    @Test(arguments: [
        "\"", "\\", "\u{1F}", "\u{0}", "\u{7F}", "\u{80}", "é", "한", "\u{202E}", "👍", "\u{FEFF}", "\u{E0041}",
    ])
    func specialBytesAtEveryPlace(special: String) throws {
        for before in 0..<80 {
            let after = String(repeating: "b", count: 80 - before)
            let body = String(repeating: "a", count: before) + special + "~ \(special)!#[]^" + after
            #expect(try object(makeMessage([], body: body.utf8))["body"] as? String == body)
        }
    }

    @Test(arguments: 0...40) func textsOfAnyLengthAreWhole(length: Int) throws {
        let text = String("abcdefghijklmnopqrstuvwxyz0123456789-_.~".prefix(length))
        for body in [text, text + "\"", "é" + text, String(text.reversed())] {
            #expect(try object(makeMessage([], body: body.utf8))["body"] as? String == body)
        }
    }

    @Test func controlsAreEscaped() throws {
        let message = try makeMessage(["x:\u{9B}\\n"], "\u{8}\u{1B}\u{7F}\u{9B}\u{2069}\r\n\t/")
        let text = rendered(.json, message)
        #expect(text.contains(#""x":"\u009b\n""#))
        #expect(text.contains(#""body":"\u0008\u001b\u007f\u009b\u2069\r\n\t/""#))
    }

    @Test func headersThatAreNoUTF8AreMended() throws {
        let frame = try makeFrame(
            Array("MESSAGE\nx".utf8) + [0xC3] + Array(":a".utf8) + [0xED, 0xA0, 0x80] + [10, 10, 0])
        #expect(try object(frame)["headers"] as? [String: String] == ["x\u{FFFD}": "a\u{FFFD}\u{FFFD}\u{FFFD}"])
    }

    @Test func secretsAreHiddenInTheListToo() throws {
        let message = try makeMessage(["token:a", "token:b", "empty-token:"])
        #expect(
            rendered(.json, message).contains(
                #""headers":{"token":"****","empty-token":""},"headerList":[["token","****"],["token","****"],"#
                    + #"["empty-token",""]]"#))
        #expect(rendered(.json, message) { $0.mask = .none }.contains(#""token":"a""#))
    }

    @Test func aLargeBodyIsTheSame() throws {
        let body = String(repeating: "{\"이름\":\"\\\\\"}\n", count: 20_000)
        #expect(
            try object(makeMessage(["content-length:\(body.utf8.count)"], body: body.utf8))["body"] as? String == body)
    }

    @Test func aJSONBodyIsOneHereTooWhereThatIsAskedFor() throws {
        func shown(_ body: String) throws -> String {
            let text = rendered(.json, try makeMessage([], body)) { $0.bodies.hasJSON = true }
            #expect(text.last == "\n" && !text.dropLast().contains("\n"))
            return String(text.drop { $0 != "}" }.dropFirst(2).dropLast(2))
        }
        #expect(
            try shown("{ \"b\" : [1.50,\n \"x\u{FEFF}\u{9B}\\n\"],\"b\":{} }")
                == #""body":{"b":[1.50,"x\ufeff\u009b\n"],"b":{}},"bodyEncoding":"json","bodySize":36"#)
        #expect(try shown("17") == #""body":"17","bodyEncoding":"utf-8","bodySize":2"#)
        #expect(try shown("{1}") == #""body":"{1}","bodyEncoding":"utf-8","bodySize":3"#)
        #expect(try shown("") == #""body":"","bodyEncoding":"utf-8","bodySize":0"#)
    }
}
