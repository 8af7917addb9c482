import NIOCore
import NIOHTTP1
import Testing

@testable import STOMPTransport

/// Written heads and bodies, and heads that are forwarded.
@Suite struct HTTPWriterTests {
    private static func raw(_ head: [UInt8]) throws -> HTTPRawHead {
        var reader = HTTPReader(head.starts(with: "HTTP/".utf8) ? .responses : .requests)
        reader.append(ByteBuffer(bytes: head))
        switch try #require(try reader.next()) {
        case .request(_, let raw), .response(_, let raw): return raw
        default: throw HTTPReader.Violation.notHTTP
        }
    }

    /// An unchanged head is written as it was received, even if it is invalid.
    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET /\u{e9} HTTP/1.1\r\nA: \u{ff}\u{e9}x\r\n\r\n",
        "GET  /a b HTTP/1.1\nx:1\r\nX:\t 2 \nno colon\r\n\u{1}: 3\r\nx: a\r\n  b\r\n\tc\r\n: \r\nx: \u{0}\r\n\n",
        "HTTP/1.1 200\r\nA:b\r\nA:b\r\na:  b\r\nA:b\r\n\r\n",
    ]) func whatIsUnchangedPassesAsItCame(head: String) throws {
        let raw = try Self.raw(head.latin1Bytes)
        #expect(raw.bytes(with: raw.headers) == ByteBuffer(bytes: head.latin1Bytes))
        #expect(raw.bytes == ByteBuffer(bytes: head.latin1Bytes))
    }

    @Test func onlyWhatIsChangedIsWrittenAnew() throws {
        let raw = try Self.raw(Array("GET / HTTP/1.1\r\nHost:tap\nA:1\r\nwhat\r\nB:\t2\r\n 3\r\nC:3\r\n\r\n".utf8))
        var headers = HTTPHeaders()
        for (name, value) in raw.headers where name != "A" {
            headers.add(name: name, value: name == "Host" ? "server" : value)
        }
        headers.add(name: "Cookie", value: "\u{c3}\u{a9}")
        let expected = "GET / HTTP/1.1\r\nHost: server\r\nwhat\r\nB:\t2\r\n 3\r\nC:3\r\nCookie: é\r\n\r\n"
        #expect(String(buffer: raw.bytes(with: headers)) == expected)
        #expect(String(buffer: raw.bytes(with: [:])) == "GET / HTTP/1.1\r\nwhat\r\n\r\n")
    }

    private static func body(_ writer: inout HTTPWriter, _ parts: String..., trailers: HTTPHeaders? = nil) -> String {
        var bytes = parts.flatMap { writer.bytes(ofBody: ByteBuffer(string: $0)) }
        if let end = writer.bytesOfEnd(trailers) { bytes.append(end) }
        return bytes.map { String(buffer: $0) }.joined()
    }

    @Test func chunksAreWritten() {
        var writer = HTTPWriter()
        #expect(Self.body(&writer, "abc", "", "d") == "abcd")
        writer.makesChunks = true
        #expect(Self.body(&writer, "abc", "", "0123456789") == "3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n")
        #expect(Self.body(&writer, "x") == "x", "the next message has its own framing")
        writer.makesChunks = true
        #expect(Self.body(&writer, trailers: ["t": "1"]) == "0\r\nt: 1\r\n\r\n")
    }

    @Test(
        arguments: [
            (HTTPMethod.GET, [], "GET /a HTTP/1.1\r\n\r\n", false),
            (.GET, [("Transfer-Encoding", "chunked")], "GET /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", true),
            (.POST, [("Content-Length", "3")], "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n", false),
            (
                .POST, [("Transfer-Encoding", "chunked"), ("Content-Length", "3")],
                "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n", false
            ),
            (.POST, [("X", "é")], "POST /a HTTP/1.1\r\nX: é\r\ntransfer-encoding: chunked\r\n\r\n", true),
        ] as [(HTTPMethod, [(String, String)], String, Bool)])
    func requestsHaveTheirFraming(method: HTTPMethod, headers: [(String, String)], bytes: String, makesChunks: Bool) {
        var writer = HTTPWriter()
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: "/a", headers: HTTPHeaders(headers))
        #expect(String(buffer: writer.bytes(of: head)) == bytes)
        #expect(writer.makesChunks == makesChunks)
    }

    @Test(
        arguments: [
            (HTTPVersion.http1_1, .ok, [], "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", true),
            (.http1_0, .ok, [], "HTTP/1.0 200 OK\r\n\r\n", false),
            (.http1_1, .ok, [("Content-Length", "0")], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
            (.http1_1, .noContent, [("Content-Length", "0")], "HTTP/1.1 204 No Content\r\n\r\n", false),
            (.http1_1, .notModified, [], "HTTP/1.1 304 Not Modified\r\n\r\n", false),
            (.http1_1, .custom(code: 101, reasonPhrase: ""), [("A", "b")], "HTTP/1.1 101 \r\nA: b\r\n\r\n", false),
            (.http1_1, .continue, [], "HTTP/1.1 100 Continue\r\n\r\n", false),
        ] as [(HTTPVersion, HTTPResponseStatus, [(String, String)], String, Bool)])
    func answersHaveTheirFraming(
        version: HTTPVersion, status: HTTPResponseStatus, headers: [(String, String)], bytes: String, makesChunks: Bool
    ) {
        var writer = HTTPWriter()
        let head = HTTPResponseHead(version: version, status: status, headers: HTTPHeaders(headers))
        #expect(String(buffer: writer.bytes(of: head)) == bytes)
        #expect(writer.makesChunks == makesChunks)
    }

    @Test func bytesAreKeptAsScalars() {
        #expect(String(latin1: "한글".utf8).decodingUTF8 == "한글")
        #expect(String(latin1: [0x61, 0xFF]).decodingUTF8 == "a\u{FFFD}")
        #expect(String(latin1: Array(0...255)).latin1Bytes == Array(0...255))
        let head = HTTPResponseHead(
            version: .http1_1, status: .custom(code: 200, reasonPhrase: "\u{c3}\u{a9}"), headers: ["A": "\u{c3}\u{a9}"])
        #expect(head.decodingUTF8.status.reasonPhrase == "é" && head.decodingUTF8.headers["A"] == ["é"])
        #expect(head.latin1Bytes == ByteBuffer(string: "HTTP/1.1 200 é\r\nA: é\r\n\r\n"))
    }
}
