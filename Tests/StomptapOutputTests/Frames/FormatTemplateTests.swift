import Foundation
import OutputFixtures
import STOMPCore
import Testing

@testable import StomptapOutput

@Suite struct FormatTemplateTests {
    private func formatted(
        _ template: String, _ frame: Frame? = nil, style: (inout OutputStyle) -> Void = { _ in }
    ) throws -> String {
        let frame =
            try frame
            ?? makeMessage(
                ["destination:/topic/a", "subscription:sub-1", "message-id:m-7", "x y:한", "x y:2", "token:t"], "body\n")
        return rendered(.format(try FormatTemplate(template)), frame, style: style)
    }

    @Test(arguments: [
        ("", ""), ("plain 한", "plain 한"),
        ("%d", "/topic/a"), ("%s", "sub-1"), ("%i", "m-7"), ("%{x y}", "한"), ("%{none}", ""), ("%{token}", "****"),
        ("%b", "body\n"), ("%x", "626f64790a"), ("%l", "5"),
        ("%t", "05:03:22.118"), ("%I", "2026-11-21T05:03:22.118453Z"), ("%U", "1795237402.118453789"),
        ("%%d", "%d"), ("a\\nb\\tc\\0d\\\\n", "a\nb\tc\0d\\n"), ("%d%l:%l%%", "/topic/a5:5%"),
        ("%c %w", "MESSAGE in"), ("%n%a", ""),
    ])
    func eachDirective(template: String, expected: String) throws {
        #expect(try formatted(template) == expected + "\n")
    }

    @Test func theObjectIsThatOfTheJSONForm() throws {
        let frame = try makeMessage(["a:1", "b:2", "a:3"], "x")
        #expect(try formatted("%j", frame) == rendered(.json, frame))
        let indented = try formatted("%J", frame)
        #expect(
            indented == """
                {
                  "time": "2026-11-21T05:03:22.118453Z",
                  "direction": "in",
                  "command": "MESSAGE",
                  "headers": {
                    "a": "1",
                    "b": "2"
                  },
                  "headerList": [
                    ["a", "1"],
                    ["b", "2"],
                    ["a", "3"]
                  ],
                  "body": "x",
                  "bodyEncoding": "utf-8",
                  "bodySize": 1
                }

                """)
        let bare = try formatted("%J", try makeMessage([], body: [0xFF]))
        #expect(bare.contains("\"headers\": {},\n") && bare.contains("\"body\": \"/w==\",\n"))
    }

    @Test func bytesAreAsTheyCameButOnATerminal() throws {
        let frame = try makeFrame(Array("MESSAGE\nx:".utf8) + [0x1B, 0xFF] + Array("\\n\n\n\u{1B}\n\0".utf8))
        let form = OutputForm.format(try FormatTemplate("%{x}|%b"), terminator: 0)
        #expect(renderedBytes(form, frame) == [0x1B, 0xFF, 0x0A, 0x7C, 0x1B, 0x0A, 0])
        #expect(rendered(form, frame) { $0.isTerminal = true } == "\\x1b\\xff\\n|\\x1b\n\0")
    }

    @Test(arguments: [
        ("%q", 1, "unknown %q"), ("ab%", 3, "% without a letter; %% is a percent sign"),
        ("%%%", 3, "% without a letter"),
        ("한\\q", 2, "unknown escape \\q"), ("x\\", 2, "\\ without a letter"), ("%d %{ab", 4, "missing } after %{"),
        ("%{}", 1, "missing header name in %{}"),
    ])
    func aFaultIsNamedWithItsPlace(template: String, position: Int, message: String) throws {
        let error = #expect(throws: FormatTemplateError.self) { try FormatTemplate(template) }
        #expect(error?.position == position)
        #expect(error?.message.hasPrefix(message) == true)
        #expect(error?.description.contains("character \(position)") == true)
    }

    @Test(arguments: [
        ("%{.a.b[0]}", "x"), ("%{.a}", #"{"b":["x",2]}"#), ("%{.c}|", "|"), ("%{.a.b[1]}-%{.a.b[2]}-", "2--"),
        ("%{.e}", "한\n"), ("%{.}", #"{"a":{"b":["x",2]},"e":"\ud55c\n"}"#),
    ])
    func valuesAreTakenOutOfAJSONBody(template: String, expected: String) throws {
        let message = try makeMessage([], #"{"a":{"b":["x",2]},"e":"\ud55c\n"}"#)
        #expect(try formatted(template, message) == expected + "\n")
        #expect(try formatted(template, try makeMessage([], "no")) == formatted(template.filter { "|-".contains($0) }))
    }

    @Test func valuesDriveNoTerminal() throws {
        let message = try makeMessage([], #"{"a":"\u001b[2J"}"#)
        #expect(try formatted("%{.a}", message) { $0.isTerminal = true } == "\\x1b[2J\n")
        #expect(try formatted("%{.a}", message) == "\u{1B}[2J\n")
    }

    @Test func nothingNeedFollow() throws {
        #expect(rendered(.format(try FormatTemplate("%l"), terminator: nil), try makeMessage([], "abc")) == "3")
        #expect(renderedBytes(.body(terminator: nil), try makeMessage([], "a"), try makeMessage([], "b")) == [97, 98])
    }

    @Test(arguments: ["%{.a..b}", "%{..}", "%{.a[x]}"]) func whatIsNotAPathIsSaid(template: String) {
        let error = #expect(throws: FormatTemplateError.self) { try FormatTemplate(template) }
        #expect(error?.message.contains("invalid path") == true)
    }
}
