import NIOCore
import STOMPCore
import TestSupport
import Testing

@testable import STOMPTap

/// Faults in SockJS sessions that use scripts and forms, and faults between requests.
@Suite(.timeLimit(.minutes(1))) struct ScriptFaultTests {
    private static let connect = #"["CONNECT\naccept-version:1.2\n\n\u0000"]"#
    private static let poll = "GET /ws/000/aaa/jsonp?c=cb HTTP/1.1\r\n\r\n"

    private static func answer(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func script(_ frame: String) -> String {
        var script = ByteBuffer(string: "/**/cb(")
        script.writeJSONString(ByteBuffer(string: frame))
        return String(buffer: script) + ");\r\n"
    }

    private static func form(_ array: String) -> String {
        let form = "Content-Type: application/x-www-form-urlencoded"
        let body = String(
            buffer: SockJSForm(["Content-Type": "application/x-www-form-urlencoded"]).body(.init(string: array)))
        return "POST /ws/000/aaa/jsonp_send HTTP/1.1\r\n\(form)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func run(_ faults: TapFaults, _ body: (Between, Wire, Wire) async throws -> Void) async throws {
        try await Between.run {
            $0.faults = faults
        } _: { between in
            let app = try await between.connect()
            app.send(poll)
            let server = try await between.server.wire()
            try await server.wait(until: poll)
            server.send(answer(script("o")))
            try await app.wait(for: script("o"))
            try await body(between, app, server)
        }
    }

    @Test func messagesAreDroppedFromScriptsAndForms() async throws {
        var faults = TapFaults()
        faults.dropsMessage = { String(buffer: $0.body).contains("lost") }
        try await Self.run(faults) { between, app, server in
            app.send(Self.form(Self.connect))
            try await server.wait(for: Self.form(Self.connect))
            server.send(Self.answer("ok"))
            try await app.wait(for: "ok")
            let sends = [#"SEND\ndestination:/a\n\nlost\u0000"#, #"SEND\ndestination:/a\n\nkept+%\u0000"#]
            app.send(Self.form("[\"\(sends[0])\",\"\(sends[1])\"]"))
            try await server.wait(for: Self.form("[\"\(sends[1])\"]"))
            server.send(Self.answer("ok"))
            for (came, passes) in [
                (#"a["CONNECTED\nversion:1.2\n\n\u0000"]"#, #"a["CONNECTED\nversion:1.2\n\n\u0000"]"#),
                (#"a["MESSAGE\ndestination:/a\n\nlost\u0000"]"#, "h"),
                (#"a["MESSAGE\ndestination:/a\n\nkept\u0000"]"#, #"a["MESSAGE\ndestination:/a\n\nkept\u0000"]"#),
            ] {
                // The previous poll has the same text.
                let before = server.count
                app.send(Self.poll)
                try await server.wait("poll") { $0.count == before + Self.poll.utf8.count }
                server.send(Self.answer(Self.script(came)))
                try await app.wait(for: Self.script(passes))
            }
            #expect(!app.text.contains("lost") && !server.text.contains("lost"))
            #expect(between.faults == [.send, .message].map { .droppedFrame($0, destination: "/a", bodySize: 4) })
        }
    }

    @Test func aCloseCodeIsSentInAScript() async throws {
        var faults = TapFaults()
        faults.closing = .frames(1)
        faults.closeCode = 3042
        try await Self.run(faults) { between, app, server in
            app.send(Self.form(Self.connect))
            try await between.wait("close") { $0.faults == [.closed(code: 3042)] }
            let next = try await between.connect()
            next.send(Self.poll)
            try await next.wait(for: Self.script(#"c[3042,"closed by stomptap"]"#))
        }
    }

    /// The tap never offers HTTP/2 to the server, so nothing has to wait after such a request.
    @Test func anOfferOfHTTP2HoldsNothingUp() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("POST /a HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 4\r\n\r\nab")
            let server = try await between.server.wire()
            try await server.wait(for: "\r\n\r\nab")
            server.send("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
            try await app.wait(for: "401 No")
            app.send("cdGET /b HTTP/1.1\r\n\r\n")
            try await server.wait(for: "cdGET /b HTTP/1.1\r\n\r\n")
        }
    }
}
