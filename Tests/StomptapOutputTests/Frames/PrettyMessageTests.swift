import OutputFixtures
import STOMPCore
import STOMPTransport
import Testing

@testable import StomptapOutput

@Suite struct PrettyMessageTests {
    @Test func aMessageReadsAsDocumented() throws {
        let message = try makeMessage(
            [
                "destination:/topic/orders", "subscription:sub-0", "message-id:17-3", "content-type:application/json",
                "content-length:27",
            ], #"{"id": 42,   "total":10.50}"#)
        #expect(
            rendered(.pretty, message) == """
                05:03:22.118 < MESSAGE /topic/orders  sub-0  application/json  27 B
                               message-id: 17-3
                               {
                                 "id": 42,
                                 "total": 10.50
                               }

                """)
    }

    @Test func theLengthIsShownWhereNothingElseShowsIt() throws {
        let message = try makeMessage(["destination:/queue/a", "content-length:2"], body: "hi".utf8)
        #expect(
            rendered(.pretty, message, style: { $0.hasContentLength = true })
                == "05:03:22.118 < MESSAGE /queue/a  2 B\n               content-length: 2\n               hi\n")
    }

    @Test func aFrameWithoutABodyHasNoSize() throws {
        let receipt = try makeMessage(["receipt-id:r-1"], body: [], command: "RECEIPT")
        #expect(rendered(.pretty, receipt) == "05:03:22.118 < RECEIPT\n               receipt-id: r-1\n")
        let empty = try makeMessage(["destination:/queue/a"], "")
        #expect(rendered(.pretty, empty) == "05:03:22.118 < MESSAGE /queue/a  0 B\n")
    }

    @Test func whatLeavesPointsTheOtherWay() throws {
        let send = try makeMessage(["destination:/queue/a"], body: "hi".utf8, command: "SEND")
        #expect(rendered(.pretty, send, .outgoing) == "05:03:22.118 > SEND /queue/a  2 B\n               hi\n")
    }

    @Test func textStandsUnderTheCommand() throws {
        let message = try makeMessage(["content-type:text/plain"], "one\n\ttwo\n\nthree\n")
        #expect(
            rendered(.pretty, message) { $0.timestamps = .none } == """
                < MESSAGE text/plain  16 B
                  one
                  \ttwo
                \("  ")
                  three

                """)
    }

    @Test func whatIsNoTextIsDumped() throws {
        let message = try makeMessage(["content-type:image/png"], body: Array(0...17) + [0xFF, 0x41])
        #expect(
            rendered(.pretty, message) { $0.timestamps = .none } == """
                < MESSAGE image/png  20 B
                  00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|
                  00000010  10 11 ff 41                                       |...A|

                """)
    }

    @Test func repeatsOfHeadersInTheFirstLineAreShownBelow() throws {
        let message = try makeMessage(["destination:/a", "x:1", "destination:/b", "x:2"])
        #expect(
            rendered(.pretty, message) { $0.timestamps = .none } == """
                < MESSAGE /a  0 B
                  x: 1
                  destination: /b
                  x: 2

                """)
    }

    @Test func relativeTimesLineUp() throws {
        let first = try makeMessage(["a:1"])
        var style = OutputStyle()
        style.timestamps = .relative
        var renderer = MessageRenderer(form: .pretty, style: style, start: sampleTime)
        var out = OutputBuffer()
        for milliseconds in [5, 12_345, 1_234_567] as [Int64] {
            let time = Timestamp(nanoseconds: sampleTime.nanoseconds + milliseconds * 1_000_000)
            renderer.append(first, at: time, to: &out)
        }
        #expect(
            out.text == """
                  +0.005 < MESSAGE 0 B
                           a: 1
                 +12.345 < MESSAGE 0 B
                           a: 1
                +1234.567 < MESSAGE 0 B
                            a: 1

                """)
    }

    @Test(arguments: [
        ("application/json; charset=utf-8", "[1]", "[\n    1\n  ]"),
        ("application/vnd.api+json", #"{"a":1}"#, "{\n    \"a\": 1\n  }"),
        ("APPLICATION/JSON", "17", "17"),
        ("text/plain", "[1]", "[\n    1\n  ]"),
        ("text/plain", "17", "17"),
        ("text/plain;charset=UTF-8", #"{"a":[]}"#, "{\n    \"a\": []\n  }"),
        ("application/octet-stream", " [", " ["),
        ("application/json", "[1", "[1"),
        (nil, " [1] ", "[\n    1\n  ]"),
        (nil, "17", "17"),
        (nil, "{oops}", "{oops}"),
    ])
    func aBodyIsSetOutWhereItIsJSON(type: String?, body: String, expected: String) throws {
        let message = try makeMessage(type.map { ["content-type:\($0)"] } ?? [], body)
        let text = rendered(.pretty, message) { $0.timestamps = .none }
        #expect(text == "< MESSAGE \(type.map { "\($0)  " } ?? "")\(body.utf8.count) B\n  \(expected)\n")
    }

    @Test func nothingThatCameReachesTheTerminalAsAControl() throws {
        let hostile = "\u{1B}[2J\u{7}\u{7F}\r\u{9B}1m\u{202E}x\u{2066}\u{FEFF}\u{E0041}"
        let escaped = #"\x1b[2J\x07\x7f\r\u{9b}1m\u{202e}x\u{2066}\u{feff}\u{e0041}"#
        var headers = ["destination:\(hostile)", "\(hostile):\(hostile)", "tab:\t\\n"]
        headers = headers.map { $0.replacing("\r", with: "\\r") }
        #expect(
            rendered(.pretty, try makeMessage(headers, hostile)) { $0.timestamps = .none } == """
                < MESSAGE \(escaped)  \(hostile.utf8.count) B
                  \(escaped): \(escaped)
                  tab: \\t\\n
                  \(escaped)

                """)
    }

    @Test func jsonStaysJSONWhereControlsAreEscaped() throws {
        let message = try makeMessage([], "[\"\u{9B}\u{7F}\u{202E}\u{E0041}\\u001b한\"]")
        let text = rendered(.pretty, message) { $0.timestamps = .none }
        #expect(text.hasSuffix("  [\n    \"\\u009b\\u007f\\u202e\\udb40\\udc41\\u001b한\"\n  ]\n"))
    }

    @Test func bytesThatAreNoUTF8AreShownInHeaders() throws {
        let frame = try makeFrame(Array("MESSAGE\nx:a".utf8) + [0xFF, 0x9B] + Array("b\n\n\0".utf8))
        #expect(rendered(.pretty, frame) { $0.timestamps = .none } == "< MESSAGE 0 B\n  x: a\\xff\\x9bb\n")
    }

    @Test func secretsAreHidden() throws {
        let message = try makeMessage(["passcode:abc", "Authorization:Bearer x", "x-token:", "y:1"])
        #expect(
            rendered(.pretty, message) { $0.timestamps = .none } == """
                < MESSAGE 0 B
                  passcode: ****
                  Authorization: ****
                  x-token:\(" ")
                  y: 1

                """)
        let shown = rendered(.pretty, message) { $0.mask = .none }
        #expect(shown.contains("passcode: abc") && shown.contains("Authorization: Bearer x"))
    }

    @Test func colourIsThereOnlyWhereItIsAskedFor() throws {
        let error = try makeMessage(["message:no", "destination:/a"], body: "{\"a\":\"b\"}".utf8, command: "ERROR")
        #expect(!rendered(.pretty, error) { $0.isTerminal = true }.contains("\u{1B}"))
        #expect(
            rendered(.pretty, error) { $0.palette = Palette(isOn: true) } == """
                \u{1B}[2m05:03:22.118\u{1B}[0m \u{1B}[1;31m< ERROR\u{1B}[0m \u{1B}[1m/a\u{1B}[0m  \u{1B}[2m9 B\u{1B}[0m
                               \u{1B}[36mmessage:\u{1B}[0m no
                               {
                                 \u{1B}[36m"a"\u{1B}[0m: "b"
                               }

                """)
    }
}
