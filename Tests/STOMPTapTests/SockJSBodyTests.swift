import NIOCore
import NIOHTTP1
import STOMPTransport
import Testing

@testable import STOMPTap

@Suite struct SockJSBodyTests {
    private static let prelude = String(repeating: "h", count: 2048)

    /// The frames of a body that comes in two pieces.
    private static func frames(
        _ body: [UInt8], _ carriage: SockJSPath.Carriage, splitAt split: Int, limit: Int = 1 << 20
    ) throws -> [String] {
        let reader = try #require(SockJSBody(carriage, headers: [:], limit: limit))
        var frames: [ByteBuffer] = []
        for piece in [body[..<split], body[split...]] {
            let (next, failure) = reader.take(ByteBuffer(bytes: piece))
            frames += next
            if let failure { frames.append(ByteBuffer(string: "failure \(failure)")) }
        }
        return (frames + reader.finish().frames).map { String(buffer: $0) }
    }

    private static func expectEverySplit(
        _ body: String, _ carriage: SockJSPath.Carriage, give expected: [String],
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let octets = Array(body.utf8)
        for split in 0...octets.count {
            let frames = try frames(octets, carriage, splitAt: split)
            #expect(frames == expected, "split at \(split)", sourceLocation: location)
            guard frames == expected else { return }
        }
    }

    @Test func linesHoldFrames() throws {
        try Self.expectEverySplit(
            Self.prelude + "\no\na[\"CONNECTED\\n\\n\\u0000\"]\nh\nc[3000,\"Go away!\"]\n", .lines,
            give: [Self.prelude, "o", #"a["CONNECTED\n\n\u0000"]"#, "h", #"c[3000,"Go away!"]"#])
        // A poll may leave the end of the line out.
        try Self.expectEverySplit("a[\"x\"]", .lines, give: [#"a["x"]"#])
    }

    @Test func eventsHoldFrames() throws {
        // As node-sockjs writes them, and as Spring does.
        try Self.expectEverySplit(
            "\r\ndata: o\r\n\r\ndata: a[\"100%25%0A\"]\r\n\r\n", .events, give: ["o", "a[\"100%\n\"]"])
        try Self.expectEverySplit("\r\ndata:o\r\n\r\ndata:a[\"100%\"]\r\n\r\n", .events, give: ["o", #"a["100%"]"#])
    }

    @Test func scriptsHoldFrames() throws {
        let head = """
            <!doctype html>
            <html><head>
              <meta http-equiv="X-UA-Compatible" content="IE=edge" />
            </head><body><h2>Don't panic!</h2>
              <script>
                document.domain = document.domain;
                var c = parent._jp.cb;
                c.start();
                function p(d) {c.message(d);};
                window.onload = c.stop;
              </script>

            """
        try Self.expectEverySplit(
            head + #"<script>"# + "\np(\"o\");\n</script>\r\n<script>\n" + #"p("a[\"it\\\\ is (so)\\n\\u0000\"]");"#
                + "\n</script>\r\n", .scripts, give: ["o", #"a["it\\ is (so)\n\u0000"]"#])
        // As Spring escapes what it puts into scripts.
        try Self.expectEverySplit(
            #"/**/jsonp_1.cb("a[\"it\'s \u003Cb\u003E \\\\\' \/\"]");"# + "\r\n", .scripts,
            give: [#"a["it's <b> \\' /"]"#])
        try Self.expectEverySplit(#"cb("c[3000,\"Go away!\"]");"# + "\r\n", .scripts, give: [#"c[3000,"Go away!"]"#])
        for line in [#"p("o"#, #"p("#, #"p)("#, #"p("")"#, #"p("\");"#, "p(\"o\n);"] {
            try Self.expectEverySplit(line, .scripts, give: line == #"p("")"# ? [""] : [])
        }
    }

    @Test func whatIsTooLongIsNoLongerTakenApart() throws {
        let reader = try #require(SockJSBody(.lines, headers: [:], limit: 10))
        let (frames, failure) = reader.take(ByteBuffer(string: "o\nh\na[\"0123456789\"]\n"))
        #expect(frames.map { String(buffer: $0) } == ["o", "h"])
        #expect(failure?.code == .limitExceeded)
        #expect(!reader.canSift)
        #expect(
            reader.take(ByteBuffer(string: "o\n")).frames.isEmpty
                && reader.take(ByteBuffer(string: "o\n")).failure == nil)
        #expect(reader.finish().frames.isEmpty)
    }

    @Test func compressedBodiesAreToldOnce() throws {
        let headers = HTTPHeaders([("Content-Encoding", "gzip")])
        let reader = try #require(SockJSBody(.lines, headers: headers, limit: 10))
        #expect(!reader.canSift)
        #expect(reader.take(ByteBuffer(string: "o\n")).failure?.message.contains("gzip") == true)
        #expect(reader.take(ByteBuffer(string: "o\n")).failure == nil)
        let plain = try #require(SockJSBody(.lines, headers: ["Content-Encoding": "identity"], limit: 10))
        #expect(plain.take(ByteBuffer(string: "o\n")).frames.count == 1)
    }

    @Test(arguments: [SockJSPath.Carriage.lines, .events])
    func whatIsWrittenIsReadAgain(carriage: SockJSPath.Carriage) throws {
        let writer = try #require(SockJSBody(carriage, headers: [:], limit: 1000))
        let frames = ["o", #"a["100% %25 %41 %0A","x"]"#, "h"]
        var body = ByteBuffer()
        for frame in frames { writer.write(ByteBuffer(string: frame), to: &body) }
        let octets = Array(body.readableBytesView)
        #expect(try Self.frames(octets, carriage, splitAt: 0) == frames)
    }

    @Test func requestsHoldMessages() {
        let form = HTTPHeaders([("content-type", "application/x-www-form-urlencoded; charset=UTF-8")])
        func messages(_ body: String, _ headers: HTTPHeaders) -> String {
            String(buffer: SockJSBody.messages(in: ByteBuffer(string: body), headers: headers))
        }
        #expect(messages(#"["a%20+"]"#, [:]) == #"["a%20+"]"#)
        #expect(messages(#"["x"]"#, ["Content-Type": "text/plain"]) == #"["x"]"#)
        #expect(messages("d=%5B%22a+b%2B%EA%B0%80%22%5D", form) == #"["a b+가"]"#)
        #expect(messages("d=%5%zz%", form) == "%5%zz%")
        #expect(messages("x=1", form) == "x=1")
    }

    @Test(arguments: [
        ("/ws/000/abc/xhr", "/ws/000/abc", "SockJS xhr-polling", HTTPMethod.POST),
        ("/a/b/000/abc/xhr_streaming?t=1", "/a/b/000/abc", "SockJS xhr-streaming", .POST),
        ("/000/abc/eventsource", "/000/abc", "SockJS eventsource", .GET),
        ("/ws/0/a/jsonp?c=cb", "/ws/0/a", "SockJS jsonp-polling", .GET),
        ("/ws/0/a/htmlfile", "/ws/0/a", "SockJS htmlfile", .GET),
        ("/ws/0/a/jsonp_send", "/ws/0/a", "SockJS jsonp-send", .POST),
        ("/ws/0/a/websocket", "/ws/0/a", "SockJS websocket", .GET),
    ]) func pathsNameSessions(target: String, session: String, name: String, method: HTTPMethod) throws {
        let path = try #require(SockJSPath(requestTarget: target))
        #expect(path.session == session && path.name == name && path.method == method)
    }

    @Test(arguments: [
        "/ws/info", "/ws/websocket", "/xhr", "/a/xhr", "/a/b.c/d/xhr", "/a//d/xhr", "/a/b/c/xhr/", "*", "",
    ])
    func otherPathsNameNone(target: String) { #expect(SockJSPath(requestTarget: target) == nil) }
}
