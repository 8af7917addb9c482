import NIOHTTP1
import STOMPTransport
import Testing

@testable import STOMPTransport

/// The upgrade request, without a connection.
@Suite struct WebSocketRequestTests {
    private func headers(
        of target: TransportTarget, _ configure: (inout TransportOptions) -> Void = { _ in }
    ) throws -> HTTPHeaders {
        var options = TransportOptions()
        configure(&options)
        return try request(target, options).head.headers
    }

    private func request(
        _ target: TransportTarget, _ options: TransportOptions = TransportOptions()
    ) throws -> WebSocketRequest {
        guard case .webSocket(let path) = target.kind else { preconditionFailure("a WebSocket target") }
        return try WebSocketRequest(target, requestTarget: path, options: options)
    }

    @Test(arguments: [
        (TransportTarget.webSocket(8080, host: "localhost"), "localhost:8080", "ws://localhost:8080/ws"),
        (.webSocket(80, host: "localhost"), "localhost", "ws://localhost/ws"),
        (.webSocket(443, host: "localhost"), "localhost:443", "ws://localhost:443/ws"),
        (.webSocket(15674, host: "::1"), "[::1]:15674", "ws://[::1]:15674/ws"),
        (.webSocket(80, host: "fe80::1%eth0"), "[fe80::1]", "ws://[fe80::1]/ws"),
    ])
    func theHostIsWrittenAsURLsHaveIt(target: TransportTarget, host: String, url: String) throws {
        let request = try request(target)
        #expect(request.head.headers["Host"] == [host])
        #expect(request.url == url)
    }

    @Test func theDefaultPortOfTLSIsLeftOut() throws {
        let target = TransportTarget(kind: .webSocket(requestTarget: "/"), host: "h", port: 443, isSecure: true)
        #expect(try request(target).head.headers["Host"] == ["h"])
        #expect(try request(target).ownOrigin == "https://h")
    }

    @Test func theRequestIsWhole() throws {
        let request = try request(.webSocket(1, "/ws?token=secret"))
        #expect(request.head.method == .GET)
        #expect(request.head.uri == "/ws?token=secret")
        #expect(!request.url.contains("secret"))
        let headers = request.head.headers
        #expect(headers["Upgrade"] == ["websocket"])
        #expect(headers["Connection"] == ["Upgrade"])
        #expect(headers["Sec-WebSocket-Version"] == ["13"])
        #expect(headers["Sec-WebSocket-Key"].first?.utf8.count == 24)
        #expect(headers["Sec-WebSocket-Protocol"].isEmpty)
        #expect(headers["Origin"].isEmpty && headers["Cookie"].isEmpty)
        let other = try self.request(.webSocket(1)).head.headers
        #expect(other["Sec-WebSocket-Key"] != headers["Sec-WebSocket-Key"])
    }

    @Test func optionsBecomeHeaders() throws {
        let headers = try headers(of: .webSocket(1)) {
            $0.subprotocols = ["v12.stomp", "v11.stomp"]
            $0.origin = "http://localhost:3000"
            $0.cookie = "JSESSIONID=1"
            $0.httpHeaders = [("Authorization", "Bearer x"), ("X-Twice", "1"), ("X-Twice", "2")]
        }
        #expect(headers["Sec-WebSocket-Protocol"] == ["v12.stomp, v11.stomp"])
        #expect(headers["Origin"] == ["http://localhost:3000"])
        #expect(headers["Cookie"] == ["JSESSIONID=1"])
        #expect(headers["Authorization"] == ["Bearer x"])
        #expect(headers["X-Twice"] == ["1", "2"])
    }

    @Test func headersReplaceThoseOfTheSameName() throws {
        let headers = try headers(of: .webSocket(1)) {
            $0.origin = "http://a"
            $0.httpHeaders = [("origin", "http://b"), ("host", "virtual.example"), ("sec-websocket-key", "mine")]
        }
        #expect(headers["Origin"] == ["http://b"])
        #expect(headers["Host"] == ["virtual.example"])
        #expect(headers["Sec-WebSocket-Key"] == ["mine"])
    }

    @Test(arguments: [
        ("bad name", "x"), ("", "x"), ("na:me", "x"), ("name", "a\r\nInjected: yes"), ("name", "\0"), ("\u{C774}", "x"),
    ])
    func whatIsNoHeaderIsRefused(name: String, value: String) async throws {
        var options = TransportOptions()
        options.httpHeaders = [(name, value)]
        let error = await connectionError(options: options)
        #expect(error?.kind == .badConfiguration)
        #expect(error?.layer == .http)
    }

    @Test func otherOptionsAreCheckedToo() async throws {
        for change in [
            { $0.origin = "http://a\r\n" }, { $0.cookie = "a\nb" }, { $0.subprotocols = ["v12 stomp"] },
            { $0.subprotocols = [""] },
        ] as [(inout TransportOptions) -> Void] {
            var options = TransportOptions()
            change(&options)
            #expect(await connectionError(options: options)?.kind == .badConfiguration)
        }
    }

    @Test(arguments: ["/a b", "/a\r\nb", "/\u{CC44}\u{D305}", "/\u{7F}"])
    func whatIsNoPathIsRefused(path: String) async throws {
        #expect(await connectionError(path: path)?.kind == .badConfiguration)
    }

    /// The client never connects to port 1, because it checks the configuration first.
    private func connectionError(path: String = "/", options: TransportOptions = TransportOptions()) async
        -> TransportError?
    {
        await transportError {
            _ = try await TransportConnector(options: options).connect(
                to: .webSocket(1, path), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
    }
}
