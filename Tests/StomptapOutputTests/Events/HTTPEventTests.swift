import STOMPTransport
import Testing

@testable import StomptapOutput

/// HTTP and proxy events as the value of `event` in `--trace-file`, which scripts read.
@Suite struct HTTPEventTests {
    @Test(
        arguments: [
            (
                .requestHead(method: "GET", target: "/a?b", version: "HTTP/1.1", wantsWebSocket: true),
                "GET /a?b HTTP/1.1"
            ),
            (
                .responseHead(version: "HTTP/1.1", status: 101, reason: "Switching Protocols"),
                "HTTP/1.1 101 Switching Protocols"
            ),
            (.responseHead(version: "HTTP/1.0", status: 200, reason: ""), "HTTP/1.0 200 "),
            (.responseHead(version: "HTTP/1.1", status: 200, reason: nil), "HTTP/1.1 200"),
            (.unreadableHead(firstLine: "SSH-2.0-x"), "SSH-2.0-x"),
            (.unsolicitedAnswer, "unrequested response; connection dropped"),
            (
                .connectingThroughProxy("socks5://p:1080", to: "broker:61613"),
                "connecting to broker:61613 through socks5://p:1080"
            ),
            (.socks(.greeting), "SOCKS5 greeting"), (.socks(.answer), "SOCKS5 answer"),
            (.socks(.credentials), "SOCKS5 user and password"),
            (.socks(.connect(to: "broker:61613")), "SOCKS5 CONNECT broker:61613"),
            (.socks(.request), "SOCKS5 request"), (.socks(.reply), "SOCKS5 reply"),
            (.socks(.succeeded), "SOCKS5 succeeded"),
            (
                .failed(.proxy(.credentialsRejected(by: "socks5://p:1080"))),
                "the proxy socks5://p:1080 rejected the user or password"
            ),
        ] as [(WireEvent.Content, String)])
    func eventsHaveATextOfTheirOwn(content: WireEvent.Content, text: String) {
        #expect(WireEvent(.http, .local, .layers, content).text == text)
    }
}
