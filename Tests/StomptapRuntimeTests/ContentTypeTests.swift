import NIOCore
import STOMPCore
import StomptapOutput
import Testing

@testable import StomptapRuntime

/// The content type that is sent with a body.
@Suite struct ContentTypeTests {
    @Test(
        arguments: [
            (#"{"a":1}"#, "application/json", nil), ("[1, 2]", "application/json", nil), ("hello", "text/plain", nil),
            (#"{"a":"#, "text/plain", "unexpected end at byte 5; sent as text/plain"),
            (" [1,]", "text/plain", "at byte 4"), ("7", "text/plain", nil), ("", nil, nil),
        ] as [(String, String?, String?)])
    func aBodyThatBeginsLikeJSONAndIsNotIsWarnedAbout(body: String, type: String?, warning: String?) throws {
        var headers: HeaderList = [:]
        let answer = try ContentType.add(nil, for: ByteBuffer(string: body), to: &headers)
        #expect(headers["content-type"] == type)
        #expect((answer == nil) == (warning == nil), "\(answer ?? "")")
        if let warning { #expect(answer?.contains(warning) == true, "\(answer ?? "")") }
    }

    @Test func whatIsToBeJSONMustBe() throws {
        var headers: HeaderList = [:]
        let type = "json"
        #expect(try ContentType.add(type, for: ByteBuffer(string: "{}"), to: &headers) == nil)
        #expect(headers["content-type"] == "application/json")
        headers = [:]
        let failure = try #require(throws: Failure.self) {
            _ = try ContentType.add(type, for: ByteBuffer(string: "{a}"), to: &headers)
        }
        #expect(failure.status == .badInput && failure.line?.contains("not JSON") == true)
    }

    @Test func aGivenTypeIsNotChecked() throws {
        var headers: HeaderList = [:]
        #expect(try ContentType.add("application/json", for: ByteBuffer(string: "{"), to: &headers) == nil)
        #expect(headers["content-type"] == "application/json")
        headers = [:]
        #expect(try ContentType.add("json", for: ByteBuffer(), to: &headers) == nil)
        #expect(headers["content-type"] == "application/json")
        headers = ["content-type": "application/json"]
        #expect(try ContentType.add(nil, for: ByteBuffer(string: "{"), to: &headers) == nil)
        headers = [:]
        #expect(try ContentType.add("", for: ByteBuffer(string: "{"), to: &headers) == nil)
        #expect(!headers.contains("content-type"))
        #expect(try ContentType.add("text/plain", for: ByteBuffer(string: "{"), to: &headers) == nil)
    }
}
