import NIOCore
import STOMPTransport
import Testing

@testable import StomptapOutput

/// The error line for each HTTP failure.
@Suite struct HTTPFailureTests {
    private static let url = "http://127.0.0.1:8080/events"
    private static let get = HTTPRequestSummary(.method("GET"), url, isSecure: false)

    private static func upgrade(_ url: String = "ws://127.0.0.1/ws", isSecure: Bool = false) -> HTTPRequestSummary {
        HTTPRequestSummary(.webSocket, url, isSecure: isSecure)
    }

    private static func refusal(
        _ status: Int, _ reason: String, location: String? = nil, type: String? = nil,
        identity: HTTPIdentity = HTTPIdentity()
    ) -> TransportError {
        .http(
            .notEventStream(
                HTTPRefusal(
                    status: status, reason: reason, body: "", location: location, contentType: type,
                    identity: identity),
                from: url))
    }

    static let requests: [Told] = [
        Told(
            .http(.invalidPath("/a b\n")),
            #"HTTP: the path "/a b\n" has characters that are not allowed in a URL; percent-encode them"#, .usage),
        Told(.http(.invalidHeaderName("a b\n")), #"HTTP: invalid header name "a b\n""#, .usage),
        Told(
            .http(
                .invalidValue(ofHeader: "X-A")), "HTTP: the value of the header X-A contains control characters",
            .usage),
        Told(
            .http(.cannotSendToEventStream), "HTTP: nothing can be sent on a server-sent event stream", .usage),
    ]

    static let answers: [Told] = [
        Told(
            .http(.noAnswer(to: get, within: .seconds(5))),
            "HTTP: timed out after 5 s waiting for an answer to GET http://127.0.0.1:8080/events; does this port "
                + "speak HTTP? A slow server may need --connect-timeout 30s", .timedOut),
        Told(
            .http(.noAnswer(to: upgrade(), within: .milliseconds(1500))),
            "HTTP: timed out after 1.5 s waiting for an answer to the WebSocket upgrade request to "
                + "ws://127.0.0.1/ws; does this port speak HTTP? A slow server may need --connect-timeout "
                + "30s", .timedOut),
        Told(
            .http(.connectionClosed(beforeAnswerTo: get)),
            "HTTP: the connection was closed without an answer to GET http://127.0.0.1:8080/events",
            .unavailable),
        Told(
            .http(.connectionClosed(beforeAnswerTo: upgrade())),
            "HTTP: the connection was closed without an answer to the WebSocket upgrade request to "
                + "ws://127.0.0.1/ws; if this port speaks TLS, try wss://", .unavailable),
        Told(
            .http(.connectionClosed(beforeAnswerTo: upgrade("wss://127.0.0.1/ws", isSecure: true))),
            "HTTP: the connection was closed without an answer to the WebSocket upgrade request to "
                + "wss://127.0.0.1/ws", .unavailable),
        Told(
            .http(.answerCutShort(of: url)),
            "HTTP: the connection was closed in the middle of an answer from "
                + "http://127.0.0.1:8080/events", .unavailable),
        Told(
            .http(.malformedAnswer(of: url)), "HTTP: the answer from http://127.0.0.1:8080/events is not valid HTTP",
            .protocolError),
        Told(
            .http(.notHTTP(from: url, firstLine: String(repeating: "x", count: 59) + "\u{1B}x", protocol: nil)),
            #"HTTP: http://127.0.0.1:8080/events answered ""# + String(repeating: "x", count: 59)
                + #"\x1b...", which is not HTTP"#, .protocolError),
        Told(
            .http(.notHTTP(from: url, firstLine: "SSH-2.0-x", protocol: .ssh)),
            #"HTTP: http://127.0.0.1:8080/events answered "SSH-2.0-x", which is not HTTP; this port speaks SSH"#,
            .protocolError),
        Told(
            .http(.notHTTP(from: url, firstLine: "ERROR", protocol: .stomp)),
            #"HTTP: http://127.0.0.1:8080/events answered "ERROR", which is not HTTP; "#
                + "this port speaks STOMP without WebSocket: try stomp://", .protocolError),
        Told(
            .http(.compressedAnswer(encoding: "gzip\u{1B}")),
            #"HTTP: the server compressed the answer with gzip\x1b, which is not supported"#, .protocolError),
        Told(
            .http(.headTooLarge(of: url)),
            "HTTP: the head of the answer from http://127.0.0.1:8080/events is too large", .protocolError),
        Told(
            .http(.tooManyInformationalAnswers(from: "127.0.0.1:80", limit: 16384)),
            "HTTP: 127.0.0.1:80 sent more than 16384 bytes of informational answers and no final one",
            .protocolError),
        Told(
            .http(.lineTooLong(limit: 106)),
            "HTTP: the server sent a line of more than 106 bytes; raise the limit with --max-message", .protocolError),
        Told(
            .http(.eventTooLong(limit: 100)),
            "HTTP: the server sent an event of more than 100 bytes; raise the limit with --max-message",
            .protocolError),
    ]

    static let eventStreams: [Told] = [
        Told(
            refusal(200, "OK"),
            "HTTP: http://127.0.0.1:8080/events answered without a content type, expected text/event-stream",
            .protocolError),
        Told(
            refusal(200, "OK", type: "application/json"),
            "HTTP: http://127.0.0.1:8080/events answered application/json, expected text/event-stream", .protocolError),
        Told(
            refusal(200, "OK", type: "Text/HTML; charset=utf-8"),
            "HTTP: http://127.0.0.1:8080/events answered Text/HTML; charset=utf-8, expected text/event-stream; this "
                + "is a web page; the event stream has another URL", .protocolError),
        Told(
            refusal(204, "No Content"),
            "HTTP: 204 No Content from http://127.0.0.1:8080/events: the server asks clients not to reconnect",
            .unavailable),
        Told(
            refusal(401, "Unauthorized"),
            "HTTP: 401 Unauthorized from http://127.0.0.1:8080/events; send credentials with --http-header or "
                + "--cookie, or an --origin that the server allows", .refused),
        Told(
            refusal(403, ""),
            "HTTP: 403 from http://127.0.0.1:8080/events; send credentials with --http-header or --cookie, or an "
                + "--origin that the server allows", .refused),
        Told(
            refusal(401, "", identity: HTTPIdentity(givenHeaders: ["Authorization"])),
            "HTTP: 401 from http://127.0.0.1:8080/events; Authorization was sent but rejected; see the log of the "
                + "application", .refused),
        Told(
            refusal(403, "", identity: HTTPIdentity(origin: "http://a")),
            "HTTP: 403 from http://127.0.0.1:8080/events; send credentials with --http-header or --cookie, or "
                + "another --origin", .refused),
        Told(
            refusal(302, "Found", location: "/login\u{1B}"),
            "HTTP: 302 Found from http://127.0.0.1:8080/events, not an event stream; "
                + #"it redirects to /login\x1b, a login page; send credentials with --cookie or --http-header"#,
            .protocolError),
        Told(
            refusal(431, "Large"),
            "HTTP: 431 Large from http://127.0.0.1:8080/events, not an event stream; the request headers are too "
                + "large for the server: send smaller cookies (--cookie) or headers (--http-header)", .protocolError),
        Told(
            refusal(404, "Not\u{1B}Found"),
            #"HTTP: 404 Not\x1bFound from http://127.0.0.1:8080/events, not an event stream"#, .protocolError),
    ]

    @Test(arguments: requests + answers + eventStreams) func saysWhatHappened(_ told: Told) { told.check() }

    @Test(arguments: [
        (ForeignProtocol.http, "this port speaks HTTP: for STOMP over WebSocket try ws://HOST:PORT/PATH"),
        (.tls, "this port speaks TLS: try stomps:// or wss://"),
        (.amqp, "this port speaks AMQP: RabbitMQ has STOMP on 61613, and on 15674/ws over WebSocket"),
        (.stomp, "this port speaks STOMP without WebSocket: try stomp://"),
        (
            .sockJS,
            "this is a SockJS session: use the http:// URL of its endpoint, or ws:// with /websocket right after it"
        ),
        (.socketIO, "this endpoint speaks Socket.IO, not STOMP"),
        (.json, "the server sent JSON, not STOMP; is this the path of its STOMP endpoint?"),
        (.echo, "the server echoes what it receives; is this the path of its STOMP endpoint?"),
        (.ssh, "this port speaks SSH"), (.smtp, "this port speaks SMTP or FTP"),
    ])
    func aForeignProtocolHasAHint(spoken: ForeignProtocol, hint: String) {
        #expect(spoken.hint == hint)
    }

    @Test(arguments: [
        (200, "is the path right? RabbitMQ uses /ws, Spring the path given to addEndpoint"),
        (404, "is the path right? RabbitMQ uses /ws, Spring the path given to addEndpoint"),
        (405, "is the path right? RabbitMQ uses /ws, Spring the path given to addEndpoint"),
        (400, "is the path right, and does a proxy in front forward the Upgrade header?"),
        (426, "does a proxy in front forward the Upgrade header?"),
        (502, "a proxy in front may not reach the application: is it running, on the port that the proxy uses?"),
        (503, "a proxy in front may not reach the application: is it running, on the port that the proxy uses?"),
        (504, "a proxy in front may not reach the application: is it running, on the port that the proxy uses?"),
        (500, nil), (410, nil),
    ])
    func aRefusalHasAHint(status: Int, hint: String?) {
        #expect(HTTPRefusal(status: status, reason: "", body: "").hint == hint)
    }

    @Test(arguments: [
        ("400 The plain HTTP request was sent to HTTPS port", true),
        ("You're speaking plain HTTP to an SSL-enabled server port.", true),
        ("This combination of host and port requires TLS.", true),
        ("Client sent an HTTP request to an HTTPS server.", true), ("Bad Request", false), ("", false),
    ])
    func aPageMaySayThatThePortWantsTLS(body: String, wantsTLS: Bool) {
        #expect(HTTPRefusal(status: 400, reason: "", body: body).saysPortWantsTLS == wantsTLS)
    }
}
