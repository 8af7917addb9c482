import NIOCore
import Testing

@testable import STOMPCore

/// The bytes that the encoder writes, and the frames it refuses.
@Suite struct FrameEncoderTests {
    /// Encodes this command, headers and body, and returns the result as text.
    private func encode(
        _ command: Command, _ headers: HeaderList = [:], _ body: String = "", at version: STOMPVersion?,
        contentLength: FrameEncoder.ContentLength = .automatic
    ) throws(STOMPProtocolError) -> String {
        var buffer = ByteBuffer(string: "before")
        let encoder = FrameEncoder(version: version)
        do throws(STOMPProtocolError) {
            try encoder.encode(
                command, headers, body: ByteBuffer(string: body), contentLength: contentLength, into: &buffer)
        } catch {
            #expect(String(buffer: buffer) == "before")
            throw error
        }
        let text = String(buffer: buffer)
        #expect(text.hasPrefix("before"))
        let frame = try encoder.frame(
            command, headers, body: ByteBuffer(string: body), contentLength: contentLength)
        #expect(String(buffer: frame.bytes) == text.dropFirst("before".count))
        return String(text.dropFirst("before".count))
    }

    private func expectRefusal(
        _ code: STOMPProtocolError.Code, _ command: Command, _ headers: HeaderList = [:], _ body: String = "",
        at version: STOMPVersion?, contentLength: FrameEncoder.ContentLength = .automatic,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: STOMPProtocolError.self, sourceLocation: sourceLocation) {
            try encode(command, headers, body, at: version, contentLength: contentLength)
        }
        #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    }

    @Test(arguments: anyVersion)
    func writesFramesAsTheyAreSpecified(version: STOMPVersion?) throws {
        #expect(
            try encode(.connect, ["accept-version": "1.2", "host": "a"], at: version)
                == "CONNECT\naccept-version:1.2\nhost:a\n\n\0")
        #expect(
            try encode(.send, ["destination": "/queue/a", "b": "1", "b": "2"], "hello", at: version)
                == "SEND\ndestination:/queue/a\nb:1\nb:2\ncontent-length:5\n\nhello\0")
        #expect(try encode(.disconnect, at: version) == "DISCONNECT\n\n\0")
        #expect(try encode(.subscribe, ["id": "", "한글": " 👋 "], at: version) == "SUBSCRIBE\nid:\n한글: 👋 \n\n\0")
    }

    @Test(arguments: Command.allCases, anyVersion)
    func writesTheCommandsOfTheVersionAlone(command: Command, version: STOMPVersion?) throws {
        if version == .v10, command == .stomp || command == .nack {
            expectRefusal(.notInThisVersion, command, at: version)
        } else {
            let length = [.send, .message, .error].contains(command) ? "content-length:0\n" : ""
            #expect(try encode(command, at: version) == "\(command.rawValue)\n\(length)\n\0")
        }
    }

    /// Every ASCII character and some others, in a name and in a value, for each command and version.
    @Test(arguments: Command.allCases, anyVersion)
    func carriesEachByteAsTheVersionDoesOrNotAtAll(command: Command, version: STOMPVersion?) throws {
        guard version != .v10 || (command != .stomp && command != .nack) else { return }
        let hasNoEscapes = [.connect, .stomp, .connected].contains(command) || version == nil || version == .v10
        let length = [.send, .message, .error].contains(command) ? "content-length:0\n" : ""
        for scalar in (0..<128).map({ Unicode.Scalar(UInt8($0)) }) + ["é", "한", "👋", "\u{FEFF}"] {
            let inName: String?
            let inValue: String?
            switch (scalar, hasNoEscapes) {
            case ("\0", _): (inName, inValue) = (nil, nil)
            case (":", true): (inName, inValue) = (nil, ":")
            case (":", false): (inName, inValue) = ("\\c", "\\c")
            case ("\n", true): (inName, inValue) = (nil, nil)
            case ("\n", false): (inName, inValue) = ("\\n", "\\n")
            case ("\r", _) where version == .v12 && !hasNoEscapes: (inName, inValue) = ("\\r", "\\r")
            case ("\r", _): (inName, inValue) = (nil, nil)
            case ("\\", false): (inName, inValue) = ("\\\\", "\\\\")
            default: (inName, inValue) = (String(scalar), String(scalar))
            }
            if let inName {
                #expect(
                    try encode(command, ["x\(scalar)": "y"], at: version)
                        == "\(command.rawValue)\nx\(inName):y\n\(length)\n\0")
            } else {
                expectRefusal(.cannotBeEncoded, command, ["a": "b", "x\(scalar)": "y"], at: version)
            }
            if let inValue {
                #expect(
                    try encode(command, ["x": "\(scalar)y"], at: version)
                        == "\(command.rawValue)\nx:\(inValue)y\n\(length)\n\0")
            } else {
                expectRefusal(.cannotBeEncoded, command, ["a": "b", "x": "\(scalar)y"], at: version)
            }
        }
    }

    /// CR LF is one Swift `Character` but two bytes in a header.
    @Test func escapesCarriageReturnAndLineFeedTogether() throws {
        #expect(try encode(.begin, ["a": "\r\n\r\n"], at: .v12) == "BEGIN\na:\\r\\n\\r\\n\n\n\0")
        expectRefusal(.cannotBeEncoded, .begin, ["a": "\r\n"], at: .v11)
        expectRefusal(.cannotBeEncoded, .begin, ["a": "\r\n"], at: .v10)
    }

    @Test(arguments: Command.allCases, anyVersion)
    func refusesAHeaderWithoutName(command: Command, version: STOMPVersion?) {
        guard version != .v10 || (command != .stomp && command != .nack) else { return }
        expectRefusal(.cannotBeEncoded, command, ["a": "b", "": "c"], at: version)
    }

    @Test(arguments: Command.allCases, anyVersion)
    func writesABodyWhereTheVersionHasOne(command: Command, version: STOMPVersion?) throws {
        guard version != .v10 || (command != .stomp && command != .nack) else { return }
        if [.send, .message, .error].contains(command) {
            #expect(try encode(command, [:], "x\0", at: version) == "\(command)\ncontent-length:2\n\nx\0\0")
        } else if version == .v10 {
            #expect(try encode(command, [:], "x", at: version) == "\(command)\n\nx\0")
            expectRefusal(.cannotBeEncoded, command, [:], "x\0", at: version)
            #expect(
                try encode(command, ["content-length": "2"], "x\0", at: version)
                    == "\(command)\ncontent-length:2\n\nx\0\0")
        } else {
            expectRefusal(.bodyNotAllowed, command, [:], "x", at: version)
            expectRefusal(.bodyNotAllowed, command, ["content-length": "1"], "x", at: version)
        }
    }

    @Test(arguments: anyVersion)
    func announcesTheBodyOrNot(version: STOMPVersion?) throws {
        #expect(try encode(.send, [:], "한글", at: version) == "SEND\ncontent-length:6\n\n한글\0")
        #expect(try encode(.send, [:], "한글", at: version, contentLength: .omitted) == "SEND\n\n한글\0")
        #expect(try encode(.send, [:], "", at: version, contentLength: .omitted) == "SEND\n\n\0")
        expectRefusal(.cannotBeEncoded, .send, [:], "a\0", at: version, contentLength: .omitted)
        expectRefusal(.cannotBeEncoded, .send, [:], "\0", at: version, contentLength: .omitted)
        let body = String(repeating: "x", count: 123_456)
        #expect(try encode(.send, [:], body, at: version) == "SEND\ncontent-length:123456\n\n\(body)\0")
    }

    @Test(arguments: [FrameEncoder.ContentLength.automatic, .omitted])
    func takesAContentLengthThatIsRight(mode: FrameEncoder.ContentLength) throws {
        #expect(
            try encode(.send, ["content-length": "2", "a": "b"], "\0\0", at: .v12, contentLength: mode)
                == "SEND\ncontent-length:2\na:b\n\n\0\0\0")
        #expect(
            try encode(.receipt, ["content-length": "0"], at: .v12, contentLength: mode)
                == "RECEIPT\ncontent-length:0\n\n\0")
        for wrong in ["1", "3", "-2", "", "two", "2 ", " 2", "+2", "99999999999999999999"] {
            expectRefusal(
                .contentLengthMismatch, .send, ["content-length": wrong], "\0\0", at: .v12, contentLength: mode)
            expectRefusal(.contentLengthMismatch, .begin, ["content-length": wrong], at: .v12, contentLength: mode)
        }
    }

    /// A receiver may use either header, so both must be correct.
    @Test func refusesASecondContentLengthThatIsWrong() {
        expectRefusal(.contentLengthMismatch, .send, ["content-length": "1", "content-length": "2"], "x", at: .v12)
    }

    @Test func refusesMoreThanABufferHolds() throws {
        // Never touched, so the system does not allocate the memory.
        var body = ByteBufferAllocator().buffer(capacity: FrameLimits.largestFrame)
        body.moveWriterIndex(to: FrameLimits.largestFrame)
        var buffer = ByteBuffer()
        let error = #expect(throws: STOMPProtocolError.self) {
            try FrameEncoder(version: .v12).encode(.send, body: body, into: &buffer)
        }
        #expect(error?.code == .frameTooLarge)
        #expect(buffer == ByteBuffer())
    }

    @Test func namesTheHeaderThatCannotBeEncoded() throws {
        let cases: [(Command, HeaderList, STOMPVersion?, String)] = [
            (.send, ["a": "b\0"], .v12, #"the header "a" of SEND contains NUL, which no STOMP version allows"#),
            (
                .send, ["a": "b\r"], .v11,
                #"the header "a" of SEND contains a carriage return, which STOMP 1.1 does not allow"#
            ),
            (
                .send, ["a": "b\n"], .v10,
                #"the header "a" of SEND contains a line feed, which STOMP 1.0 does not allow"#
            ),
            (
                .connect, ["passcode": "b\n"], nil,
                #"the header "passcode" of CONNECT contains a line feed, which CONNECT does not allow"#
            ),
            (
                .connected, ["a:b": "c"], .v12,
                #"the header "a:b" of CONNECTED has a colon in its name, which CONNECTED does not allow"#
            ),
        ]
        for (command, headers, version, message) in cases {
            let error = try #require(throws: STOMPProtocolError.self) { try encode(command, headers, at: version) }
            #expect(error.description == message)
        }
    }

    /// A frame made by the encoder has the same content as one decoded from its bytes.
    @Test func makesFramesThatCanBeRead() throws {
        let frame = try FrameEncoder(version: .v12).frame(
            .send, ["destination": "/a:b", "a\nb": "c\\", "a\nb": "d"], body: ByteBuffer(string: "x\0y"))
        let content = Content(
            .send, ["destination": "/a:b", "a\nb": "c\\", "a\nb": "d", "content-length": "3"], "x\0y")
        #expect(Content(frame) == content)
        #expect(frame.headers["a\nb"] == "c\\")
        #expect(frame.headers.has("destination", "/a:b"))
        expectDecoding(Array(frame.bytes.readableBytesView), .v12, gives: [content])
    }
}
