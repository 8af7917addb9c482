import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// Detecting SockJS at an `http` URL, and choosing the transport.
@Suite(.timeLimit(.minutes(2))) struct SockJSOpeningTests {
    /// The error of a client whose server answers by `script`.
    private func outcome(
        _ transport: SockJSTransport = .auto, within limit: TimeAmount = .seconds(20),
        options: TransportOptions = TransportOptions(), script: @escaping ScriptedHTTP.Script
    ) async throws -> (error: TransportError?, server: ScriptedHTTP) {
        let server = try await ScriptedHTTP(script)
        let error = await transportError {
            let stream = try await openSockJS(server.port, transport, options: options, within: limit)
            try await stream.perform { $0.abort() }
        }
        try await server.waitForEnd()
        await server.stop()
        return (error?.withoutPort(server.port), server)
    }

    private func refusal(
        _ info: ScriptedHTTP.Reply, of transport: SockJSTransport = .auto, within limit: TimeAmount = .seconds(20)
    ) async throws -> TransportError? {
        try await outcome(transport, within: limit) { $0.path == "/ws/info" ? info : .notFound }.error
    }

    // MARK: - Choosing the transport

    @Test func autoTakesTheWebSocketFirst() async throws {
        let server = try await EchoListener()
        let stream = try await openSockJS(server.port)
        #expect(stream.description.kind == .sockJS(.websocket))
        #expect(stream.description.attempts.isEmpty)
        try await stream.perform { $0.close() }
        await server.stop()
    }

    @Test func autoGoesByWhatInfoSays() async throws {
        var sockJS = SockJSServerOptions()
        sockJS.acceptsWebSocket = false
        let server = try await EchoListener(sockJS: sockJS)
        let trace = Trace(.frames)
        var options = TransportOptions()
        options.trace = trace.wire
        let stream = try await openSockJS(server.port, options: options)
        #expect(stream.description.kind == .sockJS(.xhrStreaming))
        let url = "http://127.0.0.1:\(server.port)/ws"
        let failure = TransportError.sockJS(.noWebSocketOffered(by: "\(url)/info"))
        #expect(stream.description.attempts == [FailedTransport(.websocket, failure)])
        #expect(
            trace.lines == [
                "sockjs local fell back from websocket because \(plainWords(of: failure)) to xhr streaming",
                "sockjs local sock JSOpened xhr streaming at \(url)",
            ])
        #expect(!server.requests.contains { $0.contains("websocket") })
        try await stream.perform { $0.abort() }
        await server.stop()
    }

    @Test func autoGoesOnToWhatWorks() async throws {
        let server = try await ScriptedHTTP { request in
            switch request.path {
            case "/ws/info": .info
            case "/ws/S/eventsource": .bytes(ScriptedHTTP.Reply.head + "5\r\nhello\r\n0\r\n\r\n")
            case "/ws/S/xhr": request.index == 0 ? .answer("200 OK", "o\n") : .silence
            default: .notFound
            }
        }
        let stream = try await openSockJS(server.port)
        #expect(stream.description.kind == .sockJS(.xhrPolling))
        let url = "127.0.0.1:PORT/ws"
        let attempts = stream.description.attempts.map {
            FailedTransport($0.transport, $0.error.withoutPort(server.port))
        }
        let (webSocket, streaming) = (attempts.first?.error.response, attempts.dropFirst().first?.error.response)
        #expect(webSocket?.status == 404 && streaming?.status == 404)
        #expect(
            attempts == [
                FailedTransport(
                    .websocket,
                    .webSocket(
                        .notUpgraded(url: "ws://\(url)/S/websocket", try #require(webSocket), sockJS: nil))),
                FailedTransport(
                    .xhrStreaming,
                    .sockJS(.requestFailed(url: "http://\(url)/S/xhr_streaming", try #require(streaming)))),
                FailedTransport(.eventSource, .sockJS(.answerWithoutOpening)),
            ])
        #expect(
            server.lines.prefix(5) == [
                "GET /ws/info", "GET /ws/S/websocket", "POST /ws/S/xhr_streaming", "GET /ws/S/eventsource",
                "POST /ws/S/xhr",
            ])
        try await stream.perform { $0.abort() }
        await server.stop()
    }

    @Test func aTransportThatDoesNotOpenLeavesTheOthersTheirTime() async throws {
        let start = NIODeadline.now()
        let server = try await ScriptedHTTP { request in
            switch request.path {
            case "/ws/info": .infoWithoutWebSocket
            case "/ws/S/eventsource": .streaming("\r\n")
            case "/ws/S/xhr": request.index == 0 ? .answer("200 OK", "o\n") : .silence
            default: .silence
            }
        }
        // The time limit is split among the transports: each share must be enough for the working one, even on a
        // busy machine.
        let stream = try await openSockJS(server.port, within: .seconds(9))
        #expect(stream.description.kind == .sockJS(.xhrPolling))
        #expect(NIODeadline.now() - start >= .seconds(6))
        try #require(stream.description.attempts.count == 3)
        let second = stream.description.attempts[1]
        #expect(second.transport == .xhrStreaming)
        guard case .sockJS(.notOpened) = second.error else {
            Issue.record("\(second)")
            return
        }
        try await stream.perform { $0.abort() }
        await server.stop()
    }

    @Test func oneThatIsAskedForIsTheOnlyOne() async throws {
        let (error, server) = try await outcome(.eventSource) { $0.path == "/ws/info" ? .info : .notFound }
        #expect(server.lines == ["GET /ws/info", "GET /ws/S/eventsource"])
        #expect(error?.kind == .protocolViolation)
        #expect(error?.response?.status == 404)
    }

    @Test func aWebSocketThatIsAskedForHasToBeThere() async throws {
        let (error, server) = try await outcome(.websocket) { _ in .infoWithoutWebSocket }
        #expect(error == .sockJS(.noWebSocketOffered(by: "http://127.0.0.1:PORT/ws/info")))
        #expect(server.lines == ["GET /ws/info"])
    }

    @Test func failedAttemptsAreListed() async throws {
        let (error, _) = try await outcome { $0.path == "/ws/info" ? .infoWithoutWebSocket : .notFound }
        #expect(error?.kind == .protocolViolation)
        guard case .sockJS(.noTransportWorks("http://127.0.0.1:PORT/ws", let failures)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failures.map(\.transport) == SockJSTransport.all)
        #expect(failures[0].error == .sockJS(.noWebSocketOffered(by: "http://127.0.0.1:PORT/ws/info")))
        for (failure, path) in zip(failures.dropFirst(), ["xhr_streaming", "eventsource", "xhr"]) {
            guard case .sockJS(.requestFailed("http://127.0.0.1:PORT/ws/S/\(path)", let refusal)) = failure.error else {
                Issue.record("\(failure)")
                continue
            }
            #expect("\(refusal)" == "404 Not Found")
        }
        #expect(error?.description.contains("\n") == false)
    }

    @Test func theWholeWayIsBoundedByTheDeadline() async throws {
        let start = NIODeadline.now()
        let (error, _) = try await outcome(within: .milliseconds(800)) { $0.path == "/ws/info" ? .info : .silence }
        #expect(error?.kind == .timedOut)
        #expect(NIODeadline.now() - start >= .milliseconds(800))
    }

    @Test func theBaseKeepsItsQuery() async throws {
        let server = try await EchoListener()
        let stream = try await openSockJS(server.port, .xhrPolling, base: "/ws/?token=1")
        try await stream.send("x")
        let lines = try await eventually {
            let lines = server.trace.lines.filter { $0.hasPrefix("http incoming") }
            return lines.count >= 3 ? lines : nil
        } otherwise: {
            "only \(server.requests) came"
        }
        #expect(lines.allSatisfy { $0.contains("?token=1 HTTP/1.1") && !$0.contains("//") })
        try await stream.perform { $0.abort() }
        await server.stop()
    }

    @Test(arguments: ["/moved", "http://127.0.0.1:PORT/moved"])
    func theServerMayHaveItsSessionsElsewhere(url: String) async throws {
        let server = try await ScriptedHTTP { request in
            switch request.path {
            case "/ws/info":
                .answer(
                    "200 OK",
                    #"{"websocket":false,"base_url":"\#(url.replacing("PORT", with: request.headers["host"]!.split(separator: ":")[1]))"}"#,
                    type: "application/json")
            case "/moved/S/xhr": request.index == 0 ? .answer("200 OK", "o\n") : .silence
            default: .notFound
            }
        }
        let stream = try await openSockJS(server.port, .xhrPolling)
        try await stream.perform { $0.abort() }
        await server.stop()
    }

    @Test func anotherServerIsNamedAndNotFollowed() async throws {
        let error = try await refusal(
            .answer("200 OK", #"{"websocket":true,"base_url":"http://other/ws"}"#, type: "application/json"))
        #expect(error == .sockJS(.sessionsElsewhere(at: "http://other/ws")))
    }

    // MARK: - Servers without SockJS

    @Test func aPlainWebSocketIsTakenForWhatItIs() async throws {
        let server = try await EchoListener(sockJS: nil)
        let trace = Trace(.frames)
        var options = TransportOptions()
        options.trace = trace.wire
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, options: options, inbox: inbox)
        #expect(stream.description.kind == .webSocket)
        try await stream.send("hello")
        try await inbox.wait { $0.text == "hello" }
        #expect(trace.lines.count == 1 && trace.lines[0].hasPrefix("sockjs local fell back to web socket because "))
        #expect(server.requests == ["GET /ws/info", "GET /ws"])
        try await stream.perform { $0.close() }
        await server.stop()
    }

    @Test func neitherNamesBoth() async throws {
        let error = try await refusal(.notFound)
        guard case .sockJS(.neither(let sockJS, .webSocket(let webSocket))) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.layer == .webSocket)
        let answer = try #require(webSocket.response)
        #expect(answer.status == 404)
        #expect(webSocket == .notUpgraded(url: "ws://127.0.0.1:PORT/ws", answer, sockJS: nil))
        let info = try #require(sockJS.response)
        #expect(info.status == 404)
        #expect(sockJS == .sockJS(.noInfo(url: "http://127.0.0.1:PORT/ws/info", info, movedTo: nil)))
        #expect(try await refusal(.notFound, of: .xhrPolling) == sockJS)
        #expect(error?.description.contains("\n") == false)
    }

    @Test(arguments: [401, 403])
    func aRefusalIsARefusal(status: Int) async throws {
        let error = try await refusal(.answer("\(status) Go Away Please", "who are you?"))
        #expect(error?.kind == .refused)
        let refusal = try #require(error?.response)
        #expect(refusal.status == status && refusal.reason == "Go Away Please" && refusal.body == "who are you?")
        #expect(
            error
                == .sockJS(
                    .refused(url: "http://127.0.0.1:PORT/ws/info", refusal, ownOrigin: "http://127.0.0.1:PORT")))
    }

    /// The client asks once, and tries no other transport.
    @Test func a401EndsTheAttempts() async throws {
        let (error, server) = try await outcome { $0.path == "/ws/info" ? .info : .answer("401 Unauthorized") }
        #expect(error?.kind == .refused)
        #expect(error?.layer == .webSocket)
        #expect(error?.response?.status == 401)
        #expect(server.lines == ["GET /ws/info", "GET /ws/S/websocket"])
    }

    /// A cookie set by the server does not count as a given header.
    @Test func onlyGivenHeadersAreNamedInARefusal() async throws {
        var options = TransportOptions()
        options.httpHeaders = [("Authorization", "Bearer x")]
        let (error, _) = try await outcome(options: options) {
            $0.path == "/ws/info"
                ? .json(#"{"websocket":true}"#, headers: "Set-Cookie: a=b\r\n") : .answer("401 Unauthorized")
        }
        #expect(error?.response?.identity == HTTPIdentity(givenHeaders: ["Authorization"]))
    }

    @Test func aWebSocketThatRefusesIsARefusal() async throws {
        let (error, _) = try await outcome { $0.path == "/ws/info" ? .notFound : .answer("401 Unauthorized") }
        #expect(error?.kind == .refused)
    }

    private static let infoURL = "http://127.0.0.1:PORT/ws/info"

    @Test(
        arguments: [
            (
                ScriptedHTTP.Reply.answer("200 OK", "<!doctype html>", type: "text/html;charset=utf-8"),
                { @Sendable refusal in SockJSFailure.infoNotJSON(url: infoURL, refusal) }
            ),
            // JSON is accepted whatever its content type is, but this object is not from SockJS.
            (
                .answer("200 OK", #"{"status":"UP"}"#, type: "text/plain"),
                { .infoWithoutWebSocketMember(url: infoURL, $0) }
            ),
            (
                .answer("200 OK", "<!doctype html>", type: "application/json"),
                { .invalidInfo(JSONFault(.missing("{"), at: 0), url: infoURL, $0) }
            ),
            (
                .answer("200 OK", #"{"status":"UP"}"#, type: "application/json"),
                { .infoWithoutWebSocketMember(url: infoURL, $0) }
            ),
            (.answer("500 Internal Server Error"), { .noInfo(url: infoURL, $0, movedTo: nil) }),
        ] as [(ScriptedHTTP.Reply, @Sendable (HTTPRefusal) -> SockJSFailure)])
    func somethingElseIsNamed(
        info: ScriptedHTTP.Reply, failure: @Sendable (HTTPRefusal) -> SockJSFailure
    ) async throws {
        let error = try await refusal(info, of: .xhrStreaming)
        #expect(error?.kind == .protocolViolation)
        #expect(error == .sockJS(failure(try #require(error?.response))))
    }

    @Test(arguments: [
        ("http://elsewhere/stomp/info", "http://elsewhere/stomp"), ("/login?next=1", "/login?next=1"),
        ("https://127.0.0.1/ws/info?t=1", "https://127.0.0.1/ws?t=1"),
    ])
    func aRedirectionIsNamedAndNotFollowed(location: String, named: String) async throws {
        let error = try await refusal(.answer("302 Found", headers: "Location: \(location)\r\n"))
        guard case .sockJS(.neither(let sockJS, _)) = error, let answer = sockJS.response else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(answer.location == location)
        #expect(sockJS == .sockJS(.noInfo(url: Self.infoURL, answer, movedTo: named)))
        #expect(error?.kind == .protocolViolation)
    }

    @Test(arguments: [
        (ScriptedHTTP.Reply.drop, TransportError.Kind.connectionLost),
        (.bytes("SSH-2.0-OpenSSH_9.2\r\n"), .protocolViolation),
        (.bytes("HTTP/1.1 abc\r\n\r\n"), .protocolViolation),
        (.bytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", thenCloses: true), .connectionLost),
        (.endless(head: "HTTP/1.1 200 OK\r\n", "X-Header: more\r\n"), .limitExceeded),
    ])
    func aBrokenAnswerIsOneLine(info: ScriptedHTTP.Reply, code: TransportError.Kind) async throws {
        let error = try #require(try await refusal(info))
        #expect(error.kind == code, "\(error)")
        #expect(error.description.contains("http://127.0.0.1:PORT/ws/info") || error.layer == .tcp, "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func anEndlessInfoIsNotReadToItsEnd() async throws {
        let endless = ScriptedHTTP.Reply.endless(
            head: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", "                ")
        let error = try await refusal(endless, of: .xhrPolling)
        #expect(error?.kind == .protocolViolation)
    }

    @Test func aServerThatNeverAnswersRunsIntoTheDeadline() async throws {
        // Long enough for TCP on a busy machine.
        let error = try await refusal(.silence, within: .seconds(3))
        #expect(error?.kind == .timedOut)
        guard case .http(.noAnswer(let request, _)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(request == HTTPRequestSummary(.method("GET"), Self.infoURL, isSecure: false))
    }

    @Test func aRefusedConnectionIsReported() async throws {
        let port = try Loopback.freePorts(1)[0]
        let error = await transportError { _ = try await openSockJS(port) }
        #expect(error?.kind == .cannotConnect)
        #expect(error?.layer == .tcp)
    }

    @Test func aServerThatDropsEverybodyCostsNothing() async throws {
        let server = try await ScriptedHTTP { _ in .drop }
        for _ in 0..<50 {
            let error = await transportError { _ = try await openSockJS(server.port) }
            #expect(error?.kind == .connectionLost)
        }
        #expect(server.connections.opened == 50)
        try await server.waitForEnd()
        await server.stop()
    }

    @Test(arguments: ["/ws/info", "/ws/S/websocket", "/ws/S/xhr_streaming"])
    func whoGivesUpLeavesNothingOpen(silent: String) async throws {
        let server = try await ScriptedHTTP { request in
            if request.path == silent { return .silence }
            return silent == "/ws/S/xhr_streaming" ? .infoWithoutWebSocket : .info
        }
        let task = Task { _ = try await openSockJS(server.port, within: .seconds(60)) }
        _ = try await eventually {
            server.requests.last?.path == silent ? true : nil
        } otherwise: {
            "\(server.lines)"
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await server.waitForEnd()
        await server.stop()
    }

    @Test(arguments: ["/wörld", "/a b", "/a\r\nX: y"])
    func anInvalidPathIsRefusedBeforeARequest(base: String) async throws {
        let error = await transportError { _ = try await openSockJS(1, base: base) }
        #expect(error?.kind == .badConfiguration)
    }

    // MARK: - SockJS at a WebSocket URL

    @Test func aWebSocketURLOfSockJSGetsTheURLsThatWork() async throws {
        var sockJS = SockJSServerOptions()
        sockJS.acceptsWebSocketAtBase = false
        let server = try await EchoListener(sockJS: sockJS)
        func error(_ path: String) async -> TransportError? {
            await transportError {
                let stream = try await TransportConnector().connect(
                    to: .webSocket(server.port, path), on: group.next(), deadline: .farEnough, receiver: Inbox().factory
                )
                try await stream.perform { $0.close() }
            }?.withoutPort(server.port)
        }
        func address(_ path: String) async -> SockJSAddress? {
            if case .webSocket(.notUpgraded(_, _, let address)) = await error(path) { address } else { nil }
        }
        var expected = SockJSAddress(
            url: "http://127.0.0.1:PORT/ws", webSocketURL: "ws://127.0.0.1:PORT/ws/websocket")
        #expect(await address("/ws") == expected)
        expected.hadSlash = true
        #expect(await address("/ws/") == expected)
        #expect(await error("/ws")?.response?.status == 400)
        #expect(await error("/ws/websocket") == nil)
        #expect(await error("/other")?.response?.status == 404)
        #expect(await address("/other") == nil)
        await server.stop()
    }

    @Test func theHintIsNotWaitedForLong() async throws {
        let server = try await ScriptedHTTP { $0.path == "/ws/info" ? .silence : .notFound }
        let start = NIODeadline.now()
        let error = await transportError {
            _ = try await TransportConnector().connect(
                to: .webSocket(server.port), on: group.next(), deadline: .now() + .seconds(60),
                receiver: Inbox().factory)
        }
        #expect(error?.response?.status == 404)
        #expect(NIODeadline.now() - start >= SockJSHint.timeout)
        #expect(NIODeadline.now() - start < .seconds(30))
        try await server.waitForEnd()
        await server.stop()
    }
}
