import NIOCore
import NIOHTTP1
import Testing

@testable import STOMPTap

@Suite struct HTTPReaderTests {
    /// What is read off octets that come in two pieces, written down part by part; bodies are put together.
    private static func read(
        _ octets: [UInt8], splitAt split: Int, takesRequests: Bool, answersTo methods: [HTTPMethod] = []
    ) -> String {
        var reader = HTTPReader(takesRequests: takesRequests)
        for method in methods { reader.expectAnswer(to: method) }
        var log = ""
        var isInBody = false
        func note(_ text: String, isBody: Bool = false) {
            log += (isBody && isInBody ? "" : isBody ? "|body " : "|") + text
            isInBody = isBody
        }
        func fields(_ headers: HTTPHeaders) -> String {
            "[\(headers.map { "\($0.name)=\($0.value)" }.joined(separator: ", "))]"
        }
        func note(_ part: RelayPart?) {
            switch part {
            case .requestHead(let head, let framing)?:
                note("\(head.method.rawValue) \(head.uri) \(head.version) \(fields(head.headers)) \(framing)")
            case .responseHead(let head, let framing)?:
                note("\(head.status.code) <\(head.status.reasonPhrase)> \(fields(head.headers)) \(framing)")
            case .body(let body)?: note(String(buffer: body), isBody: true)
            case .end(let trailers)?: note("end" + (trailers.map { " \(fields($0))" } ?? ""))
            case nil: break
            default: note("nonsense")
            }
        }
        for piece in [octets[..<split], octets[split...]] {
            reader.append(ByteBuffer(bytes: piece))
            do throws(HTTPReader.Violation) {
                while let part = try reader.next() { note(part) }
            } catch {
                note("\(error)")
            }
        }
        let end = reader.finish()
        if end != nil { note("at the end of the connection:") }
        note(end)
        return String(log.dropFirst()) + (reader.rest.readableBytes > 0 ? "|rest \(String(buffer: reader.rest))" : "")
    }

    private static func expectEverySplit(
        _ octets: [UInt8], takesRequests: Bool, answersTo methods: [HTTPMethod] = [], give expected: String,
        _ location: SourceLocation = #_sourceLocation
    ) {
        for split in 0...octets.count {
            let read = read(octets, splitAt: split, takesRequests: takesRequests, answersTo: methods)
            #expect(read == expected, "split at \(split)", sourceLocation: location)
            guard read == expected else { return }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 [Host=a] none|end"),
        ("BREW /pot?x=%20 HTTP/1.0\r\n\r\n", "BREW /pot?x=%20 HTTP/1.0 [] none|end"),
        (
            "PUT /a HTTP/1.1\nx:  1\t\nX: 2\nx:\nContent-Length: 3\n\nabc",
            "PUT /a HTTP/1.1 [x=1, X=2, x=, Content-Length=3] length(3)|body abc|end"
        ),
        (
            "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;x=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\nt: 1\r\n\r\n",
            "POST /a HTTP/1.1 [Transfer-Encoding=gzip, Chunked] chunked|body abc0123456789|end [t=1]"
        ),
        (
            "\r\nGET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n\r\n",
            "GET /1 HTTP/1.1 [] none|end|GET /2 HTTP/1.1 [] none|end"
        ),
        ("GET / HTTP/1.1\r\na: b\r\n  c\r\n\r\n", "GET / HTTP/1.1 [a=b c] none|end"),
        (
            "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\nGET /2 HTTP/1.1\r\n",
            "GET / HTTP/1.1 [Upgrade=x] none|end|rest GET /2 HTTP/1.1" + "\r\n"
        ),
        ("CONNECT a:1 HTTP/1.1\r\n\r\nxyz", "CONNECT a:1 HTTP/1.1 [] none|end|rest xyz"),
        ("GET /2 HTTP/2.0\r\n\r\n", "notHTTP"), ("GET /\r\n\r\n", "notHTTP"), ("\u{16}\u{3}\u{1}", "notHTTP"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", "notHTTP"), ("GET / HTTP/1.1\r\n: x\r\n\r\n", "notHTTP"),
        ("GET / HTTP/1.1\r\na b: x\r\n\r\n", "notHTTP"), ("GET / HTTP/1.1\r\na: \u{0}\r\n\r\n", "notHTTP"),
        ("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "notHTTP"),
        ("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "notHTTP"),
        ("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "notHTTP"),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "notHTTP"),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "GET / HTTP/1.1 [Transfer-Encoding=chunked] chunked|notHTTP"
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
            "GET / HTTP/1.1 [Transfer-Encoding=chunked] chunked|body a|notHTTP"
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
            "GET / HTTP/1.1 [Transfer-Encoding=chunked] chunked|notHTTP"
        ),
    ]) func readsRequests(octets: String, expected: String) {
        Self.expectEverySplit(Array(octets.utf8), takesRequests: true, give: expected)
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
                "200 <A> [Transfer-Encoding=Identity, Content-Length=1] length(1)|body x|end"
            ),
            ([.CONNECT], "HTTP/1.1 200 \r\n\r\nabc", "200 <> [] none|end|rest abc"),
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
            ([.GET], "HTTP/2.0 200 OK\r\n\r\n", "notHTTP"), ([.GET], "SSH-2.0", "notHTTP"),
            ([.GET], "<html>", "notHTTP"),
            ([.GET], "HTTP/1.1 2000 OK\r\n\r\n", "notHTTP"), ([.GET], "HTTP/1.1 abc OK\r\n\r\n", "notHTTP"),
        ] as [([HTTPMethod], String, String)]) func readsAnswers(
            methods: [HTTPMethod], octets: String, expected: String
        )
    {
        Self.expectEverySplit(Array(octets.utf8), takesRequests: false, answersTo: methods, give: expected)
    }

    @Test func octetsThatAreNoUTF8GoThrough() throws {
        let octets = Array("GET /\u{e9} HTTP/1.1\r\nA: \u{ff}\u{e9}x\r\n\r\n".unicodeScalars.map { UInt8($0.value) })
        var reader = HTTPReader(takesRequests: true)
        reader.append(ByteBuffer(bytes: octets))
        let part = try #require(try reader.next())
        var writer = HTTPWriter()
        #expect(writer.octets(of: part).flatMap { Array($0.readableBytesView) } == octets)
        #expect(String(octets: "한글".utf8).readable == "한글")
    }

    @Test func headsAreLimited() throws {
        let line = ByteBuffer(string: "a: " + String(repeating: "b", count: 997) + "\r\n")
        for first in ["GET / HTTP/1.1\r\n", "GET /"] {
            var reader = HTTPReader(takesRequests: true)
            reader.append(ByteBuffer(string: first))
            var fed = 0
            #expect(throws: HTTPReader.Violation.headTooLarge) {
                while fed < 1 << 20 {
                    if try reader.next() != nil { Issue.record("an endless head had an end") }
                    reader.append(line)
                    fed += line.readableBytes
                }
            }
            #expect(fed > HTTPReader.headLimit - 2000 && fed < HTTPReader.headLimit + 2000)
            reader.append(line)
            let part = try reader.next()
            #expect(part == nil)
            #expect(reader.rest.readableBytes == 0)
        }
    }

    @Test func whatCannotBecomeHTTPIsKnownAtOnce() {
        for octets in ["\u{1}", "GET\u{0}", "@", String(repeating: "A", count: 65)] {
            var reader = HTTPReader(takesRequests: true)
            reader.append(ByteBuffer(string: octets))
            #expect(throws: HTTPReader.Violation.notHTTP) { try reader.next() }
        }
        var reader = HTTPReader(takesRequests: false)
        reader.append(ByteBuffer(string: "HTTQ"))
        #expect(throws: HTTPReader.Violation.notHTTP) { try reader.next() }
    }

    @Test func aPausedReaderGoesOnWhereItStopped() throws {
        var reader = HTTPReader(takesRequests: true)
        reader.append(ByteBuffer(string: "GET /1 HTTP/1.1\r\nUpgrade: x\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"))
        var parts = 0
        while try reader.next() != nil { parts += 1 }
        #expect(parts == 2)
        #expect(!reader.isFull)
        reader.append(ByteBuffer(repeating: 0x0A, count: HTTPReader.headLimit))
        #expect(reader.isFull)
        reader.goOn()
        #expect(!reader.isFull)
        guard case .requestHead(let head, _)? = try reader.next() else {
            Issue.record("no second request")
            return
        }
        #expect(head.uri == "/2")
    }
}
