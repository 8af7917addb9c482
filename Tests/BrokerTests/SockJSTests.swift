import Foundation
import TestSupport
import Testing

/// The program with node-sockjs, over each transport, as seen by the server.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct SockJSTests {
    /// The transports apart from `auto`; both sides use these names.
    private static let transports = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"]
    private static let receiving = [
        "websocket": "GET /stomp/S/websocket", "xhr-streaming": "POST /stomp/S/xhr_streaming",
        "eventsource": "GET /stomp/S/eventsource", "xhr-polling": "POST /stomp/S/xhr",
    ]

    private func stomptap(
        _ command: String, _ url: String, _ destination: String, _ transport: String, _ arguments: String...,
        input: Program.Input = .nothing
    ) -> Program {
        var program = Program.stomptap(command, url, destination, "--sockjs-transport", transport, input: input)
        program.arguments += arguments
        return program
    }

    private func succeed(
        _ program: Program, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ProgramResult {
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)", sourceLocation: sourceLocation)
        return result
    }

    /// A new name for this test only.
    private func name() -> String { UUID().uuidString.lowercased() }

    @Test(arguments: transports + ["auto"])
    func subscribesAndPublishesByTheTransportAskedFor(transport: String) async throws {
        let node = try await NodeSockJSServer.shared
        let (tail, sender, topic) = (name(), name(), "/topic/\(name())")
        let seen = transport == "auto" ? "websocket" : transport
        let subscribe = stomptap(
            "subscribe", node.url(of: tail), topic, transport, "-n", "1000", "-o", "body")
        try await subscribe.startSubscribed { subscriber in
            let lines = Program.Input.text(awkwardLines.joined(separator: "\n") + "\n")
            _ = try await succeed(stomptap("publish", node.url(of: sender), topic, transport, "-l", input: lines))
            let result = try await subscriber.result()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.output == awkwardLines.joined(separator: "\n") + "\n")
        }
        for client in [tail, sender] {
            let lines = node.lines(of: client)
            let path = try #require(Self.receiving[seen])
            #expect(lines.first == "GET /stomp/info ")
            #expect(lines.filter { $0.hasPrefix("session ") }.count == 1)
            #expect(lines.contains { $0.hasPrefix("session \(seen) /stomp/") }, "\(lines)")
            let requests = Set(lines.filter { $0.hasPrefix("GET") || $0.hasPrefix("POST") })
            let sending: Set<String> = seen == "websocket" ? [] : ["POST /stomp/S/xhr_send "]
            #expect(requests == sending.union(["GET /stomp/info ", path + " "]))
        }
    }

    /// Each response ends after 4 KiB; several responses in sequence must deliver everything.
    @Test(arguments: ["xhr-streaming", "eventsource"])
    func asksAgainWhereAResponseEnds(transport: String) async throws {
        let node = try await NodeSockJSServer.shared
        let (tail, topic) = (name(), "/topic/\(name())")
        let subscribe = stomptap("subscribe", node.url("small", of: tail), topic, transport, "-n", "1000", "-o", "body")
        try await subscribe.startSubscribed { subscriber in
            let lines = Program.Input.text(awkwardLines.joined(separator: "\n") + "\n")
            _ = try await succeed(stomptap("publish", node.url("small"), topic, transport, "-l", input: lines))
            #expect(try await subscriber.result().output == awkwardLines.joined(separator: "\n") + "\n")
        }
        #expect(node.lines(of: tail).count { $0.contains("/S/\(transport.replacing("-", with: "_")) ") } > 2)
    }

    @Test func autoSaysWhatItTried() async throws {
        let node = try await NodeSockJSServer.shared
        let client = name()
        let result = try await succeed(
            stomptap("publish", node.url("nowebsocket", of: client), "/topic/a", "auto", "hi", "-v"))
        let info = node.url("nowebsocket") + "/info"
        #expect(
            result.errors.contains("websocket does not work, \(info) offers no WebSocket: trying xhr-streaming"))
        #expect(result.errors.contains("SockJS xhr-streaming at \(node.url("nowebsocket"))"), "\(result)")
        #expect(node.lines(of: client).contains { $0.hasPrefix("session xhr-streaming ") })
        let forced = try await stomptap("publish", node.url("nowebsocket"), "/topic/a", "websocket", "hi").run()
        #expect(forced.status == .exited(76))
        #expect(forced.errors == "stomptap: SockJS: \(info) offers no WebSocket\n")
    }

    /// A WebSocket request to the URL of a SockJS endpoint: the error has a URL that works.
    @Test func aWebSocketURLGetsTheOneThatWorks() async throws {
        let node = try await NodeSockJSServer.shared
        let refused = try await Program.stomptap("publish", node.url(scheme: "ws"), "/topic/a", "hi").run()
        #expect(refused.status == .exited(76), "\(refused)")
        let hint = "; this is a SockJS endpoint: use \(node.url()), or \(node.url(scheme: "ws"))/websocket\n"
        #expect(refused.errors.hasSuffix(hint), "\(refused)")
        #expect(refused.errors.split(separator: "\n").count == 1)
        let client = name()
        let url = node.url("stomp/websocket", scheme: "ws", of: client)
        _ = try await succeed(Program.stomptap("publish", url, "/topic/a", "hi"))
        #expect(node.lines(of: client).contains("session websocket-raw /stomp/websocket"))
    }

    /// The server's heart-beat is a ping over WebSocket, and `h` otherwise; both are shown, and neither is treated
    /// as a message.
    @Test(arguments: transports)
    func seesItsHeartBeats(transport: String) async throws {
        let node = try await NodeSockJSServer.shared
        let tail = stomptap("subscribe", node.url("beating"), "/topic/\(name())", transport, "-vv")
        try await tail.start { tail in
            try await tail.waitFor(transport == "websocket" ? "< ws frame ping" : "< sockjs h ", count: 3, in: .stderr)
            tail.send(signal: SIGINT)
            let result = try await tail.result()
            #expect(result.status == .exited(130), "\(result)")
            #expect(result.output == "")
        }
    }

    @Test(arguments: transports)
    func keepsTheCookie(transport: String) async throws {
        let node = try await NodeSockJSServer.shared
        let client = name()
        let publish = stomptap(
            "publish", node.url("cookies", of: client), "/topic/a", transport, "hi", "--cookie", "JSESSIONID=node7; a=b"
        )
        _ = try await succeed(publish)
        let requests = node.lines(of: client).filter { !$0.hasPrefix("session") && !$0.hasPrefix("closed") }
        #expect(requests.count >= 2)
        #expect(requests.allSatisfy { $0.hasSuffix(" JSESSIONID=node7; a=b") }, "\(requests)")

        let other = name()
        _ = try await succeed(stomptap("publish", node.url("cookies", of: other), "/topic/a", transport, "hi"))
        let sends = node.lines(of: other).filter { $0.contains("xhr_send") }
        #expect(sends.allSatisfy { $0.hasSuffix(" JSESSIONID=dummy") }, "\(sends)")
        #expect(sends.isEmpty == (transport == "websocket"))
    }

    @Test(arguments: transports)
    func givesItsCredentialsWithEachRequest(transport: String) async throws {
        let node = try await NodeSockJSServer.shared
        let url = node.url("protected")
        let refused = try await stomptap("publish", url, "/topic/a", transport, "hi").run()
        #expect(refused.status == .exited(77))
        #expect(
            refused.errors
                == "stomptap: SockJS: 401 Unauthorized from \(url)/info; send credentials, such as --http-header "
                + "'Authorization: Bearer TOKEN'\n")
        _ = try await succeed(
            stomptap("publish", url, "/topic/a", transport, "hi", "--http-header", "Authorization: Bearer secret"))
    }

    /// The server restarts: `subscribe` reconnects with the same transport and restores its subscription.
    @Test(arguments: transports)
    func outlivesARestart(transport: String) async throws {
        let node = try await NodeSockJSServer.start()
        let (client, topic) = (name(), "/topic/\(name())")
        var tail = stomptap(
            "subscribe", node.url(of: client), topic, transport, "-o", "body", "--reconnect-delay", "50ms",
            "--reconnect-max-delay", "200ms")
        tail.limit = .seconds(200)
        try await tail.startSubscribed { tail in
            _ = try await succeed(stomptap("publish", node.url(), topic, transport, "before"))
            try await tail.waitFor("before\n")
            try await node.server.restart()
            try await tail.waitFor("reconnected; offline ", in: .stderr)
            // The program subscribes after it reconnects; until then the server discards messages.
            _ = try await tail.wait(otherwise: "gets nothing") {
                _ = try await succeed(stomptap("publish", node.url(), topic, transport, "after"))
                return tail.written.output.contains("after\n") ? true : nil
            }
            tail.send(signal: SIGINT)
            #expect(try await tail.result().status == .exited(130))
        }
        #expect(node.lines(of: client).filter { $0.hasPrefix("session \(transport) ") }.count == 2)
        try await node.server.stop()
    }
}
