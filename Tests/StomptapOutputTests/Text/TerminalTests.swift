import Foundation
import Testing

@testable import StomptapOutput

@Suite struct TerminalTests {
    @Test(
        arguments: [
            (ColorChoice.auto, true, [:], true), (.auto, false, [:], false), (.auto, true, ["NO_COLOR": "1"], false),
            (.auto, true, ["NO_COLOR": ""], true), (.auto, true, ["TERM": "dumb"], false),
            (.auto, true, ["TERM": "xterm"], true), (.always, false, ["NO_COLOR": "1", "TERM": "dumb"], true),
            (.never, true, [:], false),
        ] as [(ColorChoice, Bool, [String: String], Bool)])
    func colour(choice: ColorChoice, isTerminal: Bool, environment: [String: String], expected: Bool) {
        #expect(choice.applies(isTerminal: isTerminal) { environment[$0] } == expected)
    }

    @Test func aTerminalIsToldFromAFile() throws {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        defer { close(terminal) }
        var size = winsize(ws_row: 24, ws_col: 97, ws_xpixel: 0, ws_ypixel: 0)
        try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
        #expect(Terminal.isTerminal(terminal))
        #expect(Terminal.width(terminal) == 97)
        let file = open("/dev/null", O_RDWR)
        defer { close(file) }
        #expect(!Terminal.isTerminal(file))
        #expect(Terminal.width(file) == nil)
    }
}
