import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import STOMPTransport

/// The server side of HTTP: which clients get a WebSocket.
@Suite struct HTTPServerTests {
    private static let endpoint = WebSocketEndpoint(
        path: "/ws", subprotocols: ["v12.stomp", "v11.stomp"], allowedOrigins: ["http://localhost:3000"])
    private static let good: [(String, String)] = [
        ("Host", "h"), ("Connection", "keep-alive, Upgrade"), ("Upgrade", "WebSocket"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", ScriptedServer.key),
    ]

    private func route(
        _ path: String = "/ws", method: HTTPMethod = .GET, version: HTTPVersion = .http1_1,
        without: String? = nil, with headers: [(String, String)] = []
    ) -> HTTPRoute {
        let kept = Self.good.filter { good in good.0 != without && !headers.contains { $0.0 == good.0 } }
        return Self.endpoint.route(
            HTTPRequestHead(version: version, method: method, uri: path, headers: HTTPHeaders(kept + headers)))
    }

    private func status(_ route: HTTPRoute) -> UInt? {
        if case .answer(let answer) = route { answer.status.code } else { nil }
    }

    private func subprotocol(_ route: HTTPRoute) -> String?? {
        if case .webSocket(let agreement, _) = route { .some(agreement.subprotocol) } else { .none }
    }

    @Test func aGoodRequestIsLetIn() {
        #expect(subprotocol(route()) == .some(nil))
        #expect(subprotocol(route("/ws?token=1")) == .some(nil))
        #expect(subprotocol(route(with: [("Origin", "http://localhost:3000")])) == .some(nil))
    }

    @Test func theFirstSubprotocolOfTheOfferIsChosen() {
        let one = route(with: [("Sec-WebSocket-Protocol", "v11.stomp, v12.stomp")])
        #expect(subprotocol(one) == "v11.stomp")
        let several = route(with: [("Sec-WebSocket-Protocol", "x"), ("Sec-WebSocket-Protocol", "v12.stomp")])
        #expect(subprotocol(several) == "v12.stomp")
        #expect(subprotocol(route(with: [("Sec-WebSocket-Protocol", "x")])) == .some(nil))
    }

    @Test func aServerMayChooseByItsOwnOrder() {
        var endpoint = Self.endpoint
        endpoint.choosesByOwnOrder = true
        let headers = HTTPHeaders(Self.good + [("Sec-WebSocket-Protocol", "x, v11.stomp, v12.stomp")])
        let route = endpoint.route(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/ws", headers: headers))
        #expect(subprotocol(route) == "v12.stomp")
    }

    @Test func aBadRequestIsRefused() {
        #expect(status(route("/")) == 404)
        #expect(status(route("/ws/")) == 404)
        #expect(status(route("/ws2?/ws")) == 404)
        #expect(status(route(method: .POST)) == 405)
        #expect(status(route(without: "Upgrade")) == 426)
        #expect(status(route(with: [("Upgrade", "h2c")])) == 426)
        #expect(status(route(without: "Connection")) == 400)
        #expect(status(route(version: .http1_0)) == 400)
        #expect(status(route(without: "Sec-WebSocket-Version")) == 426)
        #expect(status(route(with: [("Sec-WebSocket-Version", "8")])) == 426)
        #expect(status(route(without: "Sec-WebSocket-Key")) == 400)
        #expect(status(route(with: [("Sec-WebSocket-Key", "short")])) == 400)
    }

    @Test func withoutAListEveryHostAndOriginIsLetIn() {
        let endpoint = WebSocketEndpoint(path: "/ws")
        let headers = HTTPHeaders([("Host", "any"), ("Origin", "http://any")])
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/ws", headers: headers)
        #expect(endpoint.admissionRefusal(of: head) == nil)
    }

    // MARK: - Over a socket

    private struct Server {
        let inbox = Inbox()
        let refusals = NIOLockedValueBox<[AdmissionRefusal]>([])
        let listener: TransportListener

        init(_ endpoint: WebSocketEndpoint = HTTPServerTests.endpoint) async throws {
            let refusals = refusals
            listener = try await TransportListener.webSocket(
                host: "127.0.0.1", port: 0, on: group, endpoint: endpoint, options: TransportOptions(),
                whenRefused: { refusal in refusals.withLockedValue { $0.append(refusal) } }, accept: inbox.factory)
        }

        /// Everything that the server answers to these bytes before it closes the connection.
        func answer(to bytes: [UInt8], split: Bool = false) async throws -> String {
            let client = Inbox()
            let stream = try await TransportConnector().connect(
                to: .tcp(listener.port), on: group.next(), deadline: .farEnough, receiver: client.factory)
            try await stream.perform {
                for piece in split ? bytes.map({ [$0] }) : [bytes] {
                    $0.write(ByteBuffer(bytes: piece), promise: nil)
                    $0.flush()
                }
            }
            _ = try await client.end()
            return client.contents.text
        }
    }

    private static let request =
        "GET /ws HTTP/1.1\r\n" + good.map { "\($0): \($1)\r\n" }.joined() + "Sec-WebSocket-Protocol: v12.stomp\r\n\r\n"

    @Test(arguments: [false, true])
    func framesThatComeWithTheRequestAreNotLost(isSplit: Bool) async throws {
        let server = try await Server()
        // A masked text message "hi", and a close frame.
        let frames: [UInt8] = [0x81, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2, 0x88, 0x80, 0, 0, 0, 0]
        let answer = try await server.answer(to: Array(Self.request.utf8) + frames, split: isSplit)
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        let lines = answer.lowercased().split(separator: "\r\n").map(String.init)
        #expect(lines.contains("sec-websocket-accept: \(ScriptedServer.accept.lowercased())"))
        #expect(lines.contains("sec-websocket-protocol: v12.stomp"))
        #expect(lines.contains("upgrade: websocket") && lines.contains("connection: upgrade"))
        #expect(answer.hasSuffix("\u{0}"), "the empty close frame is echoed: 0x88 0x00")
        #expect(try await server.inbox.end() == nil)
        #expect(server.inbox.contents.texts == ["hi"])
        await server.listener.close()
    }

    @Test func theStatusMayGoWithoutWords() async throws {
        var endpoint = Self.endpoint
        endpoint.omitsReason = true
        let server = try await Server(endpoint)
        let close: [UInt8] = [0x88, 0x80, 0, 0, 0, 0]
        let answer = try await server.answer(to: Array(Self.request.utf8) + close)
        #expect(answer.hasPrefix("HTTP/1.1 101 \r\n"))
        #expect(!answer.lowercased().contains("transfer-encoding"))
        await server.listener.close()
    }

    @Test func aRefusalIsAWholeAnswer() async throws {
        let server = try await Server()
        let answer = try await server.answer(to: Array("GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nThere is nothing here; the WebSocket is at /ws\n"))
        #expect(server.inbox.contents.stream == nil)
        await server.listener.close()
    }

    @Test(arguments: [
        "CONNECT\naccept-version:1.2\n\n\0", "GET /ws HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\0",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ])
    func whatIsNoRequestIsRefused(bytes: String) async throws {
        let server = try await Server()
        #expect(try await server.answer(to: Array(bytes.utf8)).hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        await server.listener.close()
    }

    @Test func aRequestWithABodyOrAnotherAfterItIsAnsweredOnce() async throws {
        let server = try await Server()
        let request = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
        let answer = try await server.answer(to: Array((request + request + Self.request).utf8))
        #expect(answer.components(of: "HTTP/1.1").count == 1)
        #expect(answer.hasPrefix("HTTP/1.1 404"))
        #expect(server.inbox.contents.stream == nil)
        await server.listener.close()
    }

    @Test func anUpgradeWithABodyIsJudgedLikeAnyOther() async throws {
        let server = try await Server()
        let request =
            "GET /nowhere HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 4\r\n\r\nbody"
        #expect(try await server.answer(to: Array(request.utf8)).hasPrefix("HTTP/1.1 404"))
        await server.listener.close()
    }

    @Test func anEndlessHeadIsRefused() async throws {
        let server = try await Server()
        let request = "GET /ws HTTP/1.1\r\nX: " + String(repeating: "x", count: 200_000)
        #expect(try await server.answer(to: Array(request.utf8)).hasPrefix("HTTP/1.1 400"))
        await server.listener.close()
    }

    @Test func aClientThatAsksForNothingIsNotWaitedFor() throws {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try HTTPServerHandler.add(to: channel, options: TransportOptions(), router: Self.endpoint.route) { _, _ in }
        try channel.writeInbound(ByteBuffer(string: "GET /ws HTTP/1.1\r\n"))
        channel.embeddedEventLoop.advanceTime(by: HTTPServerHandler.timeout - .milliseconds(1))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
    }

    @Test func aRefusalReachesTheClientAsText() async throws {
        let server = try await Server()
        let error = await transportError {
            _ = try await TransportConnector().connect(
                to: .webSocket(server.listener.port, "/other"), on: group.next(), deadline: .farEnough,
                receiver: Inbox().factory)
        }
        #expect(error?.response?.status == 404)
        var options = TransportOptions()
        options.origin = "http://elsewhere"
        let forbidden = await transportError { [options] in
            _ = try await TransportConnector(options: options).connect(
                to: .webSocket(server.listener.port), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
        #expect(forbidden?.kind == .refused)
        #expect(forbidden?.response?.body == "This origin is not allowed here\n")
        #expect(server.refusals.withLockedValue { $0 } == [.foreignOrigin("http://elsewhere")])
        await server.listener.close()
    }
}

extension String {
    fileprivate func components(of separator: String) -> [Substring] { split(separator: separator) }
}
