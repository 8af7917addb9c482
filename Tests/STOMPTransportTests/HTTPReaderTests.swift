import NIOCore
import NIOHTTP1
import Testing

@testable import STOMPTransport

/// How the bytes of requests and answers are read, however they are split.
@Suite struct HTTPReaderTests {
    /// The elements that a reader returned; adjacent bodies and blank lines are joined.
    private struct Log {
        var text = ""
        /// The bytes of all elements.
        var bytes = ByteBuffer()
        private var last = ""

        mutating func note(_ element: HTTPElement) {
            switch element {
            case .blank(let blank): note("blank", blank)
            case .body(let body):
                if last == "body " { text += String(buffer: body) } else { note("body " + String(buffer: body)) }
                bytes.writeImmutableBuffer(body)
                last = "body "
            case .request(let head, let raw):
                let words = "\(head.method.rawValue) \(head.uri) \(head.version) \(Self.fields(head.headers))"
                note("\(words) \(raw.framing)\(Self.faults(raw.faults))", raw.bytes)
            case .response(let head, let raw):
                let words = "\(head.status.code) <\(head.status.reasonPhrase)> \(Self.fields(head.headers))"
                note("\(words) \(raw.framing)\(Self.faults(raw.faults))", raw.bytes)
            case .chunkFraming(let framing, let faults):
                bytes.writeImmutableBuffer(framing)
                if !faults.isEmpty { note("chunk\(Self.faults(faults))") }
            case .end(let trailers): note("end" + (trailers.map { " \(Self.fields($0))" } ?? ""))
            }
        }

        mutating func note(_ line: String, _ element: ByteBuffer = ByteBuffer()) {
            bytes.writeImmutableBuffer(element)
            if line != last || line != "blank" { text += (text.isEmpty ? "" : "|") + line }
            last = line
        }

        private static func fields(_ headers: HTTPHeaders) -> String {
            "[\(headers.map { "\($0.name)=\($0.value)" }.joined(separator: ", "))]"
        }

        private static func faults(_ faults: Set<HTTPFault>) -> String {
            faults.isEmpty ? "" : " {\(faults.map { "\($0)" }.sorted().joined(separator: " "))}"
        }
    }

    private static func read(
        _ pieces: [[UInt8]], _ messages: HTTPReader.Messages, answersTo methods: [HTTPMethod]
    ) -> Log {
        var reader = HTTPReader(messages)
        for method in methods { reader.expectAnswer(to: method) }
        var log = Log()
        for piece in pieces {
            reader.append(ByteBuffer(bytes: piece))
            do throws(HTTPReader.Violation) {
                while let element = try reader.next() { log.note(element) }
            } catch {
                log.note("\(error)")
            }
        }
        if let end = reader.finish() {
            log.note("at the end of the connection:")
            log.note(end)
        }
        if reader.rest.readableBytes > 0, !log.text.hasSuffix("notHTTP") {
            log.note("rest \(String(buffer: reader.rest))")
        }
        log.bytes.writeImmutableBuffer(reader.rest)
        return log
    }

    /// Reads the bytes in two pieces, cut at every position, and byte by byte.
    private static func expectEverySplit(
        _ bytes: [UInt8], _ messages: HTTPReader.Messages, answersTo methods: [HTTPMethod] = [], give expected: String,
        _ location: SourceLocation = #_sourceLocation
    ) {
        for split in 0...bytes.count + 1 {
            let isByByte = split > bytes.count
            let pieces = isByByte ? bytes.map { [$0] } : [Array(bytes[..<split]), Array(bytes[split...])]
            let log = read(pieces, messages, answersTo: methods)
            #expect(log.text == expected, "split at \(split)", sourceLocation: location)
            if !expected.hasSuffix("notHTTP") {
                #expect(log.bytes == ByteBuffer(bytes: bytes), "split at \(split)", sourceLocation: location)
            }
            guard log.text == expected else { return }
        }
    }

    private static let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let inChunks = "POST / HTTP/1.1 [Transfer-Encoding=chunked] chunked"

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 [Host=a] none|end"),
        ("BREW /pot?x=%20 HTTP/1.0\r\n\r\n", "BREW /pot?x=%20 HTTP/1.0 [] none|end"),
        (
            "PUT /a HTTP/1.1\r\nx:  1\t\r\nX: 2\r\nx:\r\nContent-Length: 3\r\n\r\nabc",
            "PUT /a HTTP/1.1 [x=1, X=2, x=, Content-Length=3] length(3)|body abc|end"
        ),
        (
            "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;x=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\nt: 1\r\n\r\n",
            "POST /a HTTP/1.1 [Transfer-Encoding=gzip, Chunked] chunked|body abc0123456789|end [t=1]"
        ),
        (
            "\r\nGET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n\r\n",
            "blank|GET /1 HTTP/1.1 [] none|end|GET /2 HTTP/1.1 [] none|end|blank"
        ),
        (
            "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\nGET /2 HTTP/1.1\r\n",
            "GET / HTTP/1.1 [Upgrade=x] none|end|rest GET /2 HTTP/1.1" + "\r\n"
        ),
        ("CONNECT a:1 HTTP/1.1\r\n\r\nxyz", "CONNECT a:1 HTTP/1.1 [] none|end|rest xyz"),
        ("GET /2 HTTP/2.0\r\n\r\n", "notHTTP"), ("GET / HTTP/1.2\r\n\r\n", "notHTTP"),
        ("GET / HTTP/1.1 \r\n\r\n", "notHTTP"), ("GET / http/1.1\r\n\r\n", "notHTTP"),
        ("GET /\r\n\r\n", "notHTTP"), ("GET\t/ HTTP/1.1\r\n\r\n", "notHTTP"), ("\u{16}\u{3}\u{1}", "notHTTP"),
        ("HTTP/1.1 200 OK\r\n\r\n", "notHTTP"),
    ]) func readsRequests(bytes: String, expected: String) {
        Self.expectEverySplit(Array(bytes.utf8), .requests, give: expected)
    }

    /// Invalid input that can still be read is read and reported.
    @Test(arguments: [
        (
            "PUT /a HTTP/1.1\nx:  1\t\nContent-Length: 3\n\nabc",
            "PUT /a HTTP/1.1 [x=1, Content-Length=3] length(3) {bareLineFeed}|body abc|end"
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1 [Host=a] none {bareLineFeed}|end"),
        ("GET / HTTP/1.1\r\na: b\r\n  c\r\n\td\r\n\r\n", "GET / HTTP/1.1 [a=b c d] none {foldedField}|end"),
        ("GET / HTTP/1.1\r\n a: b\r\nc: d\r\n\r\n", "GET / HTTP/1.1 [c=d] none {invalidField}|end"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1 [] none {invalidField}|end"),
        ("GET / HTTP/1.1\r\n: x\r\n\r\n", "GET / HTTP/1.1 [] none {invalidField}|end"),
        ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1 [] none {invalidField}|end"),
        ("GET / HTTP/1.1\r\na b: x\r\n\r\n", "GET / HTTP/1.1 [] none {invalidField}|end"),
        ("GET / HTTP/1.1\r\na: \u{0}b\r\n\r\n", "GET / HTTP/1.1 [a=\u{0}b] none {controlInField}|end"),
        ("GET / HTTP/1.1\r\na: b\rc: d\r\n\r\n", "GET / HTTP/1.1 [a=b\rc: d] none {controlInField}|end"),
        ("GET /\u{1} HTTP/1.1\r\n\r\n", "GET /\u{1} HTTP/1.1 [] none {controlInStartLine invalidTarget}|end"),
        ("GET /\tx HTTP/1.1\r\n\r\n", "GET /\tx HTTP/1.1 [] none {invalidTarget}|end"),
        ("GET /\u{7F} HTTP/1.1\r\n\r\n", "GET /\u{7F} HTTP/1.1 [] none {controlInStartLine invalidTarget}|end"),
        ("GET /\rx HTTP/1.1\r\n\r\n", "GET /\rx HTTP/1.1 [] none {controlInStartLine invalidTarget}|end"),
        ("GET /a b HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1 [] none {invalidTarget}|end"),
        ("GET  / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1 [] none {invalidTarget}|end"),
        ("GET a HTTP/1.1\r\n\r\n", "GET a HTTP/1.1 [] none {invalidTarget}|end"),
        (
            chunked + "1 ;x\r\na\r\n\t2\nbc\n0;\u{1}\r\nt\r\n\r\n",
            inChunks + "|chunk {invalidChunkLine}|body a|chunk {bareLineFeed invalidChunkLine}|body bc"
                + "|chunk {bareLineFeed}|chunk {invalidChunkLine}|chunk {invalidField}|end"
        ),
        (chunked + "0\r\na: b\r\n c\r\n\n", inChunks + "|chunk {bareLineFeed foldedField}|end [a=b c]"),
    ]) func readsWhatIsWrong(bytes: String, expected: String) {
        Self.expectEverySplit(Array(bytes.utf8), .requests, give: expected)
    }

    /// If another reader might see the end of the request elsewhere, that is reported or the request is rejected.
    @Test(
        arguments: [
            (
                "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "[Content-Length=1, Transfer-Encoding=chunked] chunked {lengthAndChunks}|end"
            ),
            (
                "Transfer-Encoding: gzip\r\ncontent-length: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "[Transfer-Encoding=gzip, content-length=x, Transfer-Encoding=chunked] chunked {lengthAndChunks}|end"
            ),
            (
                "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
                "[Content-Length=1, Content-Length=1] length(1) {repeatedLength}|body a|end"
            ),
            ("Content-Length: 1, 1\r\n\r\na", "[Content-Length=1, 1] length(1) {repeatedLength}|body a|end"),
            (
                "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na",
                "[Transfer-Encoding=identity, Content-Length=1] length(1) {identityCoding lengthAndCoding}|body a|end"
            ),
            ("Transfer-Encoding: Identity\r\n\r\n", "[Transfer-Encoding=Identity] none {identityCoding}|end"),
            ("Content-Length: 1 \r\n\r\na", "[Content-Length=1] length(1)|body a|end"),
            ("Content-Length: 00\r\n\r\n", "[Content-Length=00] length(0)|end"),
            ("Content-Length: 1\r\nContent-Length: 2\r\n\r\n", nil), ("Content-Length: 1, 2\r\n\r\n", nil),
            ("Content-Length: -1\r\n\r\n", nil), ("Content-Length: +1\r\n\r\n", nil), ("Content-Length: \r\n\r\n", nil),
            ("Content-Length: 1,\r\n\r\n", nil), ("Transfer-Encoding: chunked,\r\n\r\n", nil),
            ("Content-Length: 1 1\r\n\r\n", nil), ("Content-Length: 0x1\r\n\r\n", nil),
            ("Content-Length: 99999999999999999999\r\n\r\n", nil), ("Content-Length: 1\u{0}\r\n\r\n", nil),
            ("Content-Length : 1\r\n\r\n", nil), ("Content-Length\u{B}: 1\r\n\r\n", nil),
            (" Content-Length: 1\r\n\r\n", nil), ("Content-Length: 1\r\n 2\r\n\r\n", nil),
            ("Transfer-Encoding : chunked\r\n\r\n", nil), ("\tTransfer-Encoding: chunked\r\n\r\n", nil),
            ("Transfer-Encoding:\r\n chunked\r\n\r\n", nil), ("Transfer-Encoding: \u{B}chunked\r\n\r\n", nil),
            ("Transfer-Encoding: gzip\r\n\r\n", nil), ("Transfer-Encoding: xchunked\r\n\r\n", nil),
            ("Transfer-Encoding: \r\n\r\n", nil), ("Transfer-Encoding: chunked, identity\r\n\r\n", nil),
            ("Transfer-Encoding: chunked, gzip\r\n\r\n", nil), ("Transfer-Encoding: chunked, chunked\r\n\r\n", nil),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", nil),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", nil),
        ] as [(String, String?)]) func requestsEndWhereTheyMust(fields: String, expected: String?)
    {
        Self.expectEverySplit(
            Array("POST / HTTP/1.1\r\n\(fields)".utf8), .requests,
            give: expected.map { "POST / HTTP/1.1 \($0)" } ?? "notHTTP")
    }

    @Test(arguments: [
        "x\r\n", "\r\n", ";x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "1 0\r\n", "FFFFFFFFFFFFFFFFF\r\n",
        "8000000000000000\r\n", "1\u{0}\r\n", "1\r\nabc", "1\r\na0\r\n\r\n", "1\r\na\r\r\n",
        "0\r\nContent-Length : 1\r\n\r\n",
    ]) func chunksEndWhereTheyMust(chunks: String) {
        let read = Self.read([Array((Self.chunked + chunks).utf8)], .requests, answersTo: []).text
        let expected = [Self.inChunks + "|notHTTP", Self.inChunks + "|body a|notHTTP"]
        #expect(expected.contains(read), "\(read)")
        Self.expectEverySplit(Array((Self.chunked + chunks).utf8), .requests, give: read)
    }

    @Test(
        arguments: [
            (
                [.GET], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                "200 <OK> [Content-Length=2] length(2)|body hi|end"
            ),
            ([.GET], "HTTP/1.1 200\r\n\r\nhi", "200 <> [] untilClose|body hi|at the end of the connection:|end"),
            ([.GET], "HTTP/1.0 404 \r\n\r\n", "404 <> [] untilClose|at the end of the connection:|end"),
            ([.HEAD], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "200 <OK> [Content-Length=2] none|end"),
            (
                [.HEAD], "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "200 <OK> [Transfer-Encoding=chunked] none|end"
            ),
            (
                [.GET, .GET], "HTTP/1.1 304 a b\r\nContent-Length: 2\r\n\r\nHTTP/1.1 204 Nothing there\r\n\r\n",
                "304 <a b> [Content-Length=2] none|end|204 <Nothing there> [] none|end"
            ),
            (
                [.HEAD, .GET],
                "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 \r\n\r\nHTTP/1.1 200 A\r\nContent-Length: 1\r\n\r\n"
                    + "HTTP/1.1 200 B\r\nContent-Length: 1\r\n\r\nx",
                "100 <Go on> [] none|103 <> [] none|200 <A> [Content-Length=1] none|end|"
                    + "200 <B> [Content-Length=1] length(1)|body x|end"
            ),
            ([.GET], "HTTP/1.1 101 \r\nUpgrade: x\r\n\r\nabc", "101 <> [Upgrade=x] none|end|rest abc"),
            (
                [.GET], "HTTP/1.1 200 A\r\nTransfer-Encoding: Identity\r\nContent-Length: 1\r\n\r\nx",
                "200 <A> [Transfer-Encoding=Identity, Content-Length=1] length(1) {identityCoding lengthAndCoding}"
                    + "|body x|end"
            ),
            (
                [.GET], "HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n",
                "200 <A> [Transfer-Encoding=chunked, Content-Length=1] chunked {lengthAndChunks}|body a|end"
            ),
            (
                [.GET], "HTTP/1.1 200 A\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n",
                "200 <A> [Transfer-Encoding=chunked, gzip] untilClose|body 0\r\n|at the end of the connection:|end"
            ),
            ([.CONNECT], "HTTP/1.1 200 \r\n\r\nabc", "200 <> [] none|end|rest abc"),
            (
                [.CONNECT], "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\nabc",
                "200 <> [Transfer-Encoding=chunked] none|end|rest abc"
            ),
            (
                [.CONNECT], "HTTP/1.1 407 \r\nContent-Length: 1\r\n\r\na",
                "407 <> [Content-Length=1] length(1)|body a|end"
            ),
            (
                [.GET], "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "200 <OK> [Transfer-Encoding=chunked] chunked|end"
            ),
            (
                [], "HTTP/1.1 408 Gone\r\nContent-Length: 0\r\n\r\n",
                "408 <Gone> [Content-Length=0] length(0)|end"
            ),
            (
                [.GET], "HTTP/1.1 200 O\u{1}K\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
                "200 <O\u{1}K> [A=b c, Content-Length=0] length(0) {bareLineFeed controlInStartLine foldedField}|end"
            ),
            ([.GET], "HTTP/2.0 200 OK\r\n\r\n", "notHTTP"), ([.GET], "SSH-2.0", "notHTTP"),
            ([.GET], "<html>", "notHTTP"), ([.GET], "GET / HTTP/1.1\r\n\r\n", "notHTTP"),
            ([.GET], "HTTP/1.1 2000 OK\r\n\r\n", "notHTTP"), ([.GET], "HTTP/1.1 abc OK\r\n\r\n", "notHTTP"),
            ([.GET], "HTTP/1.1 +20 OK\r\n\r\n", "notHTTP"), ([.GET], "HTTP/1.1  200 OK\r\n\r\n", "notHTTP"),
            ([.GET], "HTTP/1.1 099 OK\r\n\r\n", "notHTTP"), ([.GET], "HTTP/1.1 200OK\r\n\r\n", "notHTTP"),
            ([.GET], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "notHTTP"),
            ([.GET], "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n", "notHTTP"),
            ([.GET], "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "notHTTP"),
        ] as [([HTTPMethod], String, String)]) func readsAnswers(
            methods: [HTTPMethod], bytes: String, expected: String
        )
    {
        Self.expectEverySplit(Array(bytes.utf8), .responses, answersTo: methods, give: expected)
    }

    /// Random sequences of HTTP fragments: every split gives the same result, and no byte is lost.
    @Test(arguments: [HTTPReader.Messages.requests, .responses]) func randomBytesAreReadInEveryCut(
        messages: HTTPReader.Messages
    ) {
        let words = [
            "GET / HTTP/1.1\r\n", "POST /a b HTTP/1.0\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 204\r\n",
            "HTTP/1.1 100 \r\n",
            "Content-Length: 3\r\n", "Content-Length: 3\n", "Transfer-Encoding: chunked\r\n", "Upgrade: x\r\n",
            "A: b\r\n", " c\r\n", "no colon\r\n", ": \u{0}\r\n", "\r\n", "\r\n", "\r\n", "\n", "abc", "3\r\nabc\r\n",
            "3;x\n",
            "0\r\n", "0\r\n\r\n", "\r", " ", "x",
        ]
        // The generator from Numerical Recipes: the same bytes in each run.
        var seed: UInt32 = messages == .requests ? 1 : 2
        func random(_ limit: Int) -> Int {
            seed = seed &* 1_664_525 &+ 1_013_904_223
            return Int(seed >> 8) % limit
        }
        for _ in 0..<3000 {
            var bytes = Array((messages == .requests ? words[random(2)] : words[2 + random(3)]).utf8)
            for _ in 0..<random(12) { bytes += words[random(words.count)].utf8 }
            let methods = [HTTPMethod](repeating: .GET, count: 2)
            let whole = Self.read([bytes], messages, answersTo: methods)
            #expect(bytes.starts(with: whole.bytes.readableBytesView))
            let isRead = !whole.text.hasSuffix("notHTTP")
            #expect(!isRead || whole.bytes.readableBytes == bytes.count)
            let cut = random(bytes.count)
            for pieces in [bytes.map { [$0] }, [Array(bytes[..<cut]), Array(bytes[cut...])]] {
                let read = Self.read(pieces, messages, answersTo: methods)
                #expect(read.text == whole.text, "\(String(decoding: bytes, as: UTF8.self).debugDescription) at \(cut)")
                guard read.text == whole.text else { return }
            }
        }
    }

    // MARK: - Limits

    /// Heads, chunk extensions and trailers without an end: the reader stops at its limit and then stores nothing.
    @Test(arguments: [
        ("GET / HTTP/1.1\r\n", HTTPReader.headLimit, HTTPReader.Violation.headTooLarge),
        ("GET /", HTTPReader.headLimit, .headTooLarge), (chunked + "0\r\n", HTTPReader.headLimit, .headTooLarge),
        (chunked + "1;", 4 << 10, .notHTTP),
    ]) func whatHasNoEndIsLimited(start: String, limit: Int, violation: HTTPReader.Violation) throws {
        for end in ["\r\n", ""] where end.isEmpty || violation == .headTooLarge {
            let line = ByteBuffer(string: "a: " + String(repeating: "b", count: 97) + end)
            var reader = HTTPReader(.requests)
            reader.append(ByteBuffer(string: start))
            var fed = 0
            #expect(throws: violation) {
                while fed < 1 << 20 {
                    while let element = try reader.next() {
                        if case .end = element { Issue.record("an endless body ended") }
                    }
                    reader.append(line)
                    fed += line.readableBytes
                }
            }
            #expect(fed > limit - 200 && fed < limit + 200)
            let held = reader.rest.readableBytes
            reader.append(line)
            let element = try reader.next()
            #expect(element == nil && reader.rest.readableBytes == held && held < limit + 200)
            reader.stop()
            #expect(reader.rest.readableBytes == 0)
        }
    }

    @Test(arguments: [29, 30, 31]) func theLimitOfHeadsCanBeAnother(limit: Int) throws {
        var reader = HTTPReader(.responses, headLimit: limit)
        reader.append(ByteBuffer(string: "HTTP/1.1 204 1234567890123\r\n\r\n"))
        #expect(reader.rest.readableBytes == 30)
        if limit < 30 {
            #expect(throws: HTTPReader.Violation.headTooLarge) { try reader.next() }
        } else {
            let element = try reader.next()
            #expect(element != nil)
        }
    }

    @Test func whatCannotBecomeHTTPIsKnownAtOnce() {
        for bytes in ["\u{1}", "GET\u{0}", "@", String(repeating: "A", count: 65)] {
            var reader = HTTPReader(.requests)
            reader.append(ByteBuffer(string: bytes))
            #expect(throws: HTTPReader.Violation.notHTTP) { try reader.next() }
            #expect(String(buffer: reader.rest) == bytes, "the unread bytes are available")
        }
        var reader = HTTPReader(.responses)
        reader.append(ByteBuffer(string: "HTTQ"))
        #expect(throws: HTTPReader.Violation.notHTTP) { try reader.next() }
    }

    @Test func whatCannotBeAHeadIsKept() {
        var reader = HTTPReader(.responses)
        reader.append(ByteBuffer(string: "HTTP/1.1 OK\r\n\r\nrest"))
        #expect(throws: HTTPReader.Violation.notHTTP) { try reader.next() }
        #expect(String(buffer: reader.rest) == "HTTP/1.1 OK\r\n\r\nrest")
    }

    @Test func aPausedReaderGoesOnWhereItStopped() throws {
        var reader = HTTPReader(.requests)
        reader.append(ByteBuffer(string: "GET /1 HTTP/1.1\r\nUpgrade: x\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"))
        var elements = 0
        while try reader.next() != nil { elements += 1 }
        #expect(elements == 2)
        #expect(!reader.isFull)
        reader.append(ByteBuffer(repeating: 0x0A, count: HTTPReader.headLimit))
        #expect(reader.isFull)
        reader.proceed()
        #expect(!reader.isFull)
        guard case .request(let head, _)? = try reader.next() else {
            Issue.record("no second request")
            return
        }
        #expect(head.uri == "/2")
    }

    @Test func aReaderKnowsWhetherAMessageIsUnderWay() throws {
        var reader = HTTPReader(.requests)
        #expect(reader.isBetweenMessages)
        for (piece, isBetween) in [("G", false), ("ET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", false), ("a", true)] {
            reader.append(ByteBuffer(string: piece))
            while try reader.next() != nil {}
            #expect(reader.isBetweenMessages == isBetween)
        }
    }
}
