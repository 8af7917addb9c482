import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// What is found at an `http` URL, and which transport is taken.
@Suite(.timeLimit(.minutes(2))) struct SockJSOpeningTests {
    /// What becomes of a client of a server that answers by `script`.
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

    // MARK: - Which transport

    @Test func autoTakesTheWebSocketFirst() async throws {
        let server = try await EchoListener()
        let stream = try await openSockJS(server.port)
        #expect(stream.description.name == "SockJS websocket")
        #expect(stream.description.attempts.isEmpty)
        try await stream.perform { $0.close() }
        await server.stop()
    }

    @Test func autoGoesByWhatInfoSays() async throws {
        var sockJS = SockJSServerOptions()
        sockJS.takesWebSocket = false
        let server = try await EchoListener(sockJS: sockJS)
        let trace = Trace(.frames)
        var options = TransportOptions()
        options.trace = trace.wire
        let stream = try await openSockJS(server.port, options: options)
        #expect(stream.description.name == "SockJS xhr-streaming")
        let url = "http://127.0.0.1:\(server.port)/ws"
        #expect(stream.description.attempts == ["websocket: \(url)/info says that there is none"])
        #expect(
            trace.lines == [
                "sockjs local websocket does not work, \(url)/info says that there is none: trying xhr-streaming",
                "sockjs local SockJS xhr-streaming at \(url)",
            ])
        #expect(!server.requests.contains { $0.contains("websocket") })
        try await stream.perform { $0.abort() }
        await server.stop()
    }

    @Test func autoGoesOnToWhatWorks() async throws {
        let server = try await ScriptedHTTP { request in
            switch request.path {
            case "/ws/info": .info
            case "/ws/S/eventsource": .octets(ScriptedHTTP.Reply.head + "5\r\nhello\r\n0\r\n\r\n")
            case "/ws/S/xhr": request.index == 0 ? .answer("200 OK", "o\n") : .silence
            default: .notFound
            }
        }
        let stream = try await openSockJS(server.port)
        #expect(stream.description.name == "SockJS xhr-polling")
        let url = "127.0.0.1:PORT/ws"
        let attempts = stream.description.attempts.map {
            $0.replacing(":\(server.port)", with: ":PORT").replacing(/\/[0-9]{3}\/[a-z0-5]{16}\//, with: "/S/")
        }
        #expect(
            attempts == [
                "websocket: 404 Not Found from ws://\(url)/S/websocket, not a WebSocket upgrade",
                "xhr-streaming: 404 Not Found from http://\(url)/S/xhr_streaming",
                "eventsource: the server's answer ended without the frame that opens the session",
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
        // A share has to be enough for the one that works, on a loaded machine too.
        let stream = try await openSockJS(server.port, within: .seconds(9))
        #expect(stream.description.name == "SockJS xhr-polling")
        #expect(NIODeadline.now() - start >= .seconds(6))
        try #require(stream.description.attempts.count == 3)
        #expect(stream.description.attempts[1].hasPrefix("xhr-streaming: the session was not opened within "))
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
        #expect(error?.description == "SockJS: http://127.0.0.1:PORT/ws/info says that there is none")
        #expect(server.lines == ["GET /ws/info"])
    }

    @Test func whatWasTriedInVainIsSaid() async throws {
        let (error, _) = try await outcome { $0.path == "/ws/info" ? .infoWithoutWebSocket : .notFound }
        #expect(error?.kind == .protocolViolation)
        let message = try #require(error?.message)
        #expect(
            message.hasPrefix("no transport works at http://127.0.0.1:PORT/ws: websocket: http://127.0.0.1:PORT/ws/"))
        #expect(message.contains("; xhr-streaming: 404 Not Found from http://127.0.0.1:PORT/ws/"))
        #expect(message.contains("; eventsource: 404") && message.contains("; xhr-polling: 404"))
        #expect(!message.contains("\n"))
    }

    @Test func theWholeWayIsBoundedByTheDeadline() async throws {
        let start = NIODeadline.now()
        let (error, _) = try await outcome(within: .milliseconds(800)) { $0.path == "/ws/info" ? .info : .silence }
        #expect(error?.kind == .timedOut)
        #expect(NIODeadline.now() - start >= .milliseconds(800))
        #expect(NIODeadline.now() - start < .seconds(10))
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
        #expect(error?.description == "SockJS: the server has its sessions elsewhere; try http://other/ws")
    }

    // MARK: - What is no SockJS

    @Test func aPlainWebSocketIsTakenForWhatItIs() async throws {
        let server = try await EchoListener(sockJS: nil)
        let trace = Trace(.frames)
        var options = TransportOptions()
        options.trace = trace.wire
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, options: options, inbox: inbox)
        #expect(stream.description.name == "WebSocket")
        try await stream.send("hello")
        try await inbox.wait { $0.text == "hello" }
        #expect(trace.lines.count == 1 && trace.lines[0].hasSuffix("so there is no SockJS: trying a plain WebSocket"))
        #expect(server.requests == ["GET /ws/info", "GET /ws"])
        try await stream.perform { $0.close() }
        await server.stop()
    }

    @Test func neitherIsOneLine() async throws {
        let path = "; is the path right? RabbitMQ's is /ws, Spring's what addEndpoint names"
        #expect(
            try await refusal(.notFound)?.description
                == "WebSocket: neither SockJS nor a WebSocket: 404 Not Found from http://127.0.0.1:PORT/ws/info, so there is "
                + "no SockJS; 404 Not Found from ws://127.0.0.1:PORT/ws, not a WebSocket upgrade" + path)
        #expect(
            try await refusal(.notFound, of: .xhrPolling)?.description
                == "SockJS: 404 Not Found from http://127.0.0.1:PORT/ws/info, so there is no SockJS" + path)
    }

    @Test(arguments: [401, 403])
    func aRefusalIsARefusal(status: Int) async throws {
        let error = try await refusal(.answer("\(status) Go Away Please", "who are you?"))
        #expect(error?.kind == .refused)
        #expect(error?.message == "\(status) Go Away Please from http://127.0.0.1:PORT/ws/info")
        #expect(error?.response == HTTPRefusal(status: status, reason: "Go Away Please", body: "who are you?"))
        #expect(error?.remedy?.contains("--http-header") == true)
    }

    @Test func aWebSocketThatRefusesIsARefusal() async throws {
        let (error, _) = try await outcome { $0.path == "/ws/info" ? .notFound : .answer("401 Unauthorized") }
        #expect(error?.kind == .refused)
    }

    @Test(arguments: [
        (
            ScriptedHTTP.Reply.answer("200 OK", "<!doctype html>", type: "text/html;charset=utf-8"),
            "http://127.0.0.1:PORT/ws/info answered text/html;charset=utf-8, where SockJS has JSON"
        ),
        (
            .answer("200 OK", "<!doctype html>", type: "application/json"),
            "http://127.0.0.1:PORT/ws/info answered what is no JSON object: no \"{\" where it should stand at octet 0"
        ),
        (
            .answer("200 OK", #"{"status":"UP"}"#, type: "application/json"),
            "http://127.0.0.1:PORT/ws/info answered JSON that says nothing of \"websocket\", which SockJS has"
        ),
        (.answer("500 Internal Server Error"), "500 Internal Server Error from http://127.0.0.1:PORT/ws/info"),
    ])
    func somethingElseIsNamed(info: ScriptedHTTP.Reply, message: String) async throws {
        let error = try await refusal(info, of: .xhrStreaming)
        #expect(error?.kind == .protocolViolation)
        #expect(error?.message == message)
    }

    @Test(arguments: [
        ("http://elsewhere/stomp/info", "http://elsewhere/stomp"), ("/login?next=1", "/login?next=1"),
        ("https://127.0.0.1/ws/info?t=1", "https://127.0.0.1/ws?t=1"),
    ])
    func aRedirectionIsNamedAndNotFollowed(location: String, named: String) async throws {
        let error = try await refusal(.answer("302 Found", headers: "Location: \(location)\r\n"))
        #expect(error?.remedy == "it redirects, which is not followed: try \(named)")
        #expect(error?.kind == .protocolViolation)
    }

    @Test(arguments: [
        (ScriptedHTTP.Reply.drop, TransportError.Kind.connectionLost),
        (.octets("SSH-2.0-OpenSSH_9.2\r\n"), .protocolViolation),
        (.octets("HTTP/1.1 abc\r\n\r\n"), .protocolViolation),
        (.octets("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", thenCloses: true), .connectionLost),
        (.endless(head: "HTTP/1.1 200 OK\r\n", "X-Header: more\r\n"), .limitExceeded),
    ])
    func aBrokenAnswerIsOneLine(info: ScriptedHTTP.Reply, code: TransportError.Kind) async throws {
        let error = try #require(try await refusal(info))
        #expect(error.kind == code, "\(error)")
        #expect(error.message.contains("http://127.0.0.1:PORT/ws/info") || error.layer == .tcp, "\(error)")
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
        #expect(error?.message.hasPrefix("no answer to GET http://127.0.0.1:PORT/ws/info within ") == true)
    }

    @Test func nobodyAtThePortIsSaidSo() async throws {
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
    func aPathThatIsNoneIsRefusedBeforeItIsAsked(base: String) async throws {
        let error = await transportError { _ = try await openSockJS(1, base: base) }
        #expect(error?.kind == .badConfiguration)
    }

    // MARK: - A WebSocket URL that is one of SockJS

    @Test func aWebSocketURLOfSockJSGetsTheURLsThatWork() async throws {
        var sockJS = SockJSServerOptions()
        sockJS.takesWebSocketAtBase = false
        let server = try await EchoListener(sockJS: sockJS)
        func error(_ path: String) async -> TransportError? {
            await transportError {
                let stream = try await TransportConnector().connect(
                    to: .webSocket(server.port, path), on: group.next(), deadline: .farEnough, receiver: Inbox().factory
                )
                try await stream.perform { $0.close() }
            }?.withoutPort(server.port)
        }
        #expect(
            await error("/ws")?.remedy
                == "this is a SockJS endpoint: use http://127.0.0.1:PORT/ws, or ws://127.0.0.1:PORT/ws/websocket")
        #expect(await error("/ws/")?.remedy?.hasPrefix("leave out the slash at the end of the path; this is") == true)
        #expect(await error("/ws")?.response?.status == 400)
        #expect(await error("/ws/websocket") == nil)
        #expect(await error("/other")?.remedy?.contains("is the path right?") == true)
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
        #expect(NIODeadline.now() - start >= SockJSHint.patience)
        #expect(NIODeadline.now() - start < .seconds(30))
        try await server.waitForEnd()
        await server.stop()
    }
}
