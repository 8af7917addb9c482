import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// The end of an open session when the server misbehaves.
@Suite(.timeLimit(.minutes(2))) struct SockJSFaultTests {
    private static let transports: [SockJSTransport] = [.xhrStreaming, .eventSource, .xhrPolling]
    private static let receiving: [SockJSTransport: String] = [
        .xhrStreaming: "/ws/S/xhr_streaming", .eventSource: "/ws/S/eventsource", .xhrPolling: "/ws/S/xhr",
    ]

    /// A frame as the body of a complete response.
    private static func response(_ frame: String, _ transport: SockJSTransport) -> ScriptedHTTP.Reply {
        .answer("200 OK", transport == .eventSource ? "\r\ndata: \(frame)\r\n\r\n" : frame + "\n")
    }

    /// Opens a session, answers it with `reply`, and returns its end.
    private func end(
        _ transport: SockJSTransport, then reply: ScriptedHTTP.Reply, sends: ScriptedHTTP.Reply = .silence,
        write: String? = nil
    ) async throws -> (inbox: Inbox, error: TransportError?) {
        let path = Self.receiving[transport]
        let script: ScriptedHTTP.Script = { request in
            switch request.path {
            case "/ws/info": .infoWithoutWebSocket
            case "/ws/S/xhr_send": sends
            case path: request.index == 0 ? Self.response("o", transport) : reply
            default: .notFound
            }
        }
        return try await ScriptedHTTP.run(script: script) { server in
            let inbox = Inbox()
            let stream = try await openSockJS(server.port, transport, inbox: inbox)
            if let write {
                let promise = stream.eventLoop.makePromise(of: Void.self)
                try await stream.perform {
                    $0.write(ByteBuffer(string: write), promise: promise)
                    $0.flush()
                }
                await #expect(throws: TransportError.self) { try await promise.futureResult.get() }
            }
            let error = try await inbox.end()?.withoutPort(server.port)
            try await server.waitForEnd()
            #expect(inbox.contents.endings.count == 1 && inbox.contents.callsAfterEnd == 0)
            return (inbox, error)
        }
    }

    @Test(arguments: transports, [401, 403, 404, 500, 503])
    func anotherStatusThan200(transport: SockJSTransport, status: Int) async throws {
        let error = try #require(try await end(transport, then: .answer("\(status) Oops")).error)
        let code: TransportError.Kind =
            switch status {
            case 404: .connectionLost
            case 401, 403: .refused
            default: .protocolViolation
            }
        #expect(error.kind == code && error.layer == .sockJS && error.response?.status == status)
        let url = "http://127.0.0.1:PORT" + (Self.receiving[transport] ?? "")
        #expect(error == Self.failure(status, url))
    }

    private static func failure(_ status: Int, _ url: String) -> TransportError {
        let refusal = HTTPRefusal(status: status, reason: "Oops", body: "", contentType: "text/plain")
        return switch status {
        case 404: .sockJS(.unknownSession(url: url, refusal))
        case 401, 403: .sockJS(.requestRefused(url: url, refusal))
        default: .sockJS(.requestFailed(url: url, refusal))
        }
    }

    @Test(arguments: [401, 404, 500])
    func anotherStatusThan204WhereMessagesGo(status: Int) async throws {
        let error = try await end(.xhrPolling, then: .silence, sends: .answer("\(status) Oops"), write: "x").error
        let code: TransportError.Kind = status == 404 ? .connectionLost : status == 401 ? .refused : .protocolViolation
        #expect(error?.kind == code && error?.response?.status == status, "\(String(describing: error))")
        #expect(error == Self.failure(status, "http://127.0.0.1:PORT/ws/S/xhr_send"))
    }

    @Test(arguments: transports)
    func aConnectionThatIsReset(transport: SockJSTransport) async throws {
        #expect(try await end(transport, then: .drop).error?.kind == .connectionLost)
        #expect(try await end(transport, then: .silence, sends: .drop, write: "x").error?.kind == .connectionLost)
        let half = ScriptedHTTP.Reply.bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na[\"", thenCloses: true)
        let error = try await end(transport, then: half).error
        #expect(error?.kind == .connectionLost)
        let url = "http://127.0.0.1:PORT" + (Self.receiving[transport] ?? "")
        #expect(error == .http(.answerCutShort(of: url)))
    }

    @Test(arguments: transports)
    func closeFramesAndSessionsThatAreNew(transport: SockJSTransport) async throws {
        for (code, reason) in [(2010, "Another connection still open"), (3000, "Go away!")] {
            let (inbox, error) = try await end(transport, then: Self.response(#"c[\#(code),"\#(reason)"]"#, transport))
            #expect(error == nil)
            #expect(inbox.contents.closures.map(\.code) == [code])
            #expect(inbox.contents.closures.map(\.reason) == [reason])
        }
        let error = try await end(transport, then: Self.response("o", transport)).error
        #expect(error == .sockJS(.openedAgain))
    }

    @Test(arguments: transports)
    func whatIsNoFrame(transport: SockJSTransport) async throws {
        let error = try await end(transport, then: Self.response("<html>", transport)).error
        #expect(error?.kind == .protocolViolation)
        let fault = JSONFault(.unknownFrame, at: 0)
        #expect(error == .sockJS(.invalidFrame(ByteBuffer(string: "<html>"), fault)))
    }

    /// Messages arrive in the order they were written, whatever happens to the requests, and with one request at a
    /// time.
    ///
    /// - Parameter answer: the response that confirms the messages; some servers send a body.
    @Test(arguments: ["204 No Content\r\n\r\n", "200 OK\r\nContent-Length: 2\r\n\r\nok"])
    func messagesGoOneRequestAtATime(answer: String) async throws {
        let script: ScriptedHTTP.Script = { request in
            switch request.path {
            case "/ws/info": .infoWithoutWebSocket
            case "/ws/S/xhr_send": .bytes("HTTP/1.1 " + answer)
            default: .streaming("o\n")
            }
        }
        try await ScriptedHTTP.run(script: script) { server in
            let stream = try await openSockJS(server.port, .xhrStreaming)
            let last = stream.eventLoop.makePromise(of: Void.self)
            try await stream.perform { stream in
                for number in 0..<100 {
                    stream.write(ByteBuffer(string: "\(number)"), promise: number == 99 ? last : nil)
                    if number == 0 { stream.flush() }
                }
                stream.flush()
            }
            try await last.futureResult.get()
            let bodies = server.requests.filter { $0.path == "/ws/S/xhr_send" }.map(\.body)
            #expect(bodies.count < 10, "they are not put together")
            let numbers = bodies.joined().matches(of: /"(\d+)"/).map { Int($0.output.1) }
            #expect(numbers == (0..<100).map { $0 })
            try await stream.perform { $0.abort() }
        }
    }
}
