import NIOCore
import Testing

@testable import STOMPCore

/// A decoder that skips unknown commands continues after them, however the stream is cut.
@Suite struct UnknownCommandTests {
    /// The commands found in these pieces: `? FOO` for an unknown command, an error code for a failure.
    private func elements(
        _ pieces: [ArraySlice<UInt8>], version: STOMPVersion? = .v12, limits: FrameLimits = FrameLimits()
    ) -> [String] {
        var decoder = FrameDecoder(version: version, limits: limits)
        decoder.skipsUnknownCommands = true
        var elements: [String] = []
        for piece in pieces {
            decoder.feed(ByteBuffer(bytes: piece))
            while true {
                do {
                    guard let element = try decoder.next() else { break }
                    if case .frame(let frame) = element { elements.append(frame.command.rawValue) }
                } catch {
                    elements.append(error.skippedCommand.map { "? \($0)" } ?? error.code.rawValue)
                    if error.skippedCommand == nil { return elements }
                }
            }
        }
        return elements
    }

    @Test func continuesAfterAFrameWithAnUnknownCommand() {
        let stream = Array("FOO\ncontent-length:7\n\nSE\0\n\nND\0\nSEND\n\nbody\0BAR\na:b\n\nx\0\n\nBEGIN\n\n\0".utf8)
        let expected = ["? FOO", "SEND", "? BAR", "BEGIN"]
        #expect(elements([stream[...]]) == expected)
        for cut in 1..<stream.count {
            #expect(elements([stream[..<cut], stream[cut...]]) == expected, "cut at \(cut)")
        }
        #expect(elements(stream.indices.map { stream[$0...$0] }) == expected)
    }

    @Test(arguments: [
        ("FOO\nno colon\n\n\0", "malformedHeader"), ("FOO\ncontent-length:x\n\n\0", "malformedContentLength"),
        ("FOO\ncontent-length:1\n\nxy\0", "contentLengthMismatch"), ("FOO\0\n\n\0", "unknownCommand"),
        ("FOO\n\n" + String(repeating: "x", count: 300), "frameTooLarge"),
        ("FOO\ncontent-length:300\n\n", "frameTooLarge"), ("\rFOO\n\n\0", "unknownCommand"),
    ])
    func endsWhereNoFrameCanBeRead(_ text: String, _ code: String) {
        #expect(elements([Array(text.utf8)[...]], limits: FrameLimits(frame: 200)) == [code])
    }

    /// A web page can send these requests to any port of the machine its browser runs on.
    @Test(arguments: [
        "POST / HTTP/1.1\r", "POST /a?b HTTP/1.0\r", "GET / HTTP/1.1", "CONNECT a:1 HTTP/1.1", "x HTTP/2",
    ])
    func anHTTPRequestIsNotSkippedBeforeTheSession(line: String) {
        let stream = "\(line)\nHost: h\r\n\r\n\0CONNECT\n\n\0"
        #expect(elements([Array(stream.utf8)[...]], version: nil) == ["unknownCommand"])
        #expect(elements([Array("\(line)\n".utf8)[...]], version: nil) == ["unknownCommand"], "at once")
        #expect(elements([Array(stream.utf8)[...]]).last == "CONNECT", "as RabbitMQ has it in a session")
    }

    @Test func anotherLineIsSkippedBeforeTheSession() {
        let stream = Array("FOO HTTP\n\n\0HTTP/1.1 200 OK\n\n\0CONNECT\n\n\0".utf8)
        #expect(elements([stream[...]], version: nil) == ["? FOO HTTP", "? HTTP/1.1 200 OK", "CONNECT"])
    }

    @Test func isNotWhatADecoderDoesUnlessItIsAsked() throws {
        var decoder = FrameDecoder(version: .v12)
        decoder.feed(ByteBuffer(string: "FOO\n\n\0SEND\n\n\0"))
        for _ in 1...2 {
            let error = #expect(throws: STOMPProtocolError.self) { try decoder.next() }
            #expect(error?.code == .unknownCommand)
            #expect(error?.skippedCommand == nil)
        }
    }
}
