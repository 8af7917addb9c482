import NIOCore
import STOMPTransport
import Testing

@testable import StomptapCommands

struct CheckWalkTests {
    private let start = NIODeadline.now()

    /// The steps of a walk whose events arrive 10 ms, 20 ms, 30 ms and so on after its start.
    private func steps(_ events: WireEvent...) -> [String] {
        var walk = CheckWalk(start: start, now: Timestamp(nanoseconds: 0))
        return events.enumerated().flatMap { index, event in
            walk.receive(event, at: start + .milliseconds(Int64(index + 1) * 10))
        }.map { step in
            let time = step.duration.map { " \($0.nanoseconds / 1_000_000)" } ?? ""
            return "\(step.result.rawValue) \(step.name.rawValue)\(time): \(step.detail)"
        }
    }

    private func request(_ target: String, method: String = "GET", wantsWebSocket: Bool = false) -> WireEvent {
        WireEvent(
            .http, .outgoing, .layers,
            .requestHead(method: method, target: target, version: "HTTP/1.1", wantsWebSocket: wantsWebSocket))
    }
    private func answer(_ status: Int, _ reason: String?) -> WireEvent {
        WireEvent(.http, .incoming, .layers, .responseHead(version: "HTTP/1.1", status: status, reason: reason))
    }
    private let connected = WireEvent(.tcp, .local, .layers, .connected(to: "127.0.0.1:80"))

    @Test func anUpgradeIsTimedFromItsRequest() {
        #expect(
            steps(connected, request("/ws?a=1"), answer(101, "Switching Protocols")) == [
                "ok tcp 10: connected to 127.0.0.1:80", "ok upgrade 10: /ws?a=1: 101 Switching Protocols",
            ])
    }

    @Test func sockJSIsWalkedThroughItsInfo() {
        #expect(
            steps(
                connected, request("/ws/info?t=1"), answer(200, "OK"), connected,
                request("/ws/1/a/websocket"), answer(101, "")
            ) == [
                "ok tcp 10: connected to 127.0.0.1:80", "ok sockjs 10: /ws/info?t=1: 200 OK",
                "ok upgrade 10: /ws/1/a/websocket: 101",
            ])
    }

    /// The time to read the trusted CAs or to look up a name does not count for TCP.
    @Test func tcpIsTimedFromItsFirstSocket() {
        let connecting = WireEvent(.tcp, .local, .layers, .connecting(to: "localhost:80"))
        #expect(steps(answer(200, "OK"), connecting, connected) == ["ok tcp 10: connected to 127.0.0.1:80"])
    }

    /// A server that answers 200 at `/info` is SockJS only if its later answers confirm it.
    @Test(arguments: [(200, "OK"), (404, "Not Found")])
    func anAnswerThatIsNoSockJSIsAWarning(status: Int, reason: String) {
        let page = HTTPRefusal(status: 200, reason: "OK", body: "", contentType: "text/html")
        let verdict = WireEvent(
            .sockjs, .local, .frames,
            .fellBackToWebSocket(because: .sockJS(.infoNotJSON(url: "http://h/ws/info", page))))
        #expect(
            steps(connected, request("/ws/info"), answer(status, reason), verdict) == [
                "ok tcp 10: connected to 127.0.0.1:80",
                "warn sockjs 10: http://h/ws/info answered text/html, expected JSON: trying a plain WebSocket",
            ])
        #expect(steps(connected, request("/ws/info"), answer(status, reason)).count == 1)
    }

    @Test(arguments: [(200, "OK"), (404, "Not Found")])
    func aRefusedUpgradeIsNoStepBeforeItsFailure(status: Int, reason: String) {
        let upgrade = request("/ws", wantsWebSocket: true)
        // After that the server is asked whether it is a SockJS endpoint.
        let events = [
            connected, upgrade, answer(status, reason), connected, request("/ws/info"),
            answer(200, "OK"),
        ]
        #expect(failure(in: "WebSocket", after: events) == "upgrade 10")
    }

    @Test func aFailureIsTimedFromItsOwnBeginning() {
        let sent = WireEvent(.stomp, .outgoing, .frames, .frame(command: "CONNECT"))
        #expect(failure(in: "TCP", after: []) == "tcp 10")
        #expect(failure(in: "TLS", after: [connected]) == "tls 10")
        #expect(failure(in: "HTTP", after: [connected, request("/ws")]) == "http 10")
        #expect(failure(in: "STOMP", after: [connected, sent]) == "stomp 10")
        // The connection breaks while `check` waits for CONNECTED, and another request then looks for the cause.
        let closed = WireEvent(.tcp, .local, .layers, .closed)
        #expect(failure(in: "TCP", after: [connected, sent, closed, answer(200, "OK")]) == "stomp 10")
    }

    /// The step that fails 10 ms after the last event, and its time.
    private func failure(in layer: String, after events: [WireEvent]) -> String {
        var walk = CheckWalk(start: start, now: Timestamp(nanoseconds: 0))
        for (index, event) in events.enumerated() {
            let steps = walk.receive(event, at: start + .milliseconds(Int64(index + 1) * 10))
            #expect(steps.allSatisfy { $0.name == .tcp })
        }
        let end = start + .milliseconds(Int64(events.count + 1) * 10)
        let step = walk.failed(in: layer, at: end, "no", remedy: nil)
        return "\(step.name.rawValue) \((step.duration?.nanoseconds ?? 0) / 1_000_000)"
    }

    @Test func manyPollsAreOneStep() {
        let poll = [request("/ws/1/a/xhr", method: "POST"), answer(200, "OK")]
        #expect(steps(poll[0], poll[1], poll[0], poll[1], poll[0], poll[1]).count == 1)
    }

    @Test func anAnswerWithoutSuccessIsAWarningEachTime() {
        #expect(
            steps(request("/a"), answer(404, nil), request("/a"), answer(500, "Server  Error")) == [
                "warn http 10: /a: 404", "warn http 10: /a: 500 Server Error",
            ])
        let foreign = WireEvent(.http, .incoming, .layers, .unreadableHead(firstLine: "SSH-2.0 x"))
        #expect(steps(request("/a"), foreign) == ["warn http 10: /a: x"])
    }

    @Test func aProxyIsAStep() {
        let established = WireEvent(
            .proxy, .incoming, .layers, .responseHead(version: "HTTP/1.1", status: 200, reason: "OK"))
        let succeeded = WireEvent(.proxy, .incoming, .layers, .socks(.succeeded))
        #expect(steps(connected, established).last == "ok proxy 10: HTTP/1.1 200 OK")
        #expect(steps(connected, succeeded).last == "ok proxy 10: SOCKS5 succeeded")
        let asked = WireEvent(.proxy, .outgoing, .layers, .socks(.connect(to: "a:1")))
        #expect(steps(connected, asked).count == 1)
    }

    @Test func anAnswerToNothingIsNoStep() {
        #expect(steps(answer(200, "OK")) == [])
    }

    @Test(arguments: [
        (30, TLSSummary.Trust.notAsked, "ok tls: CN=a, 30 days left, chain of 1 certificate"),
        (
            30,
            .unverified([
                VerificationFailure(.selfSigned, certificate(days: 30)),
                VerificationFailure(.wrongPurpose, certificate(days: 30)),
            ]),
            "warn tls: CN=a, 30 days left, chain of 1 certificate, not verified: the server's certificate CN=a is "
                + "self-signed and not in the system's trust store, the server's certificate CN=a is not for a TLS "
                + "server"
        ),
    ])
    func aCertificateIsShownWithItsDays(days: Int, trust: TLSSummary.Trust, line: String) {
        #expect(steps(established(days: days, trust: trust)) == ["ok tls 10: TLSv1.3 AES", line])
    }

    @Test func oneDayIsSingular() {
        #expect(
            steps(established(days: 1, trust: .notAsked)).last == "ok tls: CN=a, 1 day left, chain of 1 certificate")
    }

    @Test(arguments: [(13, "warn"), (14, "ok"), (-1, "warn")])
    func aCertificateThatEndsSoonIsAWarning(days: Int, result: String) {
        let trust = TLSSummary.Trust.verified(by: Self.certificate(days: 1), from: .path("ca.pem"))
        #expect(steps(established(days: days, trust: trust)).last?.hasPrefix("\(result) tls: ") == true)
    }

    private func established(days: Int, trust: TLSSummary.Trust) -> WireEvent {
        let summary = TLSSummary(
            version: "TLSv1.3", cipher: "AES", chain: [Self.certificate(days: days)], trust: trust)
        return WireEvent(.tls, .local, .layers, .handshakeDone(summary))
    }

    private static func certificate(days: Int) -> TLSCertificate {
        TLSCertificate(
            subject: "CN=a", issuer: "CN=b", names: [], notBefore: 0, notAfter: days * 86400, sha256: "00",
            isAuthority: false, purposes: [])
    }
}
