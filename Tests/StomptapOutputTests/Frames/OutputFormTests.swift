import OutputFixtures
import STOMPCore
import Testing

@testable import StomptapOutput

@Suite struct OutputFormTests {
    private let binary: [UInt8] = [0, 0x1B, 0xFF, 0x0A, 0x0D, 0x9B]

    @Test func bodiesAreAsTheyCame() throws {
        let first = try makeMessage(["a:b"], body: binary)
        let second = try makeMessage([], "")
        #expect(renderedBytes(.body(), first, second) == binary + [10, 10])
        #expect(renderedBytes(.body(terminator: 0), first, second) == binary + [0, 0])
    }

    @Test func framesAreAsTheyCame() throws {
        let bytes = Array("MESSAGE\r\npasscode:x\\c\r\na:\u{1B}\r\n\r\n\u{7}\0".utf8)
        #expect(renderedBytes(.raw, try makeFrame(bytes), try makeFrame(bytes)) == bytes + bytes)
    }

    @Test func noneIsNothing() throws {
        #expect(renderedBytes(.none, try makeMessage([], "x")).isEmpty)
    }

    @Test func aTerminalGetsNoControls() throws {
        let message = try makeMessage(["a:\u{1B}"], body: Array("\u{1B}[1m\tx\r\ny\u{9B}\u{202D}".utf8) + [0x9B])
        let body = #"\x1b[1m"# + "\t" + #"x\r"# + "\n" + #"y\u{9b}\u{202d}\x9b"#
        #expect(rendered(.body(), message) { $0.isTerminal = true } == body + "\n")
        #expect(
            rendered(.raw, message) { $0.isTerminal = true } == "MESSAGE\na:\\x1b\n\n" + body + "\\x00\n")
    }

    @Test func hangulAndEmojiPassATerminal() throws {
        let text = "주문 👩‍👩‍👧 é"
        #expect(rendered(.body(), try makeMessage([], text)) { $0.isTerminal = true } == text + "\n")
    }

    @Test func aBatchGoesOutInTheOrderItCame() throws {
        let frames = try (0..<1000).map { try makeMessage([], "\($0)") }
        var renderer = MessageRenderer(form: .body(), style: OutputStyle())
        var out = OutputBuffer()
        renderer.append(frames, at: sampleTime, to: &out)
        #expect(out.text == (0..<1000).map { "\($0)\n" }.joined())
    }
}
