import NIOCore
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPTap

/// HTTP passes through a tap unchanged.
@Suite(.timeLimit(.minutes(1))) struct HTTPPassageTests {
    /// A request and its answer. `HOST` is the tap's name in what the app sends, and the server's in what it receives.
    struct Sample: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let request: String
        let answer: String
        /// Whether the server closes the connection after its answer.
        var closes = false

        init(_ name: String, _ request: String, _ answer: String, closes: Bool = false) {
            (testDescription, self.request, self.answer, self.closes) = (name, request, answer, closes)
        }
    }

    private static let noContent = "HTTP/1.1 204 No Content\r\n\r\n"

    private static let samples = [
        Sample(
            "GET, lengths, repeated headers, their case and order",
            "GET /a/b?c=d&e=%20 HTTP/1.1\r\nX-b: 1\r\nHost: HOST\r\nACCEPT: */*\r\nx-B: 2\r\nX-B: \r\n\r\n",
            "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nserver: x\r\nSet-Cookie: b\r\nContent-Length: 5\r\n\r\nhello"),
        Sample(
            "no reason phrase, as Tomcat",
            "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
        Sample(
            "a reason phrase of the server's own",
            "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n", "HTTP/1.1 200 Sch\u{f6}n, this is\r\nContent-Length: 0\r\n\r\n"),
        Sample(
            "POST with a length", "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nxyz"),
        Sample(
            "PUT in chunks with trailers, answered so",
            "PUT / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\nt: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n"),
        Sample(
            "HEAD, whose answer has a length",
            "HEAD / HTTP/1.1\r\nHost: HOST\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        Sample(
            "HEAD, whose answer would have chunks",
            "HEAD / HTTP/1.1\r\nHost: HOST\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Sample("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", noContent),
        Sample("DELETE with a body", "DELETE /x HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\n\r\n-", noContent),
        Sample("a method that nobody knows", "BREW /pot HTTP/1.1\r\nHost: HOST\r\n\r\n", noContent),
        Sample(
            "304 with the length of what it does not send", "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: \"x\"\r\n\r\n"),
        Sample(
            "100 and 103 before the answer",
            "POST / HTTP/1.1\r\nHost: HOST\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Late\r\nContent-Length: 1\r\n\r\ny"
        ),
        Sample(
            "a body that ends with the connection", "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nuntil the end", closes: true),
        Sample("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello", closes: true),
        Sample(
            "header octets that are no UTF-8", "GET / HTTP/1.1\r\nHost: HOST\r\nX: \u{e9}\u{ff}\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=\"\u{fc}.txt\"\r\nContent-Length: 0\r\n\r\n"),
        Sample(
            "requests in a pipeline",
            "GET /1 HTTP/1.1\r\nHost: HOST\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: HOST\r\n\r\nGET /3 HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "HTTP/1.1 200 One\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 Two\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n3"
        ),
        Sample(
            "heads that are wrong, and chunks as they were cut",
            "POST / HTTP/1.1\nX : 1\r\nno colon\r\nHost: HOST\r\na:b\r\n  c\r\nZ:\t\u{0} \r\ntransfer-Encoding:chunked\r\n\r\n"
                + "1;x=y\r\na\r\n 2 \nbc\r\n00\r\nt\r\n\r\n",
            "HTTP/1.1 200 \u{1}\nA:b\r\n c\r\nno colon\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n"
                + "1;x\r\na\n3\r\nbcd\r\n0\nt: 1\r\n\n"),
        Sample(
            "blank lines between requests, and a length given twice",
            "\r\nPOST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na\r\n\nGET / HTTP/1.1\r\n\r\n",
            noContent + noContent),
        Sample(
            "authorization and cookies",
            "GET / HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer x\r\nCookie: a=b\r\nOrigin: http://elsewhere\r\n\r\n",
            noContent
        ),
    ]

    private static func latin(_ text: String) -> ByteBuffer { ByteBuffer(bytes: text.latin1Bytes) }

    @Test(arguments: samples) func everyRequestGoesThrough(sample: Sample) async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send(Self.latin(sample.request.replacing("HOST", with: between.tapName)))
            let server = try await between.server.wire()
            let expected = Self.latin(sample.request.replacing("HOST", with: between.serverName))
            try await server.wait("request like \(expected)") { $0.count >= expected.readableBytes }
            #expect(server.received == expected)
            let answer = Self.latin(sample.answer)
            server.send(answer)
            if sample.closes { server.finish() }
            try await app.wait("answer like \(answer)") { $0.count >= answer.readableBytes }
            #expect(app.received == answer)
            #expect(between.notes == [])
            if sample.closes { return try await app.waitForEnd() }
            // The connection stays open.
            app.send("GET /next HTTP/1.1\r\nHost: \(between.tapName)\r\n\r\n")
            try await server.wait(until: "GET /next HTTP/1.1\r\nHost: \(between.serverName)\r\n\r\n")
            server.send(Self.noContent)
            let size = answer.readableBytes + Self.noContent.utf8.count
            try await app.wait("second answer") { $0.count >= size && $0.text.hasSuffix(Self.noContent) }
            #expect(app.count == size)
            #expect(between.server.all.count == 1)
        }
    }

    @Test func whatComesByteByByteGoesThrough() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            try await app.trickle(head + "4\r\nabcd\r\n0\r\nt: 1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n0\r\nt: 1\r\n\r\n")
            #expect(server.text.hasPrefix(head))
            let answer = "HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 Yes\r\nContent-Length: 4\r\n\r\nabcd"
            try await server.trickle(answer)
            try await app.wait(until: "abcd")
            #expect(app.text == answer)
        }
    }

    /// Either side may be slow: the data in transit is bounded, and none of it is lost.
    @Test(arguments: [WireEvent.Direction.outgoing, .incoming], [true, false])
    func aLargeBodyGoesThroughInBoundedMemory(direction: WireEvent.Direction, isChunked: Bool) async throws {
        try await Between.run { between in
            let piece = ByteBuffer(bytes: (0..<(1 << 16)).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let count = 800
            let size = count * piece.readableBytes
            var chunk = ByteBuffer(string: "10000\r\n")
            chunk.writeImmutableBuffer(piece)
            chunk.writeString("\r\n")
            let framing = isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: \(size)\r\n\r\n"
            let app = try await between.connect()
            app.send("POST / HTTP/1.1\r\n" + (direction == .outgoing ? framing : "Content-Length: 0\r\n\r\n"))
            let server = try await between.server.wire()
            try await server.wait(for: "\r\n\r\n")
            if direction == .incoming { server.send("HTTP/1.1 200 OK\r\n" + framing) }
            let (sender, receiver) = direction == .outgoing ? (app, server) : (server, app)
            try await receiver.wait(for: framing)
            receiver.onlyCount()
            let before = receiver.count
            try await receiver.setReading(false)
            let sent = sender.flood(isChunked ? chunk : piece, times: count)
            let stop = try await standstill(beyond: 16) { sent.withLockedValue { $0 } }
            #expect(stop * piece.readableBytes < 24 << 20, "of \(size) octets, what systems and tap hold")
            try await receiver.setReading(true)
            try await receiver.wait("whole of the body") { $0.count - before >= size }
        }
    }

    @Test func aRefusedUpgradeIsFollowedByOtherRequests() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            for (number, (code, reason)) in [(401, "Unauthorized"), (403, ""), (404, "Not here")].enumerated() {
                let status = "\(code) \(reason)"
                let upgrade = Between.upgrade(host: between.tapName)
                // The next request does not wait for the answer.
                let next = "GET /next HTTP/1.1\r\nX: \(number)\r\n\r\n"
                app.send(upgrade + next)
                let server = try await between.server.wire()
                try await server.wait(until: Between.upgrade(host: between.serverName))
                server.send("HTTP/1.1 \(status)\r\nContent-Length: 2\r\n\r\nno")
                try await app.wait(until: "HTTP/1.1 \(status)\r\nContent-Length: 2\r\n\r\nno")
                try await server.wait(until: next)
                server.send("HTTP/1.1 200 \(number)\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
                try await app.wait(
                    until: "HTTP/1.1 200 \(number)\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
                try await between.wait("refusal") { $0.notes.count == number + 1 }
                let refused = FailedRequest(
                    path: "/ws", origin: nil, status: code, reason: reason, body: ByteBuffer(string: "no"))
                #expect(between.notes.last == .requestFailed(refused))
            }
            #expect(between.server.all.count == 1)
        }
    }

    @Test func http2IsNotOffered() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            // As Java's HTTP client does with each first request.
            app.send(
                "GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings, keep-alive\r\nContent-Length: 0\r\n"
                    + "Host: \(between.tapName)\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
                    + "Upgrade: h2c\r\nUser-Agent: Java-http-client/17\r\n\r\n")
            let server = try await between.server.wire()
            let rest = "Content-Length: 0\r\nHost: \(between.serverName)\r\nUser-Agent: Java-http-client/17\r\n\r\n"
            try await server.wait(until: rest)
            #expect(server.text == "GET / HTTP/1.1\r\nConnection: keep-alive\r\n" + rest)
            server.send(Self.noContent)
            try await app.wait(until: Self.noContent)
            app.send("GET /2 HTTP/1.1\r\n\r\n")
            try await server.wait(until: "GET /2 HTTP/1.1\r\n\r\n")
            #expect(between.notes == [])
        }
    }

    @Test func headsAreReported() async throws {
        try await Between.run(reportsLayers: true) { between in
            let app = try await between.connect()
            app.send("BREW /\u{ea}\u{b0}\u{80}?x HTTP/1.1\r\nUpgrade: h2c\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            server.send("HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n")
            try await app.wait(until: "\r\n\r\n")
            try await between.wait("answer") { $0.layers.count == 3 }
            #expect(
                between.layers == [
                    "http request method BREW target /\u{ea}\u{b0}\\u{80}?x", "http offer withheld of h2c",
                    "http answer status 418 reason I'm a teapot",
                ])
            #expect(Set(between.all.map(\.connection)) == [1])
        }
    }

    @Test func aTunnelGoesThrough() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("CONNECT a:1 HTTP/1.1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            server.send("HTTP/1.1 200 Yes\r\n\r\n\u{1}\u{2}")
            try await app.wait(until: "HTTP/1.1 200 Yes\r\n\r\n\u{1}\u{2}")
            app.send("\u{3}\u{4}")
            try await server.wait(until: "\u{3}\u{4}")
            try await between.wait("note") { $0.notes.count == 1 }
        }
    }
}
