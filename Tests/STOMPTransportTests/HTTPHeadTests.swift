import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// HTTP heads in a trace, and answers that are not event streams.
@Suite struct HTTPHeadTests {
    @Test(arguments: [
        ("GET /ws HTTP/1.1\r\nHost: a\r\nUPGRADE:  WebSocket \r\n\r\n", "GET /ws HTTP/1.1 true"),
        ("GET /ws HTTP/1.1\r\nHost: a\r\nX-Upgrade: websocket\r\n\r\n", "GET /ws HTTP/1.1 false"),
        ("GET /ws HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", "GET /ws HTTP/1.1 false"),
        ("HTTP/1.1 404 Not  Found\r\n\r\n", "HTTP/1.1 404 Not  Found"),
        ("HTTP/1.1 204 \r\n\r\n", "HTTP/1.1 204 "), ("HTTP/1.1 204\r\n\r\n", "HTTP/1.1 204 nil"),
    ])
    func aHeadIsRead(_ head: String, _ facts: String) throws {
        let read: String? =
            switch WireEvent.Content.head(ByteBuffer(string: head)) {
            case .requestHead(let method, let target, let version, let wantsWebSocket):
                "\(method) \(target) \(version) \(wantsWebSocket)"
            case .responseHead(let version, let status, let reason): "\(version) \(status) \(reason ?? "nil")"
            default: nil
            }
        #expect(read == facts)
    }

    @Test(arguments: [
        "", "SSH-2.0-x", "HTTP/1.1 OK", "HTTP/1.1 20", "HTTP/1.1 +20 x", "HTTP/1.1  200 OK", "GET /a b",
        "GET /a b HTTP/1.1",
    ])
    func anUnreadableHeadIsReportedUnchanged(_ line: String) {
        guard case .unreadableHead(line) = WireEvent.Content.head(ByteBuffer(string: line + "\r\n\r\n")) else {
            Issue.record("\(WireEvent.Content.head(ByteBuffer(string: line)))")
            return
        }
    }

    /// The error when a server with this reply is asked for events, and the requested URL.
    private static func failure(_ reply: String, path: String = "/e?secret") async throws -> (TransportError?, String) {
        try await ScriptedServer.run(.text(reply, closes: true)) { server in
            let target = TransportTarget(
                kind: .eventStream(requestTarget: path), host: "127.0.0.1", port: server.port, isSecure: false)
            let error = await transportError {
                let stream = try await TransportConnector().connect(
                    to: target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
                stream.abort()
            }
            return (error, "http://127.0.0.1:\(server.port)/e")
        }
    }

    @Test(arguments: [
        ("200 OK\r\nContent-Type: text/html; charset=utf-8\r\n", TransportError.Kind.protocolViolation),
        ("200 Fine\r\n", .protocolViolation), ("204 Nothing\r\n", .connectionLost), ("401 Who\r\n", .refused),
        ("403 Forbidden\r\n", .refused), ("302 Found\r\nLocation: /login\r\n", .protocolViolation),
        ("500 Oops\r\n", .protocolViolation),
    ])
    func anAnswerThatIsNoEventStream(_ head: String, _ kind: TransportError.Kind) async throws {
        let (error, url) = try await Self.failure("HTTP/1.1 \(head)Content-Length: 0\r\n\r\n")
        let lines = head.split(separator: "\r\n")
        let field = { (name: String) in
            lines.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
        }
        let refusal = HTTPRefusal(
            status: Int(lines[0].prefix(3)) ?? 0, reason: String(lines[0].dropFirst(4)), body: "",
            location: field("Location"), contentType: field("Content-Type"))
        #expect(error == .http(.notEventStream(refusal, from: url)))
        #expect(error?.kind == kind && error?.response == refusal)
    }

    @Test func whatIsNoAnswerIsNamed() async throws {
        let (silent, url) = try await Self.failure("")
        #expect(
            silent
                == .http(
                    .connectionClosed(beforeAnswerTo: HTTPRequestSummary(.method("GET"), url, isSecure: false))))
        let (ssh, place) = try await Self.failure("SSH-2.0-x\r\n\r\n")
        #expect(ssh == .http(.notHTTP(from: place, firstLine: "SSH-2.0-x", protocol: .ssh)))
        let (invalid, _) = try await Self.failure("", path: "/a b")
        #expect(invalid == .http(.invalidPath("/a b")))
    }
}
