import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import STOMPTransport

/// A server's requests and answers in sequence on one connection.
@Suite struct HTTPServerHandlerTests {
    /// A server on a channel without a socket; `respond` provides the answers.
    private final class Server {
        let channel = EmbeddedChannel()
        let trace = Trace(.layers)
        /// The exchanges that wait for an answer.
        var exchanges: [HTTPServerExchange] = []
        var requests: [String] = []

        /// - Parameter answersAtOnce: whether each request is answered at once with its own body.
        init(answersAtOnce: Bool = true, limit: Int = 100) throws {
            var options = TransportOptions()
            options.trace = trace.wire
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            let server = NIOLoopBound(self, eventLoop: channel.eventLoop)
            let router: HTTPRouter = { head in
                head.uri == "/none"
                    ? HTTPAnswer.refusal(.notFound, "none")
                    : .exchange(limit: limit) { server.value.take($0, answersAtOnce) }
            }
            try HTTPServerHandler.add(to: channel, options: options, router: router) { _, _ in }
        }

        private func take(_ exchange: HTTPServerExchange, _ answersAtOnce: Bool) {
            requests.append(
                "\(exchange.request.method.rawValue) \(exchange.request.uri) \(String(buffer: exchange.body))")
            if answersAtOnce {
                exchange.answer(.ok, HTTPHeaders(), String(buffer: exchange.body))
            } else {
                exchanges.append(exchange)
            }
        }

        func receive(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

        /// What was written since the last call.
        func written() throws -> String {
            var text = ""
            while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
            return text
        }

        var isReading: Bool {
            channel.options.contains { $0.option is ChannelOptions.Types.AutoReadOption && $0.value as? Bool == true }
        }
    }

    private static func answer(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nKeep-Alive: timeout=10\r\n\r\n\(body)"
    }

    @Test func requestsInAPipelineAreAnsweredInTheirOrder() throws {
        let server = try Server()
        let first = "POST /1 HTTP/1.1\r\nContent-Length: 1\r\n\r\na"
        let second =
            "\r\nPOST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nb\r\n02\r\ncd\r\n0\r\nt: 1\r\n\r\n"
        try server.receive(first + second + first)
        #expect(server.requests == ["POST /1 a", "POST /2 bcd", "POST /1 a"])
        #expect(try server.written() == Self.answer("a") + Self.answer("bcd") + Self.answer("a"))
        #expect(server.channel.isActive)
    }

    /// Thousands of requests in one read do not grow the stack.
    @Test func aLongPipelineIsAnswered() throws {
        let server = try Server()
        try server.receive(String(repeating: "GET / HTTP/1.1\r\n\r\n", count: 20_000))
        #expect(server.requests.count == 20_000)
    }

    @Test func whatComesDuringAnExchangeWaits() throws {
        let server = try Server(answersAtOnce: false)
        try server.receive("GET /1 HTTP/1.1\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n\r\n")
        #expect(server.isReading, "a blank line is no request")
        try server.receive("GET /2 HTTP")
        #expect(!server.isReading)
        #expect(server.requests == ["GET /1 "])
        server.exchanges[0].answer(.ok, HTTPHeaders(), "1")
        #expect(server.isReading)
        try server.receive("/1.1\r\n\r\n")
        #expect(server.requests == ["GET /1 ", "GET /2 "])
        server.exchanges[1].answer(.ok, HTTPHeaders(), "2")
        #expect(try server.written() == Self.answer("1") + Self.answer("2"))
    }

    @Test func anAnswerMayComeBitByBit() throws {
        for (version, framing) in [("1.1", "transfer-encoding: chunked\r\n"), ("1.0", "")] {
            let server = try Server(answersAtOnce: false)
            try server.receive("GET / HTTP/\(version)\r\nConnection: keep-alive\r\n\r\n")
            let exchange = server.exchanges[0]
            exchange.writeHead(.ok, ["A": "b"])
            let promise = server.channel.eventLoop.makePromise(of: Void.self)
            exchange.write(ByteBuffer(string: "abc"), promise: promise)
            try promise.futureResult.wait()
            exchange.write(ByteBuffer(), promise: nil)
            exchange.end()
            let head = "HTTP/\(version) 200 OK\r\nA: b\r\nKeep-Alive: timeout=10\r\n\(framing)\r\n"
            #expect(try server.written() == head + (framing.isEmpty ? "abc" : "3\r\nabc\r\n0\r\n\r\n"))
        }
    }

    @Test func theConnectionEndsWhereTheClientSaysSo() throws {
        let server = try Server()
        try server.receive("GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
        #expect(server.requests == ["GET / "])
        #expect(try server.written() == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }

    @Test func aClientThatExpectsContinueGetsIt() throws {
        let server = try Server()
        try server.receive("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        #expect(try server.written() == "HTTP/1.1 100 Continue\r\n\r\n")
        try server.receive("a")
        #expect(try server.written() == Self.answer("a"))
        #expect(
            server.trace.lines.map { String($0.prefix { !$0.isNewline }) } == [
                "http incoming POST / HTTP/1.1 POST / HTTP/1.1",
                "http outgoing HTTP/1.1 100 Continue HTTP/1.1 100 Continue",
                "http outgoing HTTP/1.1 200 OK HTTP/1.1 200 OK",
            ])
    }

    @Test(arguments: ["Content-Length: 101\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n65\r\n"])
    func aLargeBodyIsRefused(framing: String) throws {
        let server = try Server()
        try server.receive("POST / HTTP/1.1\r\n" + framing + String(repeating: "x", count: 101))
        #expect(try server.written().hasPrefix("HTTP/1.1 413 Payload Too Large\r\n"))
        #expect(server.requests == [])
    }

    // MARK: - Rejected requests

    private static let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(arguments: [
        "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost\r\n\r\n", "GET / HTTP/1.1\r\n: a\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \u{1}\r\n\r\n", "GET / HTTP/1.1\r\nA: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n",
        "GET /\u{1} HTTP/1.1\r\n\r\n", "GET /\rx HTTP/1.1\r\n\r\n", "GET /\u{7F} HTTP/1.1\r\n\r\n",
        "GET /\u{80} HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "GET a HTTP/1.1\r\n\r\n",
        "BREW / HTTP/1.1\r\n\r\n", "get / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
        "GET /\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        chunked + "1\na\r\n0\r\n\r\n", chunked + "1 \r\na\r\n0\r\n\r\n", chunked + "1;\u{1}\r\na\r\n0\r\n\r\n",
        chunked + "1\r\nab", chunked + "FFFFFFFFFFFFFFFFF\r\n", chunked + "-1\r\n",
        chunked + "0\r\nt : 1\r\n\r\n", chunked + "1;" + String(repeating: "x", count: 5000),
        chunked + "0\r\nt: " + String(repeating: "x", count: 70_000),
        "GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 70_000),
    ]) func whatIsWrongIsRefused(request: String) throws {
        let server = try Server()
        // Later requests are not read.
        try server.receive(request + "GET / HTTP/1.1\r\n\r\n")
        try server.receive("GET / HTTP/1.1\r\n\r\n")
        #expect(server.requests == [])
        let body = "This is no HTTP request\n"
        #expect(
            try server.written()
                == "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        )
    }

    @Test(arguments: ["GET / HT", "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na"])
    func halfARequestIsRefusedAtTheEnd(half: String) throws {
        let server = try Server()
        try server.receive(half)
        #expect(try server.written() == "")
        server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try server.written().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\n\r\n"]) func nothingIsSentAtTheEnd(whole: String) throws {
        let server = try Server()
        try server.receive(whole)
        _ = try server.written()
        server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try server.written() == "")
    }
}
