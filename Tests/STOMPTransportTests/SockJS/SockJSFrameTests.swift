import NIOCore
import Testing

@testable import STOMPTransport

/// The frames that `decoder` returns for `text`. Piece n has `sizes[n]` bytes; the last one has the rest.
private func frames(
    _ text: String, in sizes: [Int], of decoder: SockJSFrameDecoder
) throws -> [SockJSFrame] {
    var decoder = decoder
    var rest = ByteBuffer(string: text)
    var frames: [SockJSFrame] = []
    for size in sizes + [Int.max] {
        guard let piece = rest.readSlice(length: min(size, rest.readableBytes)) else { continue }
        decoder.append(piece)
        while let frame = try decoder.next() { frames.append(try SockJSFrame(frame)) }
    }
    return frames
}

private func messages(_ texts: String...) -> SockJSFrame {
    .messages(SockJSMessages(texts.map { ByteBuffer(string: $0) }))
}

@Suite struct SockJSFrameTests {
    @Test func readsEachFrame() throws {
        #expect(try SockJSFrame(ByteBuffer(string: "o")) == .open)
        #expect(try SockJSFrame(ByteBuffer(string: "h")) == .heartBeat)
        #expect(try SockJSFrame(ByteBuffer(string: String(repeating: "h", count: 2048))) == .prelude)
        #expect(try SockJSFrame(ByteBuffer(string: #"a["x","\u0000"]"#)) == messages("x", "\0"))
        #expect(try SockJSFrame(ByteBuffer(string: "a[]")) == messages())
        #expect(try SockJSFrame(ByteBuffer(string: #"c[3000,"Go away!"]"#)) == .close(code: 3000, reason: "Go away!"))
        #expect(try SockJSFrame(ByteBuffer(string: #"c[1000, ""]"#)) == .close(code: 1000, reason: ""))
    }

    @Test(arguments: [
        "", "x", "oo", "hello", "a", "a[", #"a["x"#, #"a{"x":1}"#, "a[1]", #"a["x"]]"#, "c", "c[]", "c[3000]",
        #"c["3000","x"]"#, #"c[3000,"x",1]"#, #"c[1e99999,"x"]"#, #"m"x""#, "<html>", "CONNECTED",
    ])
    func namesWhatIsNoFrame(text: String) throws {
        let error = try #require(throws: TransportError.self) { try SockJSFrame(ByteBuffer(string: text)) }
        #expect(error.kind == .protocolViolation)
        #expect(error.layer == .sockJS)
        guard case .sockJS(.invalidFrame(let beginning, _)) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(beginning == ByteBuffer(string: text))
    }

    @Test func showsNoMoreThanTheBeginningOfWhatIsNoFrame() throws {
        let error = try #require(throws: TransportError.self) {
            try SockJSFrame(ByteBuffer(string: "\u{1B}[2J" + String(repeating: "x", count: 100_000)))
        }
        guard case .sockJS(.invalidFrame(let beginning, _)) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(beginning == ByteBuffer(string: "\u{1B}[2J" + String(repeating: "x", count: 57)))
        #expect(error.description.utf8.count < 200 && !error.description.contains("\u{1B}"))
    }

    private static let streaming =
        String(repeating: "h", count: 24) + "\no\nh\na[\"a\\u0000\",\"한\"]\n\nc[3000,\"Go away!\"]\n"
    private static let expected: [SockJSFrame] = [
        .prelude, .open, .heartBeat, messages("a\0", "한"), .close(code: 3000, reason: "Go away!"),
    ]

    @Test func readsLinesAtEverySplit() throws {
        let text = Self.streaming
        for first in 0...text.utf8.count {
            for second in 0...(text.utf8.count - first) {
                #expect(try frames(text, in: [first, second], of: .lines(limit: 1000)) == Self.expected)
            }
        }
        let bytes = Array(repeating: 1, count: text.utf8.count)
        #expect(try frames(text, in: bytes, of: .lines(limit: 1000)) == Self.expected)
    }

    private static let events =
        "\r\ndata: o\r\n\r\n: comment\r\ndata:h\r\n\r\nevent: x\ndata: a[\"a\\u0000%25\",\"한\"]\r\rdata\n\ndata: c[1,\"\"]\n\n"

    @Test func readsEventsAtEverySplit() throws {
        let text = Self.events
        let body = String(text.replacing("data\n\n", with: ""))
        let expected: [SockJSFrame] = [.open, .heartBeat, messages("a\0%", "한"), .close(code: 1, reason: "")]
        for first in 0...body.utf8.count {
            for second in 0...(body.utf8.count - first) {
                #expect(try frames(body, in: [first, second], of: .events(limit: 1000)) == expected)
            }
        }
        #expect(throws: TransportError.self) { try frames(text, in: [], of: .events(limit: 1000)) }
    }

    @Test(arguments: [
        ("100%25", "100%"), ("%0d%0A%00", "\r\n\0"), ("%25%25", "%%"), ("100%", "100%"), ("%41%25", "%41%25"),
        ("%2", "%2"), ("no", "no"),
    ])
    func undoesThePercentEncodingOfEvents(text: String, expected: String) throws {
        var decoder = SockJSFrameDecoder.events(limit: 100)
        decoder.append(ByteBuffer(string: "data: \(text)\n\n"))
        #expect(try decoder.next() == ByteBuffer(string: expected))
    }

    @Test func endsALineThatNeverEnds() throws {
        var lines = SockJSFrameDecoder.lines(limit: 100)
        lines.append(ByteBuffer(repeating: UInt8(ascii: "h"), count: 100))
        #expect(try lines.next() == nil)
        lines.append(ByteBuffer(string: "h"))
        let error = try #require(throws: TransportError.self) { try lines.next() }
        #expect(error.kind == .limitExceeded)
    }

    @Test func endsAnEventThatNeverEnds() throws {
        var events = SockJSFrameDecoder.events(limit: 100)
        let error = try #require(throws: TransportError.self) {
            for _ in 0..<100 {
                events.append(ByteBuffer(string: "data: 12345678\n"))
                _ = try events.next()
            }
        }
        #expect(error.kind == .limitExceeded)
    }
}

@Suite struct ServerSentEventTests {
    @Test func readsEveryField() throws {
        var decoder = ServerSentEventDecoder(limit: 1000)
        decoder.append(
            ByteBuffer(string: "\u{FEFF}id: 7\nevent: tick\ndata: a\ndata:b\ndata:  c\n\nretry: 1500\ndata\n\n"))
        var event = try #require(try decoder.next())
        #expect(event.event == "tick")
        #expect(String(buffer: event.data) == "a\nb\n c")
        #expect(event.id == "7")
        event = try #require(try decoder.next())
        #expect(event.event == "message")
        #expect(event.data == ByteBuffer())
        #expect(event.id == "7")
        #expect(decoder.retry == 1500)
        #expect(decoder.lastEventID == "7")
        #expect(try decoder.next() == nil)
    }

    @Test func ignoresWhatIsNoFieldAndAnEventWithoutData() throws {
        var decoder = ServerSentEventDecoder(limit: 1000)
        decoder.append(ByteBuffer(string: ":comment\nevent: x\nid: a\0b\nretry: 1s\nfoo: bar\n\ndata: y\n\ndata: z\n"))
        let event = try #require(try decoder.next())
        #expect(event.event == "message")
        #expect(String(buffer: event.data) == "y")
        #expect(event.id == "")
        #expect(decoder.retry == nil)
        #expect(try decoder.next() == nil)
    }

    /// A header cannot contain this id, so the client could not send it back.
    @Test(arguments: ["\0", "\u{1}", "\u{1B}", "\u{7F}", "a\u{8}b"])
    func ignoresAnIDWithAControlCharacter(id: String) throws {
        var decoder = ServerSentEventDecoder(limit: 1000)
        decoder.append(ByteBuffer(string: "id: 6\ndata: a\n\nid: \(id)\ndata: b\n\nid: 7\t한\ndata: c\n\n"))
        let events = [try decoder.next(), try decoder.next()]
        #expect(events.map { $0?.id } == ["6", "6"])
        #expect(events.map { $0.map { String(buffer: $0.data) } } == ["a", "b"])
        #expect(decoder.lastEventID == "6" && decoder.ignoredIDs == 1)
        #expect(try decoder.next()?.id == "7\t한")
        #expect(decoder.ignoredIDs == 1)
    }

    @Test func takesAnIDThatComesWithoutData() throws {
        var decoder = ServerSentEventDecoder(limit: 1000)
        decoder.append(ByteBuffer(string: "id: 9\n\n"))
        #expect(try decoder.next() == nil)
        #expect(decoder.lastEventID == "9")
    }
}
