import NIOCore
import NIOHTTP1
import STOMPTransport
import Testing

@testable import STOMPTap

@Suite struct SockJSBodyTests {
    private static let prelude = String(repeating: "h", count: 2048)

    private static func reader(
        _ transport: String, headers: HTTPHeaders = [:], limit: Int = 1 << 20
    ) throws -> SockJSBody {
        let path = try #require(SockJSPath(requestTarget: "/ws/000/abc/\(transport)"))
        return try #require(SockJSBody(path, headers: headers, limit: limit))
    }

    /// The frames of a body that arrives in two pieces.
    private static func frames(
        _ body: [UInt8], _ transport: String, splitAt split: Int, limit: Int = 1 << 20
    ) throws -> [String] {
        var reader = try reader(transport, limit: limit)
        var frames: [ByteBuffer] = []
        for piece in [body[..<split], body[split...]] {
            let (next, failure) = reader.decode(ByteBuffer(bytes: piece))
            frames += next.compactMap(\.frame)
            if let failure { frames.append(ByteBuffer(string: "failure \(failure)")) }
        }
        return (frames + reader.finish().pieces.compactMap(\.frame)).map { String(buffer: $0) }
    }

    private static func expectEverySplit(
        _ body: String, _ transport: String, give expected: [String],
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let bytes = Array(body.utf8)
        for split in 0...bytes.count {
            let frames = try frames(bytes, transport, splitAt: split)
            #expect(frames == expected, "split at \(split)", sourceLocation: location)
            guard frames == expected else { return }
        }
    }

    @Test func linesHoldFrames() throws {
        try Self.expectEverySplit(
            Self.prelude + "\no\na[\"CONNECTED\\n\\n\\u0000\"]\nh\nc[3000,\"Go away!\"]\n", "xhr",
            give: [Self.prelude, "o", #"a["CONNECTED\n\n\u0000"]"#, "h", #"c[3000,"Go away!"]"#])
        // A poll may omit the line end.
        try Self.expectEverySplit("a[\"x\"]", "xhr", give: [#"a["x"]"#])
    }

    @Test func eventsHoldFrames() throws {
        // As node-sockjs writes them, then as Spring does.
        try Self.expectEverySplit(
            "\r\ndata: o\r\n\r\ndata: a[\"100%25%0A\"]\r\n\r\n", "eventsource", give: ["o", "a[\"100%\n\"]"])
        try Self.expectEverySplit(
            "\r\ndata:o\r\n\r\ndata:a[\"100%\"]\r\n\r\n", "eventsource", give: ["o", #"a["100%"]"#])
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
                + "\n</script>\r\n", "htmlfile", give: ["o", #"a["it\\ is (so)\n\u0000"]"#])
        // As Spring escapes text in scripts.
        try Self.expectEverySplit(
            #"/**/jsonp_1.cb("a[\"it\'s \u003Cb\u003E \\\\\' \/\"]");"# + "\r\n", "jsonp?c=cb",
            give: [#"a["it's <b> \\' /"]"#])
        try Self.expectEverySplit(#"cb("c[3000,\"Go away!\"]");"# + "\r\n", "htmlfile", give: [#"c[3000,"Go away!"]"#])
        for line in [#"p("o"#, #"p("#, #"p)("#, #"p("")"#, #"p("\");"#, "p(\"o\n);"] {
            try Self.expectEverySplit(line, "htmlfile", give: line == #"p("")"# ? [""] : [])
        }
    }

    @Test func oversizedFramesAreNotDecoded() throws {
        var reader = try Self.reader("xhr", limit: 10)
        let (pieces, failure) = reader.decode(ByteBuffer(string: "o\nh\na[\"0123456789\"]\n"))
        #expect(pieces.compactMap(\.frame).map { String(buffer: $0) } == ["o", "h"])
        #expect(failure?.kind == .limitExceeded)
        #expect(!reader.canSift)
        #expect(
            reader.decode(ByteBuffer(string: "o\n")).pieces.isEmpty
                && reader.decode(ByteBuffer(string: "o\n")).failure == nil)
        #expect(reader.finish().pieces.isEmpty)
    }

    @Test func compressedBodiesAreReportedOnce() throws {
        let headers = HTTPHeaders([("Content-Encoding", "gzip")])
        var reader = try Self.reader("xhr", headers: headers, limit: 10)
        #expect(!reader.canSift)
        #expect(reader.decode(ByteBuffer(string: "o\n")).failure == .http(.compressedAnswer(encoding: "gzip")))
        #expect(reader.decode(ByteBuffer(string: "o\n")).failure == nil)
        var plain = try Self.reader("xhr", headers: ["Content-Encoding": "identity"], limit: 10)
        #expect(plain.decode(ByteBuffer(string: "o\n")).pieces.count == 1)
    }

    @Test(arguments: ["xhr", "xhr_streaming", "eventsource", "htmlfile", "jsonp?t=1&c=_jp.cb1"])
    func whatIsWrittenIsReadAgain(transport: String) throws {
        let writer = try Self.reader(transport)
        let frames = ["o", #"a["100% %25 %41 %0A","x"]"#, "h"]
        var body = ByteBuffer()
        for frame in frames { writer.write(ByteBuffer(string: frame), to: &body) }
        let bytes = Array(body.readableBytesView)
        #expect(try Self.frames(bytes, transport, splitAt: 0) == frames)
    }

    /// A dropped message becomes a heart-beat, because a script that calls nothing would count as a failure.
    @Test func scriptsAreSifted() throws {
        var reader = try Self.reader("htmlfile")
        let script = "<html>\r\n<script>\np(\"o\");\n</script>\r\n/**/p(\"a[\\\"x\\\",\\\"y\\\"]\"); // z\r\n"
        let (pieces, _) = reader.decode(ByteBuffer(string: script))
        #expect(pieces.count == 5)
        func written(_ passes: (ByteBuffer) -> [ByteBuffer]) -> String {
            var body = ByteBuffer()
            for piece in pieces { reader.write(piece.frame.map(passes) ?? [], of: piece, to: &body) }
            return String(buffer: body)
        }
        #expect(
            written { [$0] } == script.replacing("<script>\n", with: "<script>\r\n").replacing(";\n", with: ";\r\n"))
        #expect(written { _ in [] }.hasSuffix("\r\n/**/p(\"h\"); // z\r\n"))
        let other = ByteBuffer(string: #"a["x"]"#)
        #expect(written { _ in [other] }.hasSuffix(#"/**/p("a[\"x\"]"); // z"# + "\r\n"))
    }

    @Test func callbacksHaveNames() {
        func callback(_ target: String) -> String? { SockJSPath(requestTarget: "/ws/000/abc/\(target)")?.callback }
        #expect(callback("jsonp?c=_jp.a1") == "_jp.a1" && callback("jsonp?t=1&callback=cb&x") == "cb")
        for target in ["jsonp", "jsonp?c=", "jsonp?c=a(b", "jsonp?c=%3C", "xhr?c=cb", "htmlfile?c=cb"] {
            #expect(callback(target) == nil)
        }
    }

    @Test func requestsHoldMessages() {
        let form = HTTPHeaders([("content-type", "application/x-www-form-urlencoded; charset=UTF-8")])
        func messages(_ body: String, _ headers: HTTPHeaders) -> String {
            String(buffer: SockJSForm(headers).array(in: ByteBuffer(string: body)))
        }
        #expect(messages(#"["a%20+"]"#, [:]) == #"["a%20+"]"#)
        #expect(messages(#"["x"]"#, ["Content-Type": "text/plain"]) == #"["x"]"#)
        #expect(messages("d=%5B%22a+b%2B%EA%B0%80%22%5D", form) == #"["a b+가"]"#)
        #expect(messages("d=%5%zz%", form) == "%5%zz%")
        #expect(messages("x=1", form) == "x=1")
        for headers in [form, [:]] {
            let array = ByteBuffer(string: #"["a b+가%20&="]"#)
            #expect(SockJSForm(headers).array(in: SockJSForm(headers).body(array)) == array)
        }
    }

    @Test(arguments: [
        ("/ws/000/abc/xhr", "/ws/000/abc", "xhr", HTTPMethod.POST),
        ("/a/b/000/abc/xhr_streaming?t=1", "/a/b/000/abc", "xhr_streaming", .POST),
        ("/000/abc/eventsource", "/000/abc", "eventsource", .GET),
        ("/ws/0/a/jsonp?c=cb", "/ws/0/a", "jsonp", .GET),
        ("/ws/0/a/htmlfile", "/ws/0/a", "htmlfile", .GET),
        ("/ws/0/a/jsonp_send", "/ws/0/a", "jsonp_send", .POST),
        ("/ws/0/a/websocket", "/ws/0/a", "websocket", .GET),
    ]) func pathsNameSessions(target: String, session: String, transport: String, method: HTTPMethod) throws {
        let path = try #require(SockJSPath(requestTarget: target))
        #expect(path.session == session && path.transport == transport && path.method == method)
    }

    @Test(arguments: [
        "/ws/info", "/ws/websocket", "/xhr", "/a/xhr", "/a/b.c/d/xhr", "/a//d/xhr", "/a/b/c/xhr/", "*", "",
    ])
    func otherPathsNameNoSession(target: String) { #expect(SockJSPath(requestTarget: target) == nil) }
}
