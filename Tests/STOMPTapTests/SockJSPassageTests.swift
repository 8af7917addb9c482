import NIOCore
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPTap

/// The requests of SockJS sessions, and the session events that the tap reports.
@Suite(.timeLimit(.minutes(1))) struct SockJSPassageTests {
    private static func request(_ session: String, _ transport: String, _ body: String = "", method: String = "POST")
        -> String
    {
        "\(method) /ws/000/\(session)/\(transport) HTTP/1.1\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func answer(_ body: String, _ status: String = "200 OK", headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Sends a request and its answer; both must pass unchanged.
    private static func exchange(_ app: Wire, _ server: Wire, _ request: String, _ answer: String) async throws {
        let (sent, received) = (server.count, app.count)
        app.send(request)
        try await server.wait("request \(request)") { $0.count == sent + request.utf8.count }
        #expect(server.text.hasSuffix(request))
        server.send(answer)
        try await app.wait("answer \(answer)") { $0.count == received + answer.utf8.count }
        #expect(app.text.hasSuffix(answer))
    }

    private static func open(_ between: Between) async throws -> (app: Wire, server: Wire) {
        let app = try await between.connect()
        let number = between.server.all.count
        app.send("GET /ws/info HTTP/1.1\r\n\r\n")
        let server = try await between.server.wire(number)
        try await server.wait(until: "\r\n\r\n")
        server.send(answer("{}"))
        try await app.wait(until: "{}")
        return (app, server)
    }

    @Test func interleavedSessionsAreKeptApart() async throws {
        try await Between.run { between in
            let (app1, server1) = try await Self.open(between)
            let (app2, server2) = try await Self.open(between)
            // Each session uses both connections.
            try await Self.exchange(app1, server1, Self.request("aaa", "xhr"), Self.answer("o\n"))
            try await Self.exchange(app2, server2, Self.request("bbb", "xhr"), Self.answer("o\n"))
            for (name, first, second) in [
                ("aaa", (app2, server2), (app1, server1)), ("bbb", (app1, server1), (app2, server2)),
            ] {
                let connect = #"["CONNECT\naccept-version:1.2\nlogin:\#(name)\n\n\u0000"]"#
                try await Self.exchange(
                    first.0, first.1, Self.request(name, "xhr_send", connect), Self.answer("", "204 No Content"))
                let connected = #"a["CONNECTED\nversion:1.2\nx:\#(name)\n\n\u0000"]"# + "\n"
                try await Self.exchange(second.0, second.1, Self.request(name, "xhr"), Self.answer(connected))
            }
            try await between.wait("frame") { $0.frames(.incoming).count == 2 && $0.frames(.outgoing).count == 2 }
            var frames: [Int: [String]] = [:]
            for event in between.all {
                guard case .frame(let frame) = event.content else { continue }
                frames[event.connection, default: []].append(frame.headers["login"] ?? frame.headers["x"] ?? "")
            }
            #expect(frames == [1: ["aaa", "aaa"], 2: ["bbb", "bbb"]])
            #expect(between.openings == ["aaa", "bbb"].map { .sockJS(transport: "xhr", session: "/ws/000/\($0)") })
            try await Self.exchange(app1, server1, Self.request("aaa", "xhr"), Self.answer("c[3000,\"Go away!\"]\n"))
            try await between.wait("end") { $0.endings.count == 1 }
            #expect(between.endings == [.sockJSClosed(code: 3000, reason: "Go away!")])
            // A client continues to poll until it has read the close frame. These requests belong to the same
            // session until it is opened again.
            try await Self.exchange(app2, server2, Self.request("aaa", "xhr"), Self.answer("c[3000,\"Go away!\"]\n"))
            let farewell = #"["DISCONNECT\n\n\u0000"]"#
            try await Self.exchange(
                app2, server2, Self.request("aaa", "xhr_send", farewell), Self.answer("", "404 Not Found"))
            try await between.wait("last frame") { $0.frames(.outgoing).count == 3 }
            #expect(between.openings.count == 2 && between.endings.count == 1)
            #expect(Set(between.all.map(\.connection)) == [1, 2])
            try await Self.exchange(app1, server1, Self.request("aaa", "xhr"), Self.answer("o\n"))
            try await between.wait("opening") { $0.openings.count == 3 }
            #expect(between.all.last { if case .opened = $0.content { true } else { false } }?.connection == 3)
            #expect(between.notes == [])
        }
    }

    @Test(arguments: [
        ("xhr_streaming", "POST", "o\n", "a[\"x\\\"y\"]\n"),
        ("eventsource", "GET", "\r\ndata: o\r\n\r\n", "data: a[\"x\\\"y\"]\r\n\r\n"),
        (
            "htmlfile", "GET", "<script>\np(\"o\");\n</script>\r\n",
            "<script>\np(\"a[\\\"x\\\\\\\"y\\\"]\");\n</script>\r\n"
        ),
    ]) func streamsPassAtOnce(transport: String, method: String, open: String, message: String) async throws {
        try await Between.run(reportsLayers: true) { between in
            let (app, server) = try await Self.open(between)
            app.send(Self.request("aaa", transport, method: method))
            try await server.wait(until: Self.request("aaa", transport, method: method))
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            server.send(head)
            try await app.wait(until: head)
            for (number, piece) in [open, message, message].enumerated() {
                let chunk = "\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n"
                server.send(chunk)
                try await app.wait(until: chunk)
                try await between.wait("message") { $0.messages(.incoming).count == number }
            }
            #expect(between.messages(.incoming) == ["x\"y", "x\"y"])
            #expect(between.layers.contains("sockjs sock JSFrame open"))
            #expect(between.layers.contains("sockjs sock JSFrame messages count 1 bytes 3"))
            // The app may close at any time; ``EndTableTests`` checks that this ends the session.
            app.close()
            try await server.waitForEnd()
            #expect(between.notes == [])
        }
    }

    @Test func jsonpPasses() async throws {
        try await Between.run { between in
            let (app, server) = try await Self.open(between)
            let poll = Self.request("aaa", "jsonp?c=cb", method: "GET")
            try await Self.exchange(app, server, poll, Self.answer("/**/cb(\"o\");\r\n"))
            let body = "d=%5B%22hi+%22%5D"
            let send =
                "POST /ws/000/aaa/jsonp_send HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            try await Self.exchange(app, server, send, Self.answer("ok"))
            try await Self.exchange(app, server, poll, Self.answer("/**/cb(\"a[\\\"ho\\\"]\");\r\n"))
            try await between.wait("message") { $0.messages(.incoming) == ["ho"] }
            #expect(between.messages(.outgoing) == ["hi "])
            #expect(between.notes == [])
        }
    }

    @Test func aSecondReceiverEndsItselfOnly() async throws {
        try await Between.run { between in
            let (app1, server1) = try await Self.open(between)
            let (app2, server2) = try await Self.open(between)
            let stream = Self.request("aaa", "xhr_streaming")
            app1.send(stream)
            try await server1.wait(until: stream)
            server1.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\no\n\r\n")
            try await app1.wait(until: "2\r\no\n\r\n")
            try await Self.exchange(app2, server2, stream, Self.answer("c[2010,\"Another connection still open\"]\n"))
            server1.send("7\r\na[\"hi\"]\r\n1\r\n\n\r\n")
            try await between.wait("message") { $0.messages(.incoming) == ["hi"] }
            #expect(between.endings == [])
            #expect(between.openings.count == 1)
        }
    }

    @Test(arguments: [(404, "Not Found"), (500, "No")])
    func aRefusedSessionEnds(status: Int, reason: String) async throws {
        try await Between.run { between in
            let (app, server) = try await Self.open(between)
            try await Self.exchange(app, server, Self.request("aaa", "xhr"), Self.answer("no", "\(status) \(reason)"))
            try await between.wait("end") { $0.endings == [.answered(status: status, reason: reason)] }
            // A request that only sends does not open a session.
            try await Self.exchange(
                app, server, Self.request("aaa", "xhr_send", "[]"), Self.answer("no", "404 Not Found"))
            #expect(between.openings.count == 1)
        }
    }

    @Test func invalidSockJSIsReportedAndPasses() async throws {
        try await Between.run {
            $0.transport.maximumMessage = 100
        } _: { between in
            let (app, server) = try await Self.open(between)
            try await Self.exchange(app, server, Self.request("aaa", "xhr"), Self.answer("o\nx\na[1]\nh\n"))
            try await between.wait("note") { $0.notes.count == 2 }
            try await Self.exchange(
                app, server, Self.request("aaa", "xhr_send", "[\"a"), Self.answer("Broken", "500 No"))
            try await between.wait("note") { $0.notes.count == 3 }
            let large = "[\"" + String(repeating: "x", count: 200) + "\"]"
            try await Self.exchange(app, server, Self.request("aaa", "xhr_send", large), Self.answer("", "204 Yes"))
            try await between.wait("note") { $0.notes.count == 4 }
            try await Self.exchange(app, server, Self.request("aaa", "xhr"), Self.answer("a\(large)\n"))
            try await between.wait("note") { $0.notes.count == 5 }
            let zipped = Self.answer("\u{1}\u{2}", headers: "Content-Encoding: gzip\r\n")
            try await Self.exchange(app, server, Self.request("aaa", "xhr"), zipped)
            try await between.wait("note") { $0.notes.count == 6 }
            func frame(_ text: String, _ fault: JSONFault) -> TapNote {
                .invalidSockJSFrame(.sockJS(.invalidFrame(ByteBuffer(string: text), fault)))
            }
            #expect(
                between.notes == [
                    frame("x", JSONFault(.unknownFrame, at: 0)), frame("a[1]", JSONFault(.noString, at: 2)),
                    .invalidSockJSMessages(JSONFault(.endsInString, at: 3)), .requestTooLarge,
                    .noLongerTakenApart(.http(.lineTooLong(limit: 100))),
                    .noLongerTakenApart(.http(.compressedAnswer(encoding: "gzip"))),
                ])
            // The session continues.
            try await Self.exchange(app, server, Self.request("aaa", "xhr"), Self.answer("a[\"hi\"]\n"))
            try await between.wait("message") { $0.messages(.incoming) == ["hi"] }
        }
    }

    @Test func compressedAnswersAreNotAskedFor() async throws {
        try await Between.run(reportsLayers: true) { between in
            let (app, server) = try await Self.open(between)
            app.send("POST /ws/000/aaa/xhr HTTP/1.1\r\nAccept-Encoding: gzip, br\r\n\r\n")
            try await server.wait(until: "POST /ws/000/aaa/xhr HTTP/1.1\r\nAccept-Encoding: identity\r\n\r\n")
            try await between.wait("layer") { $0.layers.contains("http offer withheld of gzip, br") }
            app.send("POST /ws/000/aaa/xhr_send HTTP/1.1\r\nAccept-Encoding: gzip\r\nContent-Length: 0\r\n\r\n")
            try await server.wait(for: "identity")
        }
    }

    @Test func sessionsOverWebSocketAreUnwrapped() async throws {
        try await Between.run(reportsLayers: true) { between in
            let (app, server) = try await between.webSocket("/ws/000/aaa/websocket")
            let text = { (text: String, key: Bool) in
                WebSocketDissector.message(ByteBuffer(string: text), isText: true, isMasked: key)
            }
            server.send(text("o", false))
            try await app.wait("opening") { $0.text.hasSuffix("o") && $0.count == Between.switching().utf8.count + 3 }
            app.send(text(#"["CONNECT\n\n\u0000"]"#, true))
            try await between.wait("frame") { $0.frames(.outgoing).count == 1 }
            server.send(text(#"a["CONNECTED\nversion:1.2\n\n\u0000","\n"]"#, false))
            try await between.wait("frame") { $0.frames(.incoming).count == 1 }
            server.send(text(#"c[3000,"Go away!"]"#, false))
            try await app.wait("all of it") { $0.text.contains("Go away!") }
            server.close()
            try await app.waitForEnd()
            app.close()
            try await between.wait("end") { $0.endings.count == 1 }
            #expect(between.endings == [.sockJSClosed(code: 3000, reason: "Go away!")])
            #expect(between.openings == [.webSocket(path: "/ws/000/aaa/websocket")])
            #expect(between.layers.suffix(4).contains("sockjs sock JSFrame close code 3000 reason Go away!"))
        }
    }
}
