import NIOCore
import STOMPBroker
import STOMPCore
import StomptapOutput
import Testing

@testable import StomptapCommands

struct ServeArgumentTests {
    private func frame(_ headers: HeaderList = [:], _ body: String = "", _ command: Command = .send) throws -> Frame {
        try FrameEncoder(version: .v12).frame(command, headers, body: ByteBuffer(string: body))
    }

    // MARK: --reply

    @Test(arguments: [
        ("/a=/b body", "/a", "/b", "body"), ("/a=/b=c d=e f", "/a", "/b=c", "d=e f"), ("/a=/b ", "/a", "/b", ""),
        ("/a=/b   x", "/a", "/b", "  x"),
    ])
    func aReplyHasThreeParts(_ text: String, _ from: String, _ to: String, _ body: String) throws {
        let reply = try ReplyArgument(text)
        #expect((reply.from, reply.to, reply.body) == (from, to, body))
    }

    @Test(arguments: ["", "/a", "/a=/b", "=/b x", "/a= x", "/a /b x"])
    func invalidRepliesAreRejected(_ text: String) {
        #expect(throws: (any Error).self) { try ReplyArgument(text) }
    }

    private func reply(_ template: String, to frame: Frame) throws -> String {
        String(buffer: try ReplyArgument("/a=/b " + template).reply().body(frame))
    }

    @Test(arguments: [
        ("<{{body}}>", #"{"a":1}"#, #"<{"a":1}>"#), ("{{body .a}}", #"{"a":"x\"y"}"#, #"x"y"#),
        (#"{"a": "{{body .a}}"}"#, #"{"a":"x\"y"}"#, #"{"a": "x\"y"}"#),
        ("{{body .a.b[1]}}", #"{"z":[{"a":2}],"a":{"b":[1,{"c": 2}]}}"#, #"{"c": 2}"#),
        ("{{body .}}", " [1, 2] ", "[1, 2]"), ("{{body .[1]}}", "[1, 2]", "2"), ("{{{{body}}", "x", "{{body}}"),
        ("{{count}} {{header own}}|{{header none}}", "x", "1 a\"b|"), (#"["{{header own}}"]"#, "x", #"["a\"b"]"#),
    ])
    func aReplyMayHavePartsOfTheMessage(_ template: String, _ body: String, _ expected: String) throws {
        #expect(try reply(template, to: frame(["own": "a\"b"], body)) == expected)
    }

    @Test(
        arguments: [
            ("{{body .b}}", [:], #"{"a":1}"#, BrokerReply.Failure.noValue(path: ".b")),
            ("{{body .a[0]}}", [:], #"{"a":{"0":1}}"#, .noValue(path: ".a[0]")),
            ("{{body .a}}", [:], "text", .notJSON(contentType: nil)),
            ("{{body .a}}", [:], #"{"a":1} x"#, .notJSON(contentType: nil)),
            // The content type decides.
            ("{{body .a}}", ["content-type": "text/plain"], #"{"a":1}"#, .notJSON(contentType: "text/plain")),
        ] as [(String, HeaderList, String, BrokerReply.Failure)])
    func aHandlerMayFail(
        _ template: String, _ headers: HeaderList, _ body: String, _ failure: BrokerReply.Failure
    ) throws {
        #expect(throws: failure) { try reply(template, to: frame(headers, body)) }
    }

    /// In the Spring profiles, a handler that returns text accepts `text/plain`, like Spring's `String` converter.
    @Test(
        arguments: [
            ("you said {{body}}", "application/json", .notText(contentType: "application/json")),
            ("{{body}}!", "application/octet-stream", .notText(contentType: "application/octet-stream")),
            ("you said {{body}}", nil, nil), ("you said {{body}}", "Text/Plain; charset=UTF-8", nil),
            // These replies are not text: the body itself, JSON around it, a value of it, and nothing of it.
            ("{{body}}", "application/json", nil), (#"{"a": {{body}}}"#, "application/json", nil),
            ("{{body .a}} of {{body}}", "application/json", nil), ("welcome", "application/json", nil),
        ] as [(String, String?, BrokerReply.Failure?)])
    func aHandlerOfTextTakesNoJSON(_ template: String, _ type: String?, _ failure: BrokerReply.Failure?) throws {
        let headers: HeaderList = type.map { ["content-type": $0] } ?? [:]
        let message = try frame(headers, #"{"a":1}"#)
        let argument = try ReplyArgument("/a=/b " + template)
        for profile in [ServerProfile.spring, .spring5, .spring4] {
            let reply = try argument.reply(profile)
            if let failure {
                #expect(throws: failure) { try reply.body(message) }
            } else {
                #expect(throws: Never.self) { try reply.body(message) }
            }
        }
        #expect(throws: Never.self) { try argument.reply(.rabbitMQ).body(message) }
    }

    @Test func aReplyDoesNotGrowWithoutLimit() throws {
        let template = try Template(ByteBuffer(string: "{{body}}{{body}}{{body}}"), of: "it", isReply: true)
        let frame = try frame([:], "123")
        #expect(throws: BrokerReply.Failure.tooLarge(limit: 8)) { try template.reply(to: frame, number: 1, limit: 8) }
        #expect(try template.reply(to: frame, number: 1, limit: 9).readableBytes == 9)
    }

    @Test(arguments: ["{{body}}", "{{body .a}}", "{{header a}}"])
    func whatIsOfAReplyIsNotInOtherTemplates(_ text: String) {
        #expect(throws: Failure.self) { try Template(ByteBuffer(string: text), of: "it") }
    }

    @Test(arguments: ["{{body a}}", "{{body .a[x]}}", "{{body .a..b}}", "{{body .a b}}", "{{header}}", "{{nope}}"])
    func whatIsWrongInATemplateIsNamed(_ text: String) throws {
        let argument = try ReplyArgument("/a=/b \(text)")
        let failure = #expect(throws: Failure.self) { try argument.reply() }
        #expect(failure?.status == .badInput)
        #expect(failure?.line?.contains("--reply /a") == true, "\(failure?.line ?? "")")
    }

    // MARK: --fail

    @Test(
        arguments: [
            ("send=No", [:], "", true), ("send:secret=No", ["destination": "/topic/secret"], "", true),
            ("send:^destination:/topic/a$=No", ["x": "y", "destination": "/topic/a"], "", true),
            ("send:^b$=No", ["x": "b"], "", false), ("send:bad=a=b", [:], "a bad word", true),
            (#"send:k\x3dv=No"#, [:], "k=v", true), ("send:z=No", ["a": "b"], "c", false),
        ] as [(String, HeaderList, String, Bool)])
    func aRuleSearchesHeadersAndBody(_ text: String, _ headers: HeaderList, _ body: String, _ matches: Bool) throws {
        let denial = try FailArgument(text).denial
        #expect(denial.subject == .send)
        #expect(try denial.matches?(frame(headers, body)) ?? true == matches)
        #expect(denial.text == (text.hasSuffix("a=b") ? "a=b" : "No"))
    }

    @Test func theBodyOfOthersIsNotSearched() throws {
        let denial = try FailArgument("subscribe:x=No").denial
        let frame = try FrameEncoder(version: .v10).frame(.subscribe, ["a": "b"], body: ByteBuffer(string: "x"))
        #expect(denial.matches?(frame) == false)
        #expect(try denial.matches?(self.frame(["a": "x"], "", .subscribe)) == true)
    }

    @Test func onlyTheBeginningIsSearched() throws {
        let denial = try FailArgument("send:end=No").denial
        let padding = String(repeating: "x", count: 64 << 10)
        #expect(try denial.matches?(frame(["a": padding, "b": "end"], padding + "end")) == false)
        #expect(try denial.matches?(frame(["b": "end"], padding + "end")) == true)
        #expect(try denial.matches?(frame([:], "end" + padding)) == true)
    }

    @Test(arguments: ["", "send", "message=x", "send:(=x", ":x=y"])
    func invalidRulesAreRejected(_ text: String) {
        #expect(throws: (any Error).self) { try FailArgument(text) }
    }
}
