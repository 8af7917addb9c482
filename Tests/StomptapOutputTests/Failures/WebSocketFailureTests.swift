import STOMPTransport
import StomptapOutput
import Testing

/// The error line for each WebSocket failure.
@Suite struct WebSocketFailureTests {
    private static let url = "ws://h/ws"
    private static let path = "; is the path right? RabbitMQ's is /ws, Spring's what addEndpoint names"

    private static func refusal(
        _ status: Int, _ reason: String = "Oops", body: String = "", location: String? = nil, sent: [String] = []
    ) -> HTTPRefusal {
        HTTPRefusal(
            status: status, reason: reason, body: body, location: location, identity: HTTPIdentity(givenHeaders: sent))
    }

    private static func notUpgraded(
        _ status: Int, _ reason: String = "Oops", body: String = "", location: String? = nil,
        sent: [String] = [], sockJS: SockJSAddress? = nil
    ) -> TransportError {
        .webSocket(
            .notUpgraded(
                url: url, refusal(status, reason, body: body, location: location, sent: sent), sockJS: sockJS))
    }

    private static func refused(
        _ status: Int, _ reason: String = "", origin: String? = nil, sent: [String] = []
    ) -> TransportError {
        var refusal = refusal(status, reason, sent: sent)
        refusal.identity.origin = origin
        return .webSocket(.refused(url: url, refusal, ownOrigin: "http://h"))
    }

    private static func sockJS(hadSlash: Bool = false) -> SockJSAddress {
        SockJSAddress(url: "http://h/ws", webSocketURL: "ws://h/ws/websocket", hadSlash: hadSlash)
    }

    private static let tooLarge =
        "; the headers of the request are too large for it: send smaller cookies (--cookie) or headers (--http-header)"

    static let refusals: [Told] = [
        Told(
            refused(401, "Unauthorized"),
            "WebSocket: 401 Unauthorized from ws://h/ws; give credentials, such as --http-header "
                + "'Authorization: Bearer TOKEN'", .refused),
        Told(
            refused(401, origin: "http://a"),
            "WebSocket: 401 from ws://h/ws; give credentials, such as --http-header 'Authorization: Bearer TOKEN'",
            .refused),
        Told(
            refused(403, "Forbidden"),
            "WebSocket: 403 Forbidden from ws://h/ws; try --origin http://h, or credentials by --http-header or "
                + "--cookie", .refused),
        Told(
            refused(403, "Forbidden", origin: "http://a"),
            "WebSocket: 403 Forbidden from ws://h/ws: the server refused this origin; try --origin http://h",
            .refused),
        Told(
            refused(403, "Forbidden", origin: "http://h"),
            "WebSocket: 403 Forbidden from ws://h/ws: the server refused this origin; try --origin with the URL of "
                + "its own pages", .refused),
        // Another spelling of the same origin.
        Told(
            refused(403, origin: "HTTP://h:80"),
            "WebSocket: 403 from ws://h/ws: the server refused this origin; try --origin with the URL of its own pages",
            .refused),
        Told(
            refused(401, "Unauthorized", sent: ["X-Trace", "Authorization"]),
            "WebSocket: 401 Unauthorized from ws://h/ws; Authorization was sent: the application refused it; its log "
                + "says why", .refused),
        Told(
            refused(401, sent: ["Cookie"]),
            "WebSocket: 401 from ws://h/ws; a cookie was sent: the application refused it; its log says why", .refused),
        Told(
            refused(403, sent: ["Authorization"]),
            "WebSocket: 403 from ws://h/ws; try --origin http://h; Authorization was sent: if the application refused "
                + "it, its log says why", .refused),
        Told(
            notUpgraded(200, "OK"),
            "WebSocket: 200 OK with an empty body from ws://h/ws, not a WebSocket upgrade; Spring answers so where a "
                + "HandshakeInterceptor refuses; give credentials by --http-header or --cookie", .protocolError),
        Told(
            notUpgraded(200, "OK", sent: ["Authorization"]),
            "WebSocket: 200 OK with an empty body from ws://h/ws, not a WebSocket upgrade; Spring answers so where a "
                + "HandshakeInterceptor refuses; Authorization was sent: the application refused it; its log says why",
            .protocolError),
        Told(
            notUpgraded(302, "Found", location: "https://h/login?next=1"),
            "WebSocket: 302 Found from ws://h/ws, not a WebSocket upgrade; it redirects to https://h/login?next=1, a "
                + "login page; give credentials by --cookie or --http-header", .protocolError),
        Told(
            notUpgraded(302, "Found", location: "/oauth2/authorization/x", sent: ["Cookie"]),
            "WebSocket: 302 Found from ws://h/ws, not a WebSocket upgrade; it redirects to /oauth2/authorization/x, a "
                + "login page; a cookie was sent: the application refused it; its log says why", .protocolError),
        Told(
            notUpgraded(302, "Found", location: "http://h/assigning?to=/login"),
            "WebSocket: 302 Found from ws://h/ws, not a WebSocket upgrade; it redirects to "
                + "http://h/assigning?to=/login", .protocolError),
        Told(
            notUpgraded(431, "Request Header Fields Too Large"),
            "WebSocket: 431 Request Header Fields Too Large from ws://h/ws, not a WebSocket upgrade" + tooLarge,
            .protocolError),
        Told(
            notUpgraded(400, "Bad Request", body: "<h1>400 Bad Request</h1>Request Header Or Cookie Too Large"),
            "WebSocket: 400 Bad Request from ws://h/ws, not a WebSocket upgrade" + tooLarge, .protocolError),
        Told(
            notUpgraded(400, "Bad Request", body: "<p>Message Request header is too large</p>"),
            "WebSocket: 400 Bad Request from ws://h/ws, not a WebSocket upgrade" + tooLarge, .protocolError),
        Told(
            notUpgraded(200, "OK", body: "<html>"), "WebSocket: 200 OK from ws://h/ws, not a WebSocket upgrade" + path,
            .protocolError),
        Told(
            notUpgraded(404, "Not\u{1B}Found"),
            "WebSocket: 404 Not\\x1bFound from ws://h/ws, not a WebSocket upgrade" + path, .protocolError),
        Told(notUpgraded(405), "WebSocket: 405 Oops from ws://h/ws, not a WebSocket upgrade" + path, .protocolError),
        Told(
            notUpgraded(400, ""),
            "WebSocket: 400 from ws://h/ws, not a WebSocket upgrade; is the path right, and does a proxy in front "
                + "pass on the Upgrade header?", .protocolError),
        Told(
            notUpgraded(400, "Bad Request", body: "The plain HTTP request was sent to HTTPS port"),
            "WebSocket: 400 Bad Request from ws://h/ws: this port speaks TLS; try wss://", .protocolError),
        Told(
            notUpgraded(500, body: "The plain HTTP request was sent to HTTPS port"),
            "WebSocket: 500 Oops from ws://h/ws, not a WebSocket upgrade", .protocolError),
        Told(
            notUpgraded(426),
            "WebSocket: 426 Oops from ws://h/ws, not a WebSocket upgrade; does a proxy in front pass on the Upgrade "
                + "header?", .protocolError),
        Told(
            notUpgraded(502),
            "WebSocket: 502 Oops from ws://h/ws, not a WebSocket upgrade; a proxy in front may have no backend: is the "
                + "application running, and at the proxy's port?", .protocolError),
        Told(
            notUpgraded(302, "Found", location: "http://h/\nlogin"),
            "WebSocket: 302 Found from ws://h/ws, not a WebSocket upgrade; it redirects to http://h/\\nlogin, a login page; "
                + "give credentials by --cookie or --http-header", .protocolError),
        Told(
            notUpgraded(304, "Not Modified"),
            "WebSocket: 304 Not Modified from ws://h/ws, not a WebSocket upgrade", .protocolError),
        Told(
            notUpgraded(400, "Bad Request", sockJS: sockJS()),
            "WebSocket: 400 Bad Request from ws://h/ws, not a WebSocket upgrade; this is a SockJS endpoint: use "
                + "http://h/ws, or ws://h/ws/websocket", .protocolError),
        Told(
            notUpgraded(404, "Not Found", sockJS: sockJS(hadSlash: true)),
            "WebSocket: 404 Not Found from ws://h/ws, not a WebSocket upgrade; leave out the slash at the end of the "
                + "path; this is a SockJS endpoint: use http://h/ws, or ws://h/ws/websocket", .protocolError),
    ]

    static let answers: [Told] = [
        Told(
            .webSocket(.noUpgradeHeader(from: url)), "WebSocket: 101 from ws://h/ws without 'Upgrade: websocket'",
            .protocolError),
        Told(
            .webSocket(.noConnectionHeader(from: url)), "WebSocket: 101 from ws://h/ws without 'Connection: Upgrade'",
            .protocolError),
        Told(
            .webSocket(.wrongAccept(from: url)),
            "WebSocket: 101 from ws://h/ws with a Sec-WebSocket-Accept that does not answer the key", .protocolError),
        Told(
            .webSocket(.unofferedExtension("foo", from: url)),
            "WebSocket: 101 from ws://h/ws with the extension foo, which was not offered", .protocolError),
        Told(
            .webSocket(.invalidExtensionAnswer("permessage-deflate; x", from: url)),
            "WebSocket: 101 from ws://h/ws with permessage-deflate; x, which is no answer to the offer of "
                + "permessage-deflate", .protocolError),
        Told(
            .webSocket(.unofferedSubprotocol(["stomp"], from: url, offered: [])),
            "WebSocket: 101 from ws://h/ws with the subprotocol stomp, where none was offered; offer it with "
                + "--subprotocol", .protocolError),
        Told(
            .webSocket(.unofferedSubprotocol(["a", "b"], from: url, offered: ["v12.stomp", "v11.stomp"])),
            "WebSocket: 101 from ws://h/ws with the subprotocol a, b, where v12.stomp, v11.stomp were offered",
            .protocolError),
        Told(
            .webSocket(.unofferedSubprotocol([""], from: url, offered: ["v12.stomp"])),
            "WebSocket: 101 from ws://h/ws with the subprotocol , where v12.stomp were offered", .protocolError),
        Told(
            .webSocket(.chunkedUpgrade(from: url)),
            "WebSocket: 101 from ws://h/ws with 'Transfer-Encoding: chunked', and no WebSocket frame after it; "
                + "a proxy in front treats the WebSocket as a plain answer: it must pass on Upgrade", .protocolError),
        Told(
            .webSocket(.unknownExtensions(["foo", "bar"])), "WebSocket: the extension foo, bar is not known",
            .protocolError),
        Told(
            .webSocket(.invalidSubprotocol("v12 stomp")),
            "WebSocket: \"v12 stomp\" cannot be the name of a subprotocol",
            .usage),
    ]

    static let connections: [Told] = [
        Told(
            .webSocket(.messageTooLarge(limit: 1000, from: .server)),
            "WebSocket: the server sent a message of more than 1000 octets; raise the limit with --max-message",
            .protocolError),
        Told(
            .webSocket(.messageTooLarge(limit: 1000, from: .otherSide)),
            "WebSocket: the other side sent a message of more than 1000 octets; raise the limit with --max-message",
            .protocolError),
        Told(
            .webSocket(.tooMuchUnread(from: .client)),
            "WebSocket: the client ended the connection when more had come than can be kept; the rest was left out; "
                + "raise the limit with --max-message",
            .protocolError),
        Told(
            .webSocket(.closedWithoutCloseFrame(by: "127.0.0.1:80")),
            "WebSocket: 127.0.0.1:80 ended the connection without a close frame", .unavailable),
        Told(
            .webSocket(.cannotCompress(cause: "insufficient memory")),
            "WebSocket: zlib cannot be used: insufficient memory", .usage),
    ]

    static let violations: [Told] = [
        (WebSocketViolation.unmaskedFrame, "an unmasked frame"), (.maskedFrame, "a masked frame"),
        (.unknownOpcode(3), "a frame with the unknown opcode 3"),
        (.reservedBit, "a frame with a reserved bit set, as of an extension that was not agreed on"),
        (.fragmentedControlFrame, "a fragmented control frame"),
        (.largeControlFrame, "a control frame of more than 125 octets"),
        (.halfCloseCode, "a close frame with half a close code"),
        (.forbiddenCloseCode(1005), "the close code 1005, which is not to be sent"),
        (.closeReasonNotUTF8, "a close reason that is no UTF-8"),
        (.continuationOfNothing, "a continuation of no message"),
        (.messageInsideMessage, "a new message in the midst of a fragmented one"),
        (.textNotUTF8, "a text message that is no UTF-8"),
        (.brokenCompression(cause: "invalid block type"), "a compressed message that is broken: invalid block type"),
        (.truncatedCompression, "a compressed message that is broken: it ends too early"),
        (.tooLarge(limit: 5), "a message of more than 5 octets"),
    ].map { violation, text in
        Told(
            .webSocket(.protocolViolation(violation, by: .server)), "WebSocket: the server sent " + text,
            .protocolError)
    }

    @Test(arguments: refusals) func saysWhatARefusalMeans(_ told: Told) { told.check() }
    @Test(arguments: answers) func saysWhatIsWrongWithAnAnswer(_ told: Told) { told.check() }
    @Test(arguments: connections) func saysWhyAConnectionEnds(_ told: Told) { told.check() }
    @Test(arguments: violations) func saysWhatWasSent(_ told: Told) { told.check() }
}
