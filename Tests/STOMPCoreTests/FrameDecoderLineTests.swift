import Testing

@testable import STOMPCore

/// Commands, headers and line ends.
@Suite struct FrameDecoderLineTests {
    @Test(arguments: anyVersion)
    func readsCommandHeadersAndBody(version: STOMPVersion?) {
        expectDecoding(
            "MESSAGE\nsubscription:0\nmessage-id:007\ndestination:/queue/a\n\nhello queue a\0", version,
            gives: [
                Content(
                    .message, ["subscription": "0", "message-id": "007", "destination": "/queue/a"], "hello queue a")
            ])
    }

    @Test(arguments: anyVersion)
    func takesLinesThatEndInCarriageReturnAndLineFeed(version: STOMPVersion?) {
        expectDecoding(
            "MESSAGE\r\nsubscription:0\r\nempty:\r\n\r\nbody\r\n\0", version,
            gives: [Content(.message, ["subscription": "0", "empty": ""], "body\r\n")])
        expectDecoding("RECEIPT\r\n\r\n\0", version, gives: [Content(.receipt)])
    }

    /// Before 1.2 only LF ends a line, and CR is a byte like any other.
    @Test(arguments: [STOMPVersion.v10, .v11])
    func keepsTheCarriageReturnOfAValueBefore12(version: STOMPVersion) {
        expectDecoding("MESSAGE\na:b\r\n\n\0", version, gives: [Content(.message, ["a": "b\r"])])
        expectDecoding("MESSAGE\na:b\n\r\n\0", version, then: .malformedHeader)
    }

    @Test(arguments: [nil, STOMPVersion.v12])
    func takesBothLineEndsInOneFrameIn12(version: STOMPVersion?) {
        expectDecoding("MESSAGE\na:b\r\nc:d\n\r\n\0", version, gives: [Content(.message, ["a": "b", "c": "d"])])
        expectDecoding("MESSAGE\r\na:b\n\n\0", version, gives: [Content(.message, ["a": "b"])])
    }

    @Test(arguments: [nil, STOMPVersion.v10, .v11])
    func keepsACarriageReturnInsideALine(version: STOMPVersion?) {
        expectDecoding("MESSAGE\na:b\rc\n\n\0", version, gives: [Content(.message, ["a": "b\rc"])])
        // Only the last CR belongs to the line end.
        expectDecoding("MESSAGE\r\na:b\r\r\n\r\n\0", version, gives: [Content(.message, ["a": "b\r"])])
    }

    /// STOMP 1.2 escapes CR, except in the frames that connect.
    @Test func refusesACarriageReturnInsideALineOf12() {
        for headers in ["a:b\rc\n", "\ra:b\n", "a:\rb\r\n", "a:b\r\r\nc:d\n", "x:y\r\na\r:b\r\n"] {
            expectDecoding("MESSAGE\n\(headers)\n\0", .v12, then: .malformedHeader)
        }
        expectDecoding(
            "MESSAGE\r\na:b\r\nc:d\r\n\r\n\r\0", .v12,
            gives: [
                Content(.message, ["a": "b", "c": "d"], "\r")
            ])
        expectDecoding("CONNECTED\na:b\rc\n\n\0", .v12, gives: [Content(.connected, ["a": "b\rc"])])
    }

    @Test(arguments: Command.allCases, anyVersion)
    func knowsEveryCommandOfTheVersion(command: Command, version: STOMPVersion?) {
        let stream = "\(command.rawValue)\na:b\n\n\0"
        if version == .v10, command == .stomp || command == .nack {
            expectDecoding(stream, version, then: .notInThisVersion)
        } else {
            expectDecoding(stream, version, gives: [Content(command, ["a": "b"])])
        }
    }

    @Test(arguments: [
        " ", "MESSAG", "MESSAGES", "message", "Message", "MESSAGE ", " MESSAGE", "SENT", "XACK", "ERRORS", "DISC",
        "\u{FEFF}MESSAGE", "MESSAGE:", "a:b", "UNSUBSCRIBER", "\\MESSAGE", "\u{7F}",
    ])
    func refusesAnythingElseAsACommand(line: String) {
        for version in anyVersion {
            expectDecoding("\(line)\na:b\n\n\0", version, then: .unknownCommand)
        }
        // The same after a valid frame.
        expectDecoding("RECEIPT\n\n\0\(line)x\n\n\0", .v12, gives: [Content(.receipt)], then: .unknownCommand)
    }

    @Test func keepsHeadersInOrderWithTheirRepeats() throws {
        let stream = "MESSAGE\nb:2\na:1\nb:3\nB:4\na:\nb:2\n\n\0"
        expectDecoding(
            stream, .v12, gives: [Content(.message, ["b": "2", "a": "1", "b": "3", "B": "4", "a": "", "b": "2"])])
        let frame = try #require(try decodeOne(stream, .v12))
        #expect(frame.headers["b"] == "2")
        #expect(frame.headers["a"] == "1")
        #expect(frame.headers["B"] == "4")
        #expect(frame.headers["c"] == nil)
    }

    @Test(arguments: anyVersion)
    func splitsAHeaderAtItsFirstColon(version: STOMPVersion?) {
        expectDecoding(
            "SEND\na:b:c\nd::\ne:\n\n\0", version, gives: [Content(.send, ["a": "b:c", "d": ":", "e": ""])])
    }

    /// STOMP 1.1 and 1.2, "Value Encoding": values are never trimmed. The 1.0 examples have a space after each colon.
    @Test(arguments: anyVersion)
    func trimsOnlyTheBlanksBeforeAValueOfVersion10(version: STOMPVersion?) {
        let value = version == .v10 ? "b " : " b "
        expectDecoding(
            "SEND\n a : b \n\tc:\t\n\n\0", version, gives: [Content(.send, [" a ": value, "\tc": "\t"])])
    }

    @Test(arguments: anyVersion)
    func refusesAHeaderWithoutColonOrName(version: STOMPVersion?) {
        for line in ["a", ":", ":b", " ", "content-length"] {
            expectDecoding("SEND\n\(line)\n\n\0", version, then: .malformedHeader)
            expectDecoding("SEND\r\nx:y\r\n\(line)\r\n\r\n\0", version, then: .malformedHeader)
        }
    }

    @Test(arguments: anyVersion)
    func refusesANullInTheHeaders(version: STOMPVersion?) {
        for line in ["a\0:b", "a:\0b", "a:b\0", "\0", "\0a:b", "a\0b"] {
            expectDecoding("SEND\nx:y\n\(line)\n\n\0", version, then: .malformedHeader)
            expectDecoding("SEND\r\n\(line)\r\n\r\n\0", version, then: .malformedHeader)
        }
        expectDecoding("SE\0ND\n\n\0", version, then: .unknownCommand)
        expectDecoding("\0", version, then: .unknownCommand)
    }

    /// The specification's own example of DISCONNECT lacks the empty line. The error needs no further input.
    @Test(arguments: ["RECEIPT\nreceipt-id:77\n\0", "RECEIPT\nreceipt-id:77\0", "RECEIPT\nreceipt-id:77\n\0\n"])
    func refusesAFrameWithoutItsEmptyLineAtOnce(stream: String) throws {
        expectDecoding(stream, .v12, then: .malformedHeader)
        #expect(outcome(of: [Array(stream.utf8)[...]], version: .v12, finishing: false).error?.code == .malformedHeader)
    }

    @Test(arguments: anyVersion)
    func takesHeadersInUTF8(version: STOMPVersion?) {
        expectDecoding(
            "SEND\n제목:안녕 👋\ndestination:/topic/é\n\n한글\0", version,
            gives: [Content(.send, ["제목": "안녕 👋", "destination": "/topic/é"], "한글")])
    }

    /// Headers that are not UTF-8 are shown with U+FFFD, and the frame keeps their bytes.
    @Test func acceptsHeadersThatAreNotUTF8() throws {
        let stream = Array("SEND\na:".utf8) + [0xFF, 0x62, 0xC3] + Array("\n\n\0".utf8)
        expectDecoding(stream, .v12, gives: [Content(.send, ["a": "\u{FFFD}b\u{FFFD}"])])
        #expect(outcome(of: [stream[...]], version: .v12).bytes == [stream])
    }
}
