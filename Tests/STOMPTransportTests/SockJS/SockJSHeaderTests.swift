import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// The headers in all requests of a session.
@Suite(.timeLimit(.minutes(2))) struct SockJSHeaderTests {
    private static let cookies = "Set-Cookie: JSESSIONID=abc.1; Path=/ws; HttpOnly\r\nSet-Cookie: theme=dark\r\n"
    private static let more = "Set-Cookie: JSESSIONID=def.2\r\nSet-Cookie: theme=; Max-Age=0\r\n"

    /// A server that sets cookies in its answer to `/info`, and others in the answer to the second poll.
    private static let script: ScriptedHTTP.Script = { request in
        switch request.path {
        case "/ws/info": .json(#"{"websocket":true,"cookie_needed":true}"#, headers: cookies)
        case "/ws/S/xhr_streaming": .streaming("hhh\no\n")
        case "/ws/S/eventsource": .streaming("\r\ndata: o\r\n\r\n")
        case "/ws/S/xhr" where request.index == 0: .answer("200 OK", "o\n")
        case "/ws/S/xhr" where request.index == 1: .answer("200 OK", "h\n", headers: more)
        case "/ws/S/xhr": .silence
        case "/ws/S/xhr_send": .answer("204 No Content")
        default: .notFound
        }
    }

    private static var options: TransportOptions {
        var options = TransportOptions()
        options.httpHeaders = [
            ("Authorization", "Bearer t"), ("User-Agent", "mine"), ("X-Twice", "1"), ("X-Twice", "2"),
        ]
        options.origin = "http://localhost:3000"
        options.cookie = "own=1; theme=light"
        return options
    }

    @Test(arguments: SockJSTransport.all)
    func everyRequestHasThemAll(transport: SockJSTransport) async throws {
        try await ScriptedHTTP.run(script: Self.script) { server in
            let sends = transport != .websocket
            do {
                let stream = try await openSockJS(server.port, transport, base: "/ws?token=1", options: Self.options)
                for text in ["one", "two"] {
                    let sent = stream.eventLoop.makePromise(of: Void.self)
                    try await stream.perform {
                        $0.write(ByteBuffer(string: text), promise: sent)
                        $0.flush()
                    }
                    try await sent.futureResult.get()
                }
                let polls = transport == .xhrPolling ? 3 : 1
                _ = try await eventually {
                    server.requests.count >= 3 + polls ? true : nil
                } otherwise: {
                    "only \(server.lines) came"
                }
                try await stream.perform { $0.abort() }
            } catch let error as TransportError {
                // The script has no WebSocket endpoint, but the request is still recorded.
                #expect(!sends && error.response?.status == 404)
            }
            #expect(server.requests.count { $0.path == "/ws/S/xhr_send" } == (sends ? 2 : 0))
            #expect(server.requests.contains { $0.path.hasSuffix("/" + transport.pathComponent) })
            for (number, request) in server.requests.enumerated() {
                #expect(request.target.hasSuffix("?token=1"), "\(request)")
                #expect(request.headers["host"] == "127.0.0.1:\(server.port)", "\(request)")
                #expect(request.headers["authorization"] == "Bearer t", "\(request)")
                #expect(request.headers["user-agent"] == "mine", "\(request)")
                #expect(request.headers["x-twice"] == "1, 2", "\(request)")
                #expect(request.headers["origin"] == "http://localhost:3000", "\(request)")
                let cookie = request.headers["cookie"]
                switch (number, transport) {
                case (0, _): #expect(cookie == "own=1; theme=light")
                case (_, .xhrPolling):
                    // A request may already have been under way when the second poll was answered.
                    #expect(
                        cookie == "own=1; theme=dark; JSESSIONID=abc.1" || cookie == "own=1; JSESSIONID=def.2",
                        "\(request)")
                default: #expect(cookie == "own=1; theme=dark; JSESSIONID=abc.1", "\(request)")
                }
            }
            if transport == .xhrPolling {
                let polls = server.requests.filter { $0.path == "/ws/S/xhr" }
                try #require(polls.count >= 3)
                #expect(
                    polls.map { $0.headers["cookie"] }.prefix(2) == [
                        "own=1; theme=dark; JSESSIONID=abc.1", "own=1; theme=dark; JSESSIONID=abc.1",
                    ])
                #expect(polls[2].headers["cookie"] == "own=1; JSESSIONID=def.2")
            }
        }
    }

    /// `auto` sends the cookies from `/info` with each transport it tries.
    @Test func whatIsTriedNextHasThemToo() async throws {
        try await ScriptedHTTP.run(script: { request in
            switch request.path {
            case "/ws/info", "/ws/S/xhr": Self.script(request)
            default: .notFound
            }
        }) { server in
            let stream = try await openSockJS(server.port, options: Self.options)
            try await stream.perform { $0.abort() }
            #expect(server.requests.count >= 5)
            // Once the session is open, later polls receive other cookies.
            let opening = try #require(server.requests.firstIndex { $0.path == "/ws/S/xhr" })
            for request in server.requests[1...opening] {
                #expect(request.headers["cookie"] == "own=1; theme=dark; JSESSIONID=abc.1", "\(request)")
                #expect(request.headers["authorization"] == "Bearer t", "\(request)")
            }
        }
    }

    /// A plain WebSocket at an `http` URL, and the probe whether a WebSocket URL is a SockJS endpoint.
    @Test func otherRequestsHaveThemToo() async throws {
        try await ScriptedHTTP.run(script: { _ in .answer("404 Not Found", headers: Self.cookies) }) { server in
            for target in [TransportTarget.sockJS(server.port), .webSocket(server.port)] {
                let error = await transportError {
                    _ = try await TransportConnector(options: Self.options).connect(
                        to: target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
                }
                #expect(error?.response?.status == 404)
            }
            #expect(server.lines == ["GET /ws/info", "GET /ws", "GET /ws", "GET /ws/info"])
            #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer t" })
            #expect(server.requests.allSatisfy { $0.headers["origin"] == "http://localhost:3000" })
            #expect(
                server.requests.map { $0.headers["cookie"] } == [
                    "own=1; theme=light", "own=1; theme=dark; JSESSIONID=abc.1", "own=1; theme=light",
                    "own=1; theme=light",
                ])
        }
    }

    /// The client returns the cookie of this package's own server.
    @Test(arguments: SockJSTransport.all)
    func theCookieOfTheOwnServerIsKept(transport: SockJSTransport) async throws {
        var sockJS = SockJSServerOptions()
        sockJS.setsCookie = true
        let server = try await EchoListener(sockJS: sockJS)
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        for text in ["a", "b"] {
            try await stream.send(text)
            try await inbox.wait { $0.text.hasSuffix(text) }
        }
        try await stream.perform { $0.abort() }
        _ = try await inbox.end()
        let heads = server.trace.lines.filter { $0.hasPrefix("http incoming ") }
        // The first answer of the session sets the cookie; a WebSocket sends only one request.
        let later = heads.drop { !$0.contains("JSESSIONID=dummy") }
        #expect(later.count == heads.count - 2, "\(heads)")
        await server.stop()
    }
}
