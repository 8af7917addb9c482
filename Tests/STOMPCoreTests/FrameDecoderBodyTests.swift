import Testing

@testable import STOMPCore

/// Bodies and their `content-length`.
@Suite struct FrameDecoderBodyTests {
    /// The commands that may have a body, in every version.
    private static let withBody = [Command.send, .message, .error]

    @Test(arguments: withBody, anyVersion)
    func endsABodyWithoutLengthAtItsNull(command: Command, version: STOMPVersion?) {
        expectDecoding(
            "\(command)\n\n\0\(command)\n\na\n\n:\\\r\n\0\n\(command)\n\n\n\0", version,
            gives: [Content(command), Content(command, [:], "a\n\n:\\\r\n"), Content(command, [:], "\n")])
    }

    @Test(arguments: withBody, anyVersion)
    func readsAsManyBytesAsContentLengthSays(command: Command, version: STOMPVersion?) {
        expectDecoding(
            "\(command)\ncontent-length:5\n\na\0\0b\0\0\(command)\ncontent-length:0\n\n\0", version,
            gives: [Content(command, ["content-length": "5"], "a\0\0b\0"), Content(command, ["content-length": "0"])])
        let binary = (0...255).map { UInt8($0) } + [0, 0, 10, 0]
        expectDecoding(
            Array("\(command)\ncontent-length:260\n\n".utf8) + binary + [0], version,
            gives: [Content(command, ["content-length": "260"], binary)])
    }

    @Test(arguments: anyVersion)
    func refusesAContentLengthThatEndsAtNoNull(version: STOMPVersion?) {
        // Too short.
        expectDecoding("SEND\ncontent-length:4\n\nhello\0", version, then: .contentLengthMismatch)
        expectDecoding("SEND\ncontent-length:0\n\nhello\0", version, then: .contentLengthMismatch)
        // Too long: it includes bytes of the next frame.
        expectDecoding(
            "SEND\ncontent-length:7\n\nhello\0SEND\n\n\0", version, then: .contentLengthMismatch)
        // Too long, and nothing follows.
        expectDecoding("SEND\ncontent-length:6\n\nhello\0", version, then: .truncatedFrame)
        expectDecoding("SEND\ncontent-length:60\n\nhello\0", version, then: .truncatedFrame)
        // A length that happens to end at another NUL cannot be detected as an error here.
        expectDecoding(
            "SEND\ncontent-length:6\n\nhello\0\0", version,
            gives: [Content(.send, ["content-length": "6"], "hello\0")])
    }

    @Test(arguments: anyVersion)
    func refusesAContentLengthThatIsNoNumber(version: STOMPVersion?) {
        for value in ["", "-1", "+1", "1.0", "0x1", "1 ", "1a", "a", "１", "1\t", "1,1", "--", "1\u{B}", "9-"] {
            expectDecoding("SEND\ncontent-length:\(value)\n\na\0", version, then: .malformedContentLength)
        }
    }

    /// The examples in STOMP 1.0 pad values with a space; 1.1 and 1.2 forbid that.
    @Test func takesABlankBeforeTheNumberIn10Alone() {
        for (version, value) in [(nil, " 1"), (STOMPVersion.v10, "1")] {
            expectDecoding(
                "SEND\ncontent-length: 1\n\n\0\0", version, gives: [Content(.send, ["content-length": value], "\0")])
            expectDecoding("SEND\ncontent-length: \n\n\0", version, then: .malformedContentLength)
        }
        for version in [STOMPVersion.v11, .v12] {
            expectDecoding("SEND\ncontent-length: 1\n\n\0\0", version, then: .malformedContentLength)
        }
    }

    @Test(arguments: ["1", "01", "000000000000000000000000000000000000000001"])
    func takesLeadingZeros(value: String) {
        expectDecoding(
            "SEND\ncontent-length:\(value)\n\n\0\0", .v12, gives: [Content(.send, ["content-length": value], "\0")])
    }

    @Test(arguments: [
        "16777216", "16777217", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
        "18446744073709551616", "99999999999999999999999999999999999999999999999",
    ])
    func refusesAHugeContentLengthBeforeTheBodyComes(value: String) {
        for version in anyVersion {
            expectDecoding("SEND\ncontent-length:\(value)\n\n", version, then: .frameTooLarge)
            let unlimited = FrameLimits(line: .max, headers: .max, frame: .max)
            let code: STOMPProtocolError.Code = (Int(value) ?? .max) < 1 << 30 ? .truncatedFrame : .frameTooLarge
            expectDecoding("SEND\ncontent-length:\(value)\n\n", version, limits: unlimited, then: code)
        }
    }

    /// If the header is repeated, the first one counts, whatever the others contain.
    @Test(arguments: ["2", "1", "200", "-1", "x", "", "99999999999999999999"])
    func goesByTheFirstContentLength(second: String) {
        expectDecoding(
            "SEND\ncontent-length:2\na:b\ncontent-length:\(second)\n\n\0\0\0", .v12,
            gives: [Content(.send, ["content-length": "2", "a": "b", "content-length": second], "\0\0")])
    }

    /// Header names are case sensitive, and `content-length` has no characters that can be escaped.
    @Test(arguments: ["Content-Length", "CONTENT-LENGTH", "content-length ", " content-length", "content-lengt"])
    func takesNoOtherNameForContentLength(name: String) {
        expectDecoding("SEND\n\(name):1\n\nabc\0", .v12, gives: [Content(.send, [name: "1"], "abc")])
    }

    @Test(arguments: Command.allCases.filter { !withBody.contains($0) }, [nil, STOMPVersion.v11, .v12])
    func refusesABodyWhereNoneIsAllowed(command: Command, version: STOMPVersion?) {
        expectDecoding("\(command)\na:b\n\nx\0", version, then: .bodyNotAllowed)
        expectDecoding("\(command)\r\n\r\n\n\0", version, then: .bodyNotAllowed)
        expectDecoding("\(command)\ncontent-length:1\n\nx\0", version, then: .bodyNotAllowed)
        expectDecoding("\(command)\ncontent-length:1\n\n\0\0", version, then: .bodyNotAllowed)
        expectDecoding("\(command)\ncontent-length:0\n\nx\0", version, then: .bodyNotAllowed)
        expectDecoding(
            "\(command)\ncontent-length:0\n\n\0\n", version, gives: [Content(command, ["content-length": "0"])])
    }

    /// The error comes before any body is collected: one byte of it is enough, and so is a length.
    @Test(arguments: ["RECEIPT\n\nx", "RECEIPT\ncontent-length:1000000\n\n"])
    func refusesABodyBeforeItHasCome(stream: String) {
        expectDecoding(stream, .v12, then: .bodyNotAllowed)
        expectDecoding(stream, nil, then: .bodyNotAllowed)
    }

    /// STOMP 1.0 allows a body in any frame ("The body of the SUBSCRIBE command is ignored").
    @Test(arguments: Command.allCases.filter { $0 != .stomp && $0 != .nack })
    func takesABodyOnAnyFrameOf10(command: Command) {
        expectDecoding(
            "\(command)\n\nx\0\(command)\ncontent-length:1\n\n\0\0", .v10,
            gives: [Content(command, [:], "x"), Content(command, ["content-length": "1"], "\0")])
    }
}
