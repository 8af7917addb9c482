import Testing

@testable import STOMPCore

/// Escapes in headers in each version ("Value Encoding" of STOMP 1.1 and 1.2; 1.0 has no escapes).
@Suite struct FrameDecoderEscapeTests {
    @Test func undoesTheEscapesOf12() {
        expectDecoding(
            #"MESSAGE\#nn\cm\\e:\r\n\c\\ \\n\#n\#n\#0"#, .v12, gives: [Content(.message, ["n:m\\e": "\r\n:\\ \\n"])])
    }

    @Test func undoesTheEscapesOf11() {
        expectDecoding(
            #"MESSAGE\#nn\cm\\e:\n\c\\ \\r\#n\#n\#0"#, .v11, gives: [Content(.message, ["n:m\\e": "\n:\\ \\r"])])
    }

    /// STOMP 1.1 names `\r` itself as an example of an undefined sequence.
    @Test func refusesAnEscapedCarriageReturnIn11() {
        expectDecoding(#"MESSAGE\#na:b\r\#n\#n\#0"#, .v11, then: .undefinedEscape)
    }

    @Test func hasNoEscapesIn10() {
        expectDecoding(
            #"MESSAGE\#nn\cm:\r\n\c\\\t\#n\#n\#0"#, .v10, gives: [Content(.message, [#"n\cm"#: #"\r\n\c\\\t"#])])
    }

    @Test(arguments: [Command.connect, .stomp, .connected], anyVersion)
    func hasNoEscapesInTheFramesThatConnect(command: Command, version: STOMPVersion?) {
        guard version != .v10 || command != .stomp else { return }
        expectDecoding(
            "\(command)" + #"\#nn\cm:\r\n\c\\\t\#n\#n\#0"#, version,
            gives: [Content(command, [#"n\cm"#: #"\r\n\c\\\t"#])])
    }

    /// If a server refuses CONNECT, the version of its ERROR frame is unknown.
    @Test func undoesWhatItKnowsBeforeAVersionIsAgreed() {
        expectDecoding(
            #"ERROR\#nmessage:a\cb\n\r\\ C:\temp \#n\#n\#0"#, nil,
            gives: [Content(.error, ["message": "a:b\n\r\\ C:\\temp "])])
    }

    @Test(arguments: [STOMPVersion.v11, .v12])
    func refusesUndefinedEscapes(version: STOMPVersion) {
        for escape in [#"\t"#, #"\0"#, #"\N"#, #"\C"#, #"\ "#, #"\:"#, #"\é"#, #"\"#, #"\\\"#, #"\\\x"#] {
            for line in ["a:b\(escape)", "a:\(escape)b", "a\(escape):b", "a:\\\\\(escape)"] {
                for command in [Command.send, .message, .error, .receipt, .subscribe] {
                    expectDecoding("\(command)\nx:y\n\(line)\n\n\0", version, then: .undefinedEscape)
                }
            }
        }
    }

    /// A backslash at the end of a line is an error; it does not escape the line end.
    @Test func refusesABackslashBeforeTheEndOfALine() {
        for version in [STOMPVersion.v11, .v12] {
            expectDecoding("SEND\na:b\\\nn:c\n\n\0", version, then: .undefinedEscape)
            expectDecoding("SEND\r\na:b\\\r\nn:c\r\n\r\n\0", version, then: .undefinedEscape)
        }
        expectDecoding("SEND\na:b\\\nn:c\n\n\0", .v10, gives: [Content(.send, ["a": "b\\", "n": "c"])])
    }

    @Test(arguments: anyVersion)
    func leavesBackslashesInBodiesAlone(version: STOMPVersion?) {
        expectDecoding("SEND\na:b\n\n\\t\\\0", version, gives: [Content(.send, ["a": "b"], "\\t\\")])
    }

    @Test func saysWhatWasWrong() throws {
        let error = try #require(throws: STOMPProtocolError.self) { try decodeOne("SEND\na:b\\t\n\n\0", .v12) }
        #expect(error.description == #"invalid escape "\\t" in a header of SEND"#)
    }

    /// A lookup compares decoded names and values, not their escaped form.
    @Test func looksUpWhatIsMeant() throws {
        let frame = try #require(try decodeOne(#"MESSAGE\#na\cb:c\nd\#nplain:c\\nd\#n\#n\#0"#, .v12))
        #expect(frame.headers["a:b"] == "c\nd")
        #expect(frame.headers[#"a\cb"#] == nil)
        #expect(frame.headers.has("a:b", "c\nd"))
        #expect(!frame.headers.has("a:b", #"c\nd"#))
        #expect(!frame.headers.has(#"a\cb"#, "c\nd"))
        #expect(frame.headers["plain"] == #"c\nd"#)
        #expect(frame.headers.has("plain", #"c\nd"#))
        #expect(!frame.headers.has("plain", #"c\\nd"#))
        #expect(!frame.headers.has("plain", "c\nd"))
    }
}
