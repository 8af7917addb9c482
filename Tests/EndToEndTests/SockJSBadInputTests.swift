import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// A SockJS server that behaves incorrectly: one line with the layer, the cause and, if known, the fix, and the
/// correct exit status.
@Suite(.spawning) struct SockJSBadInputTests {
    /// Runs `subscribe` with a server that answers by `script`, and checks how it ends.
    private func expect(
        _ status: Int32, _ line: String, transport: String = "auto", _ arguments: String...,
        sourceLocation: SourceLocation = #_sourceLocation, script: @escaping ScriptedHTTP.Script
    ) async throws {
        try await ScriptedHTTP.run(script: script) { server in
            var program = Program.stomptap(
                "subscribe", "http://127.0.0.1:\(server.port)/ws", "/topic/a", "--sockjs-transport", transport)
            program.arguments += arguments.isEmpty ? ["--reconnect", "never"] : arguments
            let result = try await program.run()
            #expect(result.status == .exited(status), "\(result)", sourceLocation: sourceLocation)
            let errors = result.errors.replacing(":\(server.port)", with: ":PORT")
                .replacing(/\/[0-9]{3}\/[a-z0-5]{16}\//, with: "/S/")
            #expect(errors == "stomptap: \(line)\n", sourceLocation: sourceLocation)
            #expect(result.output == "", sourceLocation: sourceLocation)
        }
    }

    /// A server that opens the session and connects, and after SUBSCRIBE answers polls with these; the last one
    /// repeats.
    private static func polled(_ answers: ScriptedHTTP.Reply...) -> ScriptedHTTP.Script {
        let given = NIOLockedValueBox<Int?>(nil)
        return { request in
            switch request.path {
            case "/ws/info":
                return .infoWithoutWebSocket
            case "/ws/S/xhr_send":
                if request.body.contains("SUBSCRIBE") { given.withLockedValue { $0 = 0 } }
                return .answer("204 No Content")
            case "/ws/S/xhr" where request.index == 0:
                return .answer("200 OK", "o\n")
            case "/ws/S/xhr" where request.index == 1:
                return .answer("200 OK", connected)
            case "/ws/S/xhr":
                return given.withLockedValue { given in
                    guard let index = given else { return .answer("200 OK", "h\n") }
                    given = index + 1
                    return answers[min(index, answers.count - 1)]
                }
            default:
                return .notFound
            }
        }
    }

    private static let connected = #"a["CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\u0000"]"# + "\n"
    private static let path = "; is the path right? RabbitMQ uses /ws, Spring the path given to addEndpoint"
    private static let lost =
        "was it restarted, or does a load balancer send requests of one session to several servers?"

    @Test func noInfo() async throws {
        try await expect(
            76,
            "WebSocket: neither SockJS nor a WebSocket: 404 Not Found from http://127.0.0.1:PORT/ws/info, not a "
                + "SockJS endpoint; 404 Not Found from ws://127.0.0.1:PORT/ws, not a WebSocket upgrade" + Self.path
        ) { _ in .notFound }
        try await expect(
            76, "SockJS: 404 Not Found from http://127.0.0.1:PORT/ws/info, not a SockJS endpoint" + Self.path,
            transport: "xhr-streaming"
        ) { _ in .notFound }
    }

    @Test func aRefusal() async throws {
        try await expect(
            77,
            "SockJS: 401 Unauthorized from http://127.0.0.1:PORT/ws/info; send credentials, such as --http-header "
                + "'Authorization: Bearer TOKEN'"
        ) { _ in .answer("401 Unauthorized") }
        try await expect(
            77,
            "SockJS: 403 Forbidden from http://127.0.0.1:PORT/ws/info; try --origin http://127.0.0.1:PORT, or send "
                + "credentials with --http-header or --cookie"
        ) { _ in .answer("403 Forbidden") }
    }

    @Test func anotherContentType() async throws {
        let page: ScriptedHTTP.Script = { _ in .answer("200 OK", "<!doctype html>", type: "text/html") }
        try await expect(
            76,
            "WebSocket: neither SockJS nor a WebSocket: http://127.0.0.1:PORT/ws/info answered text/html, expected "
                + "JSON; 200 OK from ws://127.0.0.1:PORT/ws, not a WebSocket upgrade" + Self.path, script: page)
        try await expect(
            76, "SockJS: http://127.0.0.1:PORT/ws/info answered text/html, expected JSON" + Self.path,
            transport: "xhr-polling", script: page)
    }

    @Test func aSessionThatExpires() async throws {
        try await expect(
            69,
            "SockJS: the server no longer knows the session: 404 Not Found from http://127.0.0.1:PORT/ws/S/xhr; "
                + Self.lost, transport: "xhr-polling", script: Self.polled(.answer("404 Not Found")))
        try await expect(
            69, "SockJS: the server lost the session and opened a new one; \(Self.lost)", transport: "xhr-polling",
            script: Self.polled(.answer("200 OK", "o\n")))
        try await expect(
            69,
            "SockJS: the server no longer knows the session: 404 Not Found from "
                + "http://127.0.0.1:PORT/ws/S/xhr_send; \(Self.lost)", transport: "xhr-polling"
        ) { request in
            switch request.path {
            case "/ws/info": .infoWithoutWebSocket
            case "/ws/S/xhr": request.index == 0 ? .answer("200 OK", "o\n") : .silence
            default: .notFound
            }
        }
    }

    /// An unrequested response must not be used as the answer to the next poll: the program closes the connection,
    /// and the session continues.
    @Test func aPollAnsweredTwice() async throws {
        let twice = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh\n"
        let message = #"a["MESSAGE\nsubscription:sub-0\nmessage-id:1\ndestination:/topic/a\n\nhello\u0000"]"# + "\n"
        try await ScriptedHTTP.run(
            script: Self.polled(.bytes(twice + twice), .answer("200 OK", message), .silence)
        ) { server in
            let result = try await Program.stomptap(
                "subscribe", "http://127.0.0.1:\(server.port)/ws", "/topic/a", "--sockjs-transport", "xhr-polling",
                "-n",
                "1", "-o", "body", "-v", "--receipt-timeout", "200ms"
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.output == "hello\n")
            let told = result.errors.split(separator: "\n").filter { $0.contains("unrequested response") }
            #expect(told.count == 1, "\(result)")
            #expect(
                told.first?.hasSuffix("* http unrequested response; connection dropped")
                    == true)
        }
    }

    @Test(arguments: [
        ("hello", "expected o, h, a or c at byte 0"), ("a[hello]", #"expected a string at byte 2"#),
        (#"a["hello"#, "unexpected end in a string at byte 8"),
        (#"a{"0":"x"}"#, #"expected "[" at byte 1"#),
        (#"c["3000"]"#, "expected a value at byte 2"),
        (#"a["x"]x"#, "unexpected text after the end at byte 6"),
    ])
    func anEnvelopeThatIsNoJSON(envelope: String, fault: String) async throws {
        try await expect(
            76, "SockJS: the server sent an invalid SockJS frame: \"\(envelope)\", \(fault)", transport: "xhr-polling",
            script: Self.polled(.answer("200 OK", envelope + "\n")))
    }

    @Test(arguments: [(2010, "Another connection still open"), (3000, "Go away!")])
    func aCloseFrame(code: Int, reason: String) async throws {
        let frame = "c[\(code),\"\(reason)\"]\n"
        let remedy =
            code == 2010
            ? "; perhaps a proxy keeps finished requests open; try --sockjs-transport websocket"
            : "; the session had ended on the server, or this client read too slowly"
        try await expect(
            69, "SockJS: closed by the server with \(code) \"\(reason)\"\(remedy)", transport: "xhr-polling",
            script: Self.polled(.answer("200 OK", frame)))
        for transport in ["xhr-streaming", "eventsource"] {
            let isEvents = transport == "eventsource"
            try await expect(
                69, "SockJS: the server closed the session before it was open, with \(code) \"\(reason)\"\(remedy)",
                transport: transport
            ) { request in
                switch request.path {
                case "/ws/info": .infoWithoutWebSocket
                default: .streaming(isEvents ? "\r\ndata: \(frame)\r\n" : "hhhh\n\(frame)")
                }
            }
        }
    }
}
