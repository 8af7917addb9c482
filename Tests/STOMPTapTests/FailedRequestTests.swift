import NIOCore
import STOMPTransport
import Testing

@testable import STOMPTap

/// Failures that keep an app from opening its session, as the server's answers show them.
@Suite struct FailedRequestTests {
    /// The notes of a tap after a web page sent this request and received this answer.
    private static func notes(
        _ request: String, _ headers: String = "Host: tap:9000\r\nOrigin: http://tap:9000\r\n", answer: String
    ) -> [TapNote] {
        let tap = VirtualTap(.webSocket(requestTarget: "/")) { $0.listenNames = ["tap"] }
        tap.accept()
        tap.send("\(request) HTTP/1.1\r\n\(headers)\r\n", from: .app)
        tap.connect()
        tap.send(answer, from: .server)
        return tap.notes
    }

    private static let upgrade =
        "Host: tap:9000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://other\r\n"

    @Test func theOriginIsWhatTheServerGot() {
        let answer = "HTTP/1.1 403 \r\nContent-Length: 20\r\n\r\nInvalid CORS request"
        let body = ByteBuffer(string: "Invalid CORS request")
        #expect(
            Self.notes("GET /ws/info?t=1", answer: answer) == [
                .requestFailed(
                    FailedRequest(path: "/ws/info", origin: "http://server:61613", status: 403, reason: "", body: body))
            ])
        #expect(
            Self.notes("GET /ws", Self.upgrade, answer: answer) == [
                .requestFailed(
                    FailedRequest(path: "/ws", origin: "http://other", status: 403, reason: "", body: body))
            ])
    }

    @Test(arguments: [
        ("GET /ws/info", 404, true), ("GET /ws/info", 302, true), ("GET /ws/info", 200, false),
        ("GET /ws/info", 304, false), ("GET /page", 404, false), ("POST /ws/000/abc/xhr_send", 403, true),
        ("POST /ws/000/abc/xhr_send", 204, false), ("POST /ws/000/abc/xhr_send", 404, false),
    ]) func onlyWhatASessionNeedsIsReported(request: String, status: Int, isReported: Bool) {
        let answer = "HTTP/1.1 \(status) x\r\nContent-Length: 0\r\n\r\n"
        #expect(Self.notes(request, answer: answer).isEmpty == !isReported)
    }

    @Test func anAnswerThatIsCutShortIsReported() {
        let tap = VirtualTap(.webSocket(requestTarget: "/"))
        tap.accept()
        tap.send("GET /ws/info HTTP/1.1\r\n\r\n", from: .app)
        tap.connect()
        tap.send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9\r\n\r\nno", from: .server)
        #expect(tap.notes == [])
        tap.go(.server)
        tap.go(.app)
        let body = ByteBuffer(string: "no")
        #expect(
            tap.notes == [
                .requestFailed(
                    FailedRequest(path: "/ws/info", origin: nil, status: 502, reason: "Bad Gateway", body: body))
            ])
    }

    @Test func aCookieOfAnotherDomainIsReportedOnce() {
        let cookies =
            "Set-Cookie: a=b; Domain=example.com\r\nSet-Cookie: c=d\r\nSet-Cookie: e=f; Domain=.example.com\r\n"
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\(cookies)\r\n"
        let tap = VirtualTap(.webSocket(requestTarget: "/"))
        tap.accept()
        for _ in 0..<2 {
            tap.send("GET / HTTP/1.1\r\nHost: localhost:9000\r\n\r\n", from: .app)
            tap.connect()
            tap.send(answer, from: .server)
        }
        let expected = ["a", "e"].map {
            TapNote.cookieOfOtherDomain(name: $0, domain: "example.com", host: "localhost")
        }
        #expect(tap.notes == expected)
    }

    /// The app disconnects before the server is connected; then the server gets some time to close.
    @Test func aServerThatComesTooLateIsClosed() {
        let tap = VirtualTap(.tcp)
        tap.accept()
        tap.send("CONNECT\n\n\0", from: .app)
        tap.go(.app)
        tap.connect()
        tap.advance(by: .seconds(6))
        #expect(tap.closing(.server) == .all || tap.closing(.server) == .output)
        #expect(!tap.timers.keys.contains(.endClose(1, .server)))
        tap.go(.server)
        #expect(tap.machine.isEmpty)
    }
}
