import Foundation
import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// The server side of SockJS 0.3.3, byte for byte.
@Suite(.timeLimit(.minutes(2))) struct SockJSServerTests {
    private static let session = "/ws/000/abcdefgh"

    /// A long time between two polls is allowed, because the machine may be busy with other tests.
    private static var patient: SockJSServerOptions {
        var options = SockJSServerOptions()
        options.receiverTimeout = .seconds(60)
        return options
    }

    /// A connection whose requests are written by hand.
    private struct Wire {
        let inbox = Inbox()
        let stream: any TransportStream

        init(_ port: Int) async throws {
            stream = try await TransportConnector().connect(
                to: .tcp(port), on: group.next(), deadline: .farEnough, receiver: inbox.factory)
        }

        /// All received text, once it ends with `end`.
        func text(endsWith end: String) async throws -> String {
            try await inbox.wait { $0.text.hasSuffix(end) }.text
        }
    }

    /// A complete answer.
    private struct Answer: CustomStringConvertible {
        let head: String
        let body: String
        var status: String { String(head.split(separator: "\r\n")[0].dropFirst("HTTP/1.1 ".count)) }
        var description: String { head + body }

        func has(_ field: String) -> Bool { head.lowercased().contains("\r\n\(field.lowercased())\r\n") }
    }

    private static func request(_ line: String, _ headers: [String] = [], body: String? = nil) -> String {
        let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
        return (["\(line) HTTP/1.1", "Host: h"] + headers + length).joined(separator: "\r\n") + "\r\n\r\n"
            + (body ?? "")
    }

    /// Sends a request and waits for its complete answer.
    private func ask(
        _ server: EchoListener, _ line: String, _ headers: [String] = [], body: String? = nil
    ) async throws -> Answer {
        let wire = try await Wire(server.port)
        try await wire.stream.send(Self.request(line, headers + ["Connection: close"], body: body))
        _ = try await wire.inbox.end()
        let text = wire.inbox.contents.text
        let end = try #require(text.firstRange(of: "\r\n\r\n"))
        let head = String(text[..<end.upperBound])
        var body = String(text[end.upperBound...])
        if head.lowercased().contains("transfer-encoding: chunked") { body = Self.unchunked(body) }
        return Answer(head: head, body: body)
    }

    private func poll(_ server: EchoListener, _ session: String = session) async throws -> String {
        try await ask(server, "POST \(session)/xhr", body: "").body
    }

    private func send(_ server: EchoListener, _ body: String, _ session: String = session) async throws -> Answer {
        try await ask(server, "POST \(session)/xhr_send", body: body)
    }

    /// A streaming response that stays open; its body arrives without chunk headers.
    private func stream(_ server: EchoListener, _ line: String) async throws -> Wire {
        let wire = try await Wire(server.port)
        // HTTP/1.0 has no chunks.
        try await wire.stream.send("\(line) HTTP/1.0\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        return wire
    }

    private static func unchunked(_ text: String) -> String {
        var rest = text[...]
        var body = ""
        while let end = rest.firstRange(of: "\r\n"), let size = Int(rest[..<end.lowerBound], radix: 16), size > 0 {
            let bytes = rest[end.upperBound...].utf8
            body += String(bytes.prefix(size)) ?? ""
            rest = Substring(bytes.dropFirst(size + 2))
        }
        return body
    }

    private func body(_ text: String) -> Substring {
        text.firstRange(of: "\r\n\r\n").map { text[$0.upperBound...] } ?? ""
    }

    // MARK: - Endpoints

    @Test func infoSaysWhatThereIs() async throws {
        for (acceptsWebSocket, setsCookie) in [(true, false), (false, true)] {
            var options = SockJSServerOptions()
            options.acceptsWebSocket = acceptsWebSocket
            options.setsCookie = setsCookie
            let server = try await EchoListener(sockJS: options)
            let first = try await ask(server, "GET /ws/info"), second = try await ask(server, "GET /ws/info")
            #expect(first.status == "200 OK")
            #expect(first.has("Content-Type: application/json; charset=UTF-8"))
            #expect(first.has("Cache-Control: no-store, no-cache, no-transform, must-revalidate, max-age=0"))
            #expect(first.has("Access-Control-Allow-Origin: *"))
            let json = #"{"websocket":\#(acceptsWebSocket),"origins":["*:*"],"cookie_needed":\#(setsCookie),"entropy":"#
            #expect(first.body.hasPrefix(json) && second.body.hasPrefix(json), "\(first)")
            #expect(first.body != second.body, "there is no entropy in it")
            await server.stop()
        }
    }

    @Test func aPageOfAnotherOriginIsLetIn() async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        let info = try await ask(server, "GET /ws/info", ["Origin: http://localhost:3000"])
        #expect(info.has("Access-Control-Allow-Origin: http://localhost:3000"))
        #expect(info.has("Access-Control-Allow-Credentials: true"))
        let preflight = try await ask(
            server, "OPTIONS \(Self.session)/xhr_send", ["Origin: http://a", "Access-Control-Request-Headers: x-y"])
        #expect(preflight.status == "204 No Content" && preflight.body == "")
        #expect(preflight.has("Access-Control-Allow-Methods: OPTIONS, POST"))
        #expect(preflight.has("Access-Control-Allow-Headers: x-y"))
        #expect(preflight.has("Access-Control-Max-Age: 31536000"))
        await server.stop()
    }

    @Test func anOriginThatIsNotAllowedIsRefusedEverywhere() async throws {
        let server = try await EchoListener(sockJS: Self.patient, origins: ["http://localhost:3000"])
        let lines = [
            "GET /ws", "GET /ws/info", "GET /ws/websocket", "POST \(Self.session)/xhr", "POST \(Self.session)/xhr_send",
            "POST \(Self.session)/xhr_streaming", "GET \(Self.session)/eventsource", "GET \(Self.session)/websocket",
        ]
        for line in lines {
            #expect(try await ask(server, line, ["Origin: http://elsewhere"]).status == "403 Forbidden", "\(line)")
        }
        #expect(try await ask(server, "GET /ws/info", ["Origin: http://localhost:3000"]).status == "200 OK")
        #expect(server.clients.isEmpty)
        await server.stop()
    }

    @Test func theBaseGreets() async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        for path in ["/ws", "/ws/", "/ws?t=1"] {
            let answer = try await ask(server, "GET \(path)")
            #expect(answer.status == "200 OK" && answer.body == "Welcome to SockJS!\n", "\(answer)")
            #expect(answer.has("Content-Type: text/plain; charset=UTF-8"))
        }
        await server.stop()
    }

    @Test(arguments: [
        ("GET /wsx", "404"), ("GET /ws/x", "404"), ("GET /ws/000/a.b/xhr", "404"), ("GET /ws//s/xhr", "404"),
        ("GET /ws/000/s/jsonp", "404"), ("GET /ws/000/s/xhr/x", "404"), ("GET /ws/000/s/xhr", "405"),
        ("GET /ws/000/s/xhr_send", "405"), ("POST /ws/000/s/eventsource", "405"), ("POST /ws/info", "405"),
        ("GET /ws/000/s/websocket", "426"), ("GET /ws/websocket", "426"),
    ])
    func somethingElseIsNot(line: String, status: String) async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        #expect(try await ask(server, line, body: "").status.hasPrefix(status + " "))
        await server.stop()
    }

    private static let upgrade = [
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: \(ScriptedServer.key)",
    ]

    /// If the WebSocket is only below the base URL, as in Spring, an upgrade of the base is a bad request, and a
    /// plain request gets the greeting.
    @Test func aWebSocketAtTheBaseOfSpringIsABadRequest() async throws {
        var options = SockJSServerOptions()
        options.acceptsWebSocketAtBase = false
        let server = try await EchoListener(sockJS: options)
        for path in ["/ws", "/ws/"] {
            let wire = try await Wire(server.port)
            try await wire.stream.send(Self.request("GET \(path)", Self.upgrade))
            let text = try await wire.text(endsWith: "\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(text)")
            try await wire.stream.perform { $0.abort() }
        }
        #expect(try await ask(server, "GET /ws").body == "Welcome to SockJS!\n")
        #expect(server.clients.isEmpty)
        await server.stop()
    }

    /// `BASE/websocket` uses no envelopes; the WebSocket of a session does.
    @Test(arguments: ["/ws/websocket", session + "/websocket"])
    func aWebSocketWithAndWithoutEnvelopes(path: String) async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        let inbox = Inbox()
        let hasEnvelopes = path != "/ws/websocket"
        let stream = try await TransportConnector().connect(
            to: .webSocket(server.port, path), on: group.next(), deadline: .farEnough, receiver: inbox.factory)
        if hasEnvelopes { try await inbox.wait { $0.texts == ["o"] } }
        try await stream.send(#"["a","\u0000"]"#)
        let expected = hasEnvelopes ? ["o", #"a["a"]"#, #"a["\u0000"]"#] : [#"["a","\u0000"]"#]
        try await inbox.wait { $0.texts == expected }
        #expect(
            try await server.client.contents.stream?.description.kind
                == (hasEnvelopes ? .sockJS(.websocket) : .webSocket))
        if hasEnvelopes {
            // A single string and an empty message are also allowed.
            try await stream.send(#""b""#)
            try await stream.send("")
            try await inbox.wait { $0.texts.last == #"a["b"]"# }
            try await stream.send("[broken")
            #expect(try await inbox.end() == nil)
            #expect(inbox.contents.texts.last == #"c[3000,"Broken framing."]"#)
        } else {
            try await stream.perform { $0.close() }
        }
        await server.stop()
    }

    // MARK: - Polls

    @Test func aPollForEachFrame() async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        let first = try await ask(server, "POST \(Self.session)/xhr", body: "")
        #expect(first.body == "o\n")
        #expect(first.has("Content-Type: application/javascript; charset=UTF-8"))
        #expect(try await send(server, #"["x","y\u0000"]"#).status == "204 No Content")
        #expect(try await poll(server) == #"a["x","y\u0000"]"# + "\n")
        // The server id in the URL is ignored.
        #expect(try await send(server, #"["z"]"#, "/ws/999/abcdefgh").status == "204 No Content")
        #expect(try await poll(server) == #"a["z"]"# + "\n")
        #expect(try await server.client.contents.stream?.description.kind == .sockJS(.xhrPolling))
        #expect(server.clients.count == 1)
        await server.stop()
    }

    @Test func whatIsSentIsAnsweredFor() async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        #expect(try await send(server, #"["x"]"#).status == "404 Not Found")
        _ = try await poll(server)
        for (body, text) in [
            ("", "Payload expected."), ("[x", "Broken JSON encoding."), (#""x""#, "Broken JSON encoding."),
            ("[1]", "Broken JSON encoding."),
        ] {
            let answer = try await send(server, body)
            #expect(answer.status == "500 Internal Server Error" && answer.body == text, "\(answer)")
        }
        let good = try await send(server, "[]")
        #expect(good.status == "204 No Content" && good.body == "", "\(good)")
        #expect(!good.head.lowercased().contains("content-length"))
        #expect(try await server.client.contents.bytes == 0)
        await server.stop()
    }

    @Test func twoPollsAtATimeAreOneTooMany() async throws {
        // On one event loop the session sees polls in the order in which the server received them.
        let server = try await EchoListener(sockJS: Self.patient, on: group.next())
        _ = try await poll(server)
        let waiting = try await stream(server, "POST \(Self.session)/xhr")
        // The second poll is sent once the first has arrived.
        _ = try await eventually {
            server.requests.count { $0.hasSuffix("/xhr") } == 2 ? true : nil
        } otherwise: {
            "only \(server.requests) came"
        }
        #expect(try await poll(server) == #"c[2010,"Another connection still open"]"# + "\n")
        #expect(try await send(server, #"["still here"]"#).status == "204 No Content")
        #expect(body(try await waiting.text(endsWith: "\n")) == #"a["still here"]"# + "\n")
        await server.stop()
    }

    @Test func afterTheCloseEachPollGetsTheCloseFrame() async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        _ = try await poll(server)
        let inner = try #require(try await server.client.contents.stream)
        try await inner.eventLoop.submit {
            inner.write(ByteBuffer(string: "last"), promise: nil)
            inner.close()
        }.get()
        #expect(try await poll(server) == #"a["last"]"# + "\n")
        for _ in 0..<3 { #expect(try await poll(server) == #"c[3000,"Go away!"]"# + "\n") }
        #expect(try await server.client.end() == nil)
        await server.stop()
    }

    @Test(arguments: ["xhr", "xhr_streaming", "eventsource"])
    func aSessionWithoutAReceiverExpires(component: String) async throws {
        var options = SockJSServerOptions()
        #expect(options.receiverTimeout == .seconds(5))
        options.receiverTimeout = .milliseconds(100)
        options.responseLimit = 1
        let server = try await EchoListener(sockJS: options)
        let line = (component == "eventsource" ? "GET " : "POST ") + Self.session + "/" + component
        #expect(try await ask(server, line).body.contains("o"))
        let error = try await server.client.end()
        #expect(error?.kind == .connectionLost)
        #expect(error == .sockJS(.clientGone(after: .milliseconds(100))))
        #expect(try await send(server, #"["x"]"#).status == "404 Not Found")
        // A new session may have the same name.
        #expect(try await ask(server, line).body.contains("o"))
        await server.stop()
    }

    // MARK: - Streams

    @Test func aStreamHasAPreludeAndALineAFrame() async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        let wire = try await stream(server, "POST \(Self.session)/xhr_streaming")
        let prelude = String(repeating: "h", count: 2048) + "\n"
        #expect(body(try await wire.text(endsWith: "o\n")) == prelude + "o\n")
        #expect(try await send(server, #"["1\u0000"]"#).status == "204 No Content")
        #expect(body(try await wire.text(endsWith: "]\n")) == prelude + "o\n" + #"a["1\u0000"]"# + "\n")
        await server.stop()
    }

    @Test func anEventStreamHasAnEventAFrame() async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        let wire = try await stream(server, "GET \(Self.session)/eventsource")
        let text = try await wire.text(endsWith: "o\r\n\r\n")
        #expect(text.contains("\r\nContent-Type: text/event-stream\r\n"))
        #expect(body(text) == "\r\ndata: o\r\n\r\n")
        #expect(try await send(server, #"["100%","1\u0000"]"#).status == "204 No Content")
        // Characters that browsers unescape are escaped.
        #expect(
            body(try await wire.text(endsWith: "]\r\n\r\n"))
                == "\r\ndata: o\r\n\r\ndata: " + #"a["100%25","1\u0000"]"# + "\r\n\r\n")
        await server.stop()
    }

    @Test(arguments: ["xhr_streaming", "eventsource"])
    func aResponseEndsAtItsLimit(component: String) async throws {
        let limit = SockJSServerOptions().responseLimit
        #expect(limit == 128 << 10)
        let server = try await EchoListener(sockJS: Self.patient)
        let line = (component == "eventsource" ? "GET " : "POST ") + Self.session + "/" + component
        let wire = try await stream(server, line)
        try await wire.inbox.wait { $0.text.contains("\no\n") || $0.text.contains("data: o") }
        let text = String(repeating: "x", count: 10_000)
        // After 13 frames the response is below its limit, and with the 14th above it.
        for _ in 0..<14 {
            #expect(wire.inbox.contents.endings.isEmpty)
            let before = wire.inbox.contents.bytes
            #expect(try await send(server, "[\"\(text)\"]").status == "204 No Content")
            try await wire.inbox.wait { $0.bytes >= before + text.utf8.count }
        }
        _ = try await wire.inbox.end()
        #expect(wire.inbox.contents.text.components(separatedBy: text).count == 15)
        // The session continues.
        let next = try await stream(server, line)
        #expect(try await send(server, #"["next"]"#).status == "204 No Content")
        #expect(try await next.text(endsWith: #"a["next"]"# + (component == "eventsource" ? "\r\n\r\n" : "\n")) != "")
        #expect(server.clients.count == 1)
        await server.stop()
    }

    @Test func aHeartBeatWhereNothingElseGoes() async throws {
        var options = Self.patient
        #expect(options.heartBeatInterval == .seconds(25))
        options.heartBeatInterval = .milliseconds(20)
        let server = try await EchoListener(sockJS: options)
        _ = try await poll(server)
        #expect(try await poll(server) == "h\n")
        let streaming = try await stream(server, "POST /ws/000/s1/xhr_streaming")
        try await streaming.inbox.wait { $0.text.contains("o\nh\nh\n") }
        let events = try await stream(server, "GET /ws/000/s2/eventsource")
        try await events.inbox.wait { $0.text.contains("data: o\r\n\r\ndata: h\r\n\r\ndata: h\r\n\r\n") }
        let inbox = Inbox()
        _ = try await TransportConnector().connect(
            to: .webSocket(server.port, "/ws/000/s3/websocket"), on: group.next(), deadline: .farEnough,
            receiver: inbox.factory)
        try await inbox.wait { $0.texts.starts(with: ["o", "h", "h"]) }
        await server.stop()
    }

    /// A receiver that disconnects during its response counts as a disconnected client.
    @Test func aDisconnectedReceiverIsGone() async throws {
        let server = try await EchoListener(sockJS: Self.patient)
        let wire = try await stream(server, "POST \(Self.session)/xhr_streaming")
        _ = try await wire.text(endsWith: "o\n")
        try await wire.stream.perform { $0.abort() }
        #expect(try await server.client.end() == nil)
        #expect(try await send(server, #"["x"]"#).status == "404 Not Found")
        await server.stop()
    }

    @Test func moreSessionsThanAreTakenAreTurnedAway() async throws {
        var options = Self.patient
        options.maximumSessions = 2
        let server = try await EchoListener(sockJS: options)
        for name in ["a", "b"] { #expect(try await poll(server, "/ws/000/\(name)") == "o\n") }
        let answer = try await ask(server, "POST /ws/000/c/xhr", body: "")
        #expect(answer.status == "503 Service Unavailable")
        await server.stop()
    }
}
