import STOMPTransport
import StomptapOutput
import Testing

/// The error line for each WebSocket failure.
@Suite struct WebSocketFailureTests {
    private static let url = "ws://h/ws"
    private static let path = "; is the path right? RabbitMQ uses /ws, Spring the path given to addEndpoint"

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
        "; the request headers are too large for the server: send smaller cookies (--cookie) or headers (--http-header)"

    static let refusals: [Told] = [
        Told(
            refused(401, "Unauthorized"),
            "WebSocket: 401 Unauthorized from ws://h/ws; send credentials, such as --http-header 'Authorization: "
                + "Bearer TOKEN'", .refused),
        Told(
            refused(401, origin: "http://a"),
            "WebSocket: 401 from ws://h/ws; send credentials, such as --http-header 'Authorization: Bearer TOKEN'",
            .refused),
        Told(
            refused(403, "Forbidden"),
            "WebSocket: 403 Forbidden from ws://h/ws; try --origin http://h, or send credentials with --http-header "
                + "or --cookie", .refused),
        Told(
            refused(403, "Forbidden", origin: "http://a"),
            "WebSocket: 403 Forbidden from ws://h/ws: the server refused this origin; try --origin http://h",
            .refused),
        Told(
            refused(403, "Forbidden", origin: "http://h"),
            "WebSocket: 403 Forbidden from ws://h/ws: the server refused this origin; try --origin with the URL of "
                + "the server's own pages", .refused),
        // Another spelling of the same origin.
        Told(
            refused(403, origin: "HTTP://h:80"),
            "WebSocket: 403 from ws://h/ws: the server refused this origin; try --origin with the URL of the "
                + "server's own pages",
            .refused),
        Told(
            refused(401, "Unauthorized", sent: ["X-Trace", "Authorization"]),
            "WebSocket: 401 Unauthorized from ws://h/ws; Authorization was sent but rejected; see the log of the "
                + "application", .refused),
        Told(
            refused(401, sent: ["Cookie"]),
            "WebSocket: 401 from ws://h/ws; a cookie was sent but rejected; see the log of the application", .refused),
        Told(
            refused(403, sent: ["Authorization"]),
            "WebSocket: 403 from ws://h/ws; try --origin http://h; Authorization was sent; if it was rejected, see "
                + "the log of the application", .refused),
        Told(
            notUpgraded(200, "OK"),
            "WebSocket: 200 OK with an empty body from ws://h/ws, not a WebSocket upgrade; Spring answers like this "
                + "if a HandshakeInterceptor rejects the request; send credentials with --http-header or "
                + "--cookie", .protocolError),
        Told(
            notUpgraded(200, "OK", sent: ["Authorization"]),
            "WebSocket: 200 OK with an empty body from ws://h/ws, not a WebSocket upgrade; Spring answers like this "
                + "if a HandshakeInterceptor rejects the request; Authorization was sent but rejected; see the log "
                + "of the application",
            .protocolError),
        Told(
            notUpgraded(302, "Found", location: "https://h/login?next=1"),
            "WebSocket: 302 Found from ws://h/ws, not a WebSocket upgrade; it redirects to https://h/login?next=1, a "
                + "login page; send credentials with --cookie or --http-header", .protocolError),
        Told(
            notUpgraded(302, "Found", location: "/oauth2/authorization/x", sent: ["Cookie"]),
            "WebSocket: 302 Found from ws://h/ws, not a WebSocket upgrade; it redirects to /oauth2/authorization/x, "
                + "a login page; a cookie was sent but rejected; see the log of the application", .protocolError),
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
                + "forward the Upgrade header?", .protocolError),
        Told(
            notUpgraded(400, "Bad Request", body: "The plain HTTP request was sent to HTTPS port"),
            "WebSocket: 400 Bad Request from ws://h/ws: this port speaks TLS; try wss://", .protocolError),
        Told(
            notUpgraded(500, body: "The plain HTTP request was sent to HTTPS port"),
            "WebSocket: 500 Oops from ws://h/ws, not a WebSocket upgrade", .protocolError),
        Told(
            notUpgraded(426),
            "WebSocket: 426 Oops from ws://h/ws, not a WebSocket upgrade; does a proxy in front forward the Upgrade "
                + "header?", .protocolError),
        Told(
            notUpgraded(502),
            "WebSocket: 502 Oops from ws://h/ws, not a WebSocket upgrade; a proxy in front may not reach the "
                + "application: is it running, on the port that the proxy uses?", .protocolError),
        Told(
            notUpgraded(302, "Found", location: "http://h/\nlogin"),
            "WebSocket: 302 Found from ws://h/ws, not a WebSocket upgrade; it redirects to http://h/\\nlogin, a "
                + "login page; send credentials with --cookie or --http-header", .protocolError),
        Told(
            notUpgraded(304, "Not Modified"),
            "WebSocket: 304 Not Modified from ws://h/ws, not a WebSocket upgrade", .protocolError),
        Told(
            notUpgraded(400, "Bad Request", sockJS: sockJS()),
            "WebSocket: 400 Bad Request from ws://h/ws, not a WebSocket upgrade; this is a SockJS endpoint: use "
                + "http://h/ws, or ws://h/ws/websocket", .protocolError),
        Told(
            notUpgraded(404, "Not Found", sockJS: sockJS(hadSlash: true)),
            "WebSocket: 404 Not Found from ws://h/ws, not a WebSocket upgrade; remove the slash at the end of the "
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
            "WebSocket: 101 from ws://h/ws with a Sec-WebSocket-Accept that does not match the key", .protocolError),
        Told(
            .webSocket(.unofferedExtension("foo", from: url)),
            "WebSocket: 101 from ws://h/ws with the extension foo, which was not offered", .protocolError),
        Told(
            .webSocket(.invalidExtensionAnswer("permessage-deflate; x", from: url)),
            "WebSocket: 101 from ws://h/ws with permessage-deflate; x, which is not a valid answer to "
                + "permessage-deflate", .protocolError),
        Told(
            .webSocket(.unofferedSubprotocol(["stomp"], from: url, offered: [])),
            "WebSocket: 101 from ws://h/ws with the subprotocol stomp, which was not offered; offer it with "
                + "--subprotocol", .protocolError),
        Told(
            .webSocket(.unofferedSubprotocol(["a", "b"], from: url, offered: ["v12.stomp", "v11.stomp"])),
            "WebSocket: 101 from ws://h/ws with the subprotocol a, b, which was not offered (offered: v12.stomp, "
                + "v11.stomp)",
            .protocolError),
        Told(
            .webSocket(.unofferedSubprotocol([""], from: url, offered: ["v12.stomp"])),
            "WebSocket: 101 from ws://h/ws with the subprotocol , which was not offered (offered: "
                + "v12.stomp)", .protocolError),
        Told(
            .webSocket(.chunkedUpgrade(from: url)),
            "WebSocket: 101 from ws://h/ws with 'Transfer-Encoding: chunked', and no WebSocket frame after it; a "
                + "proxy in front treats the WebSocket as a normal HTTP answer: it must forward "
                + "Upgrade", .protocolError),
        Told(
            .webSocket(.unknownExtensions(["foo", "bar"])), "WebSocket: unknown extension foo, bar",
            .protocolError),
        Told(
            .webSocket(.invalidSubprotocol("v12 stomp")),
            "WebSocket: invalid subprotocol name \"v12 stomp\"",
            .usage),
    ]

    static let connections: [Told] = [
        Told(
            .webSocket(.messageTooLarge(limit: 1000, from: .server)),
            "WebSocket: the server sent a message of more than 1000 bytes; raise the limit with --max-message",
            .protocolError),
        Told(
            .webSocket(.messageTooLarge(limit: 1000, from: .otherSide)),
            "WebSocket: the peer sent a message of more than 1000 bytes; raise the limit with --max-message",
            .protocolError),
        Told(
            .webSocket(.tooMuchUnread(from: .client)),
            "WebSocket: the client closed the connection with more unread data than can be kept; the rest was "
                + "dropped; raise the limit with --max-message",
            .protocolError),
        Told(
            .webSocket(.closedWithoutCloseFrame(by: "127.0.0.1:80")),
            "WebSocket: 127.0.0.1:80 closed the connection without a close frame", .unavailable),
        Told(
            .webSocket(.cannotCompress(cause: "insufficient memory")),
            "WebSocket: cannot use zlib: insufficient memory", .usage),
    ]

    static let violations: [Told] = [
        (WebSocketViolation.unmaskedFrame, "an unmasked frame"), (.maskedFrame, "a masked frame"),
        (.unknownOpcode(3), "a frame with the unknown opcode 3"),
        (.reservedBit, "a frame with a reserved bit set, although no such extension was negotiated"),
        (.fragmentedControlFrame, "a fragmented control frame"),
        (.largeControlFrame, "a control frame of more than 125 bytes"),
        (.halfCloseCode, "a close frame with an incomplete close code"),
        (.forbiddenCloseCode(1005), "a close frame with the code 1005, which must not be sent"),
        (.closeReasonNotUTF8, "a close reason that is not UTF-8"),
        (.continuationOfNothing, "a continuation frame without a message to continue"),
        (.messageInsideMessage, "a new message before the end of a fragmented one"),
        (.textNotUTF8, "a text message that is not UTF-8"),
        (.brokenCompression(cause: "invalid block type"), "an invalid compressed message: invalid block type"),
        (.truncatedCompression, "an incomplete compressed message"),
        (.tooLarge(limit: 5), "a message of more than 5 bytes"),
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
