import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import Testing

/// The error line for each STOMP failure.
@Suite struct STOMPFailureTests {
    private static func error(_ message: String?, _ body: String = "", _ others: HeaderList = [:]) -> Frame {
        var headers = others
        if let message { headers["message"] = message }
        guard let frame = try? FrameEncoder().frame(.error, headers, body: ByteBuffer(string: body)) else {
            preconditionFailure("an ERROR frame can always be made")
        }
        return frame
    }

    /// An ERROR that answers CONNECT.
    private static func refused(
        _ message: String?, _ body: String = "", sent: SentCredentials = SentCredentials()
    ) -> STOMPClientError {
        .refused(error(message, body), sent: sent)
    }

    /// An ERROR in an open session.
    private static func serverError(
        _ message: String, _ body: String = "", sent: SentCredentials = SentCredentials(), after last: LastSent? = nil
    ) -> STOMPClientError {
        .serverError(error(message, body), sent: sent, after: PrecedingFrames(last: last))
    }

    private static let sockJS = TransportDescription(.sockJS(.xhrStreaming), remoteAddress: "a:1")

    private static func closure(_ code: Int?, _ reason: String = "") -> TransportClosure {
        TransportClosure(layer: .webSocket, code: code, reason: reason, isClean: true)
    }

    static let refusals: [Told] = [
        Told(
            refused("Bad CONNECT", "Access refused for user 'x'\n", sent: SentCredentials(hasLogin: true)),
            "STOMP: CONNECT was refused: Bad CONNECT: Access refused for user 'x'; check --login and the passcode",
            .refused),
        Told(
            refused("Bad CONNECT", "Virtual host 'localhost' access denied"),
            "STOMP: CONNECT was refused: Bad CONNECT: Virtual host 'localhost' access denied; the virtual host must "
                + "exist in RabbitMQ; try --virtual-host /", .refused),
        Told(
            refused("Failed to send message to ExecutorSubscribableChannel[clientInboundChannel]"),
            "STOMP: CONNECT was refused: Failed to send message to ExecutorSubscribableChannel[clientInboundChannel]; "
                + "send credentials: -C 'Authorization: Bearer ...' for an interceptor, "
                + "--http-header or --cookie for Spring Security", .refused),
        Told(refused("no"), "STOMP: CONNECT was refused: no", .refused),
        Told(
            refused("Broker not available."), "STOMP: CONNECT was refused: Broker not available.",
            .unavailable),
        Told(
            refused("Broker: localhost - Client: a already connected from tcp://127.0.0.1:1"),
            "STOMP: CONNECT was refused: Broker: localhost - Client: a already connected from tcp://127.0.0.1:1",
            .unavailable),
        Told(
            serverError("Connection to broker closed."), "STOMP: ERROR: Connection to broker closed.",
            .unavailable),
        Told(
            refused(nil), "STOMP: CONNECT was refused: no reason given", .refused),
        Told(
            serverError("not found", "not found: /a\nmore"), "STOMP: ERROR: not found: /a", .failed),
        Told(
            serverError("Unknown destination", "'/x' is not a valid destination.\n"),
            "STOMP: ERROR: Unknown destination: '/x' is not a valid destination.; RabbitMQ accepts /topic/NAME, "
                + "/queue/NAME, /exchange/NAME and /amq/queue/NAME", .failed),
        Told(
            serverError("The STOMP frame exceeds configured buffer size limit"),
            "STOMP: ERROR: The STOMP frame exceeds configured buffer size limit; Spring accepts frames of at most 64 "
                + "KiB, unless the application sets a larger message size limit",
            .failed),
        // A word that a user may have chosen does not identify the server.
        Told(serverError("no such token"), "STOMP: ERROR: no such token", .failed),
    ]

    private static let channel = "Failed to send message to ExecutorSubscribableChannel[clientInboundChannel]"
    private static let giveAuthorization =
        "send credentials: -C 'Authorization: Bearer ...' for an interceptor, "
        + "--http-header or --cookie for Spring Security"
    private static let itsLog = "but rejected; see the log of the application"

    /// Error texts from Spring, and the credentials that the client had sent.
    static let authorization: [Told] =
        [
            "Access denied", "org.springframework.security.access.AccessDeniedException: no",
            "AuthenticationCredentialsNotFoundException",
            "An Authentication object was not found in the SecurityContext",
            "CredentialsExpiredException", "BadCredentialsException", "Bad credentials",
            "JWT expired at 2024-01-01T00:00:00Z", channel,
        ].flatMap { text in
            [
                Told(refused(text), "STOMP: CONNECT was refused: \(text); \(giveAuthorization)", .refused),
                Told(
                    refused(text, sent: SentCredentials(connectHeaders: ["room", "Authorization"])),
                    "STOMP: CONNECT was refused: \(text); Authorization was sent \(itsLog)", .refused),
                Told(
                    serverError(text, after: .frame(.subscribe, destination: "/topic/secret", id: "sub-0")),
                    "STOMP: ERROR: \(text) (last sent: SUBSCRIBE /topic/secret); \(giveAuthorization)", .failed),
            ]
        } + [
            Told(
                refused(channel, sent: SentCredentials(httpHeaders: ["X-Trace", "X-Auth-Token"])),
                "STOMP: CONNECT was refused: \(channel); X-Auth-Token was sent \(itsLog)", .refused),
            Told(
                refused(channel, sent: SentCredentials(httpHeaders: ["Cookie"])),
                "STOMP: CONNECT was refused: \(channel); a cookie was sent \(itsLog)", .refused),
            Told(
                refused(channel, sent: SentCredentials(hasLogin: true)),
                "STOMP: CONNECT was refused: \(channel); a login was sent \(itsLog)", .refused),
            Told(
                refused(channel, sent: SentCredentials(connectHeaders: ["room"], httpHeaders: ["X-Trace"])),
                "STOMP: CONNECT was refused: \(channel); \(giveAuthorization)", .refused),
            Told(
                serverError(channel, sent: SentCredentials(connectHeaders: ["Authorization"]), after: .heartBeat),
                "STOMP: ERROR: \(channel) (last sent: a heart-beat); Authorization was sent \(itsLog)", .failed),
            // No login was sent, so the hint is not to check it.
            Told(
                refused("Bad CONNECT", "Access refused for user 'guest'"),
                "STOMP: CONNECT was refused: Bad CONNECT: Access refused for user 'guest'; the server requires a "
                    + "login; use --login", .refused),
            Told(
                refused("User name [x] or password is invalid.", sent: SentCredentials(hasLogin: true)),
                "STOMP: CONNECT was refused: User name [x] or password is invalid.; check --login and the passcode",
                .refused),
        ]

    /// Of two subscriptions, the first one was refused.
    private static func subscriptionError(_ message: String, _ headers: HeaderList, isNamed: Bool) -> STOMPClientError {
        let refused = LastSent.frame(.subscribe, destination: "/amq/queue/a", id: "sub-0")
        let last = LastSent.frame(.subscribe, destination: "/topic/b", id: "sub-1")
        return .serverError(
            error(message, "", headers), sent: SentCredentials(),
            after: PrecedingFrames(last: last, named: isNamed ? refused : nil, unconfirmed: refused))
    }

    static let lastSent: [Told] = [
        Told(
            subscriptionError("not_found", ["version": "1.0,1.1,1.2"], isNamed: false),
            "STOMP: ERROR: not_found (in answer to SUBSCRIBE /amq/queue/a)", .failed),
        Told(
            subscriptionError("no", ["receipt-id": "r"], isNamed: true),
            "STOMP: ERROR: no (in answer to SUBSCRIBE /amq/queue/a)", .failed),
        Told(
            subscriptionError("no", [:], isNamed: false),
            "STOMP: ERROR: no (last sent: SUBSCRIBE /topic/b)", .failed),
        Told(
            serverError("no", after: .frame(.unsubscribe, destination: nil, id: "sub-0")),
            "STOMP: ERROR: no (last sent: UNSUBSCRIBE sub-0)", .failed),
        Told(
            serverError("no", after: .frame(.disconnect, destination: nil, id: nil)),
            "STOMP: ERROR: no (last sent: DISCONNECT)", .failed),
        Told(
            serverError("no", after: .frame(.send, destination: "/a\u{1B}", id: nil)),
            "STOMP: ERROR: no (last sent: SEND /a\\x1b)", .failed),
        // The text already names the destination.
        Told(
            serverError("not found: /a", after: .frame(.send, destination: "/a", id: nil)),
            "STOMP: ERROR: not found: /a", .failed),
    ]

    static let endings: [Told] = [
        Told(
            .closed(closure(1009, "too big"), .betweenFrames),
            "WebSocket: closed by the server with 1009 \"too big\"; the WebSocket message is too large for the "
                + "server (limit of Tomcat: 16640 bytes); try --split 8192",
            .unavailable),
        Told(
            .closed(closure(1009, "Text message too large: (actual) 70000 > (limit) 65536"), .betweenFrames),
            "WebSocket: closed by the server with 1009 \"Text message too large: (actual) 70000 > (limit) 65536\"; "
                + "the server accepts WebSocket messages of at most 65536 bytes", .unavailable),
        Told(
            .closed(closure(1009, "max 8192 bytes"), .betweenFrames),
            "WebSocket: closed by the server with 1009 \"max 8192 bytes\"; the server accepts WebSocket messages of "
                + "at most 8192 bytes; try --split 8192", .unavailable),
        Told(
            .closed(TransportClosure(layer: .sockJS, code: 1002, isClean: true), .betweenFrames),
            "SockJS: closed by the server with 1002; Spring does this after a body that is not UTF-8, which SockJS "
                + "cannot carry; send text, or use ws:// with /websocket at the end of the path",
            .unavailable),
        Told(
            .closed(TransportClosure(layer: .sockJS, code: 3000, reason: "Go away!", isClean: true), .betweenFrames),
            "SockJS: closed by the server with 3000 \"Go away!\"; the session had ended on the server, or this "
                + "client read too slowly", .unavailable),
        Told(
            .closed(TransportClosure(layer: .sockJS, code: 4500, isClean: true), .betweenFrames),
            "SockJS: closed by the server with 4500; Spring does this if a client reads too slowly or sends no "
                + "CONNECT within 60 s", .unavailable),
        Told(
            .closed(nil, .afterQuiet(.seconds(60), nil)),
            "TCP: closed by the server after 60 s without traffic; perhaps a proxy closes idle connections; try "
                + "--heart-beat 10s,10s", .unavailable),
        Told(
            .closed(
                TransportClosure(layer: .webSocket, isClean: false),
                .afterQuiet(.seconds(60), .webSocket(.closedWithoutCloseFrame(by: "a:1")))),
            "WebSocket: a:1 closed the connection without a close frame after 60 s without traffic; perhaps a proxy "
                + "closes idle connections; try --heart-beat 10s,10s", .unavailable),
        Told(
            .closed(closure(1011, "STOMP died"), .betweenFrames),
            "WebSocket: closed by the server with 1011 \"STOMP died\"; RabbitMQ does this after an ERROR that it "
                + "does not send over WebSocket; try stomp://, or see its log", .unavailable),
        Told(
            .closed(TransportClosure(layer: .sockJS, code: 2010, isClean: true), .betweenFrames),
            "SockJS: closed by the server with 2010; perhaps a proxy keeps finished requests open; try "
                + "--sockjs-transport websocket", .unavailable),
        Told(
            .closed(nil, .beforeConnected),
            "TCP: closed by the server before CONNECTED; is this the STOMP port? See the log of the "
                + "server", .unavailable),
        Told(
            .closed(closure(1001), .insideFrame(UnfinishedFrame(bytes: 9, command: .message))),
            "WebSocket: closed by the server with 1001: incomplete MESSAGE frame (9 bytes received), no empty line "
                + "after the headers", .unavailable
        ),
        Told(.closed(nil, .betweenFrames), "TCP: closed by the server", .unavailable),
        Told(
            .closed(nil, .insteadOfReceipt),
            "STOMP: the server closed the connection instead of answering DISCONNECT", .unavailable),
        Told(
            .silent(for: .seconds(21), agreed: .seconds(10)),
            "STOMP: nothing received from the server for 21 s, expected a heart-beat every 10 s", .unavailable),
        Told(.aborted, "STOMP: the session was cancelled", .unavailable),
        Told(.ended, "STOMP: the session has ended", .unavailable),
        Told(
            .transport(.tcp(.connectionReset(by: "a:1"))),
            "TCP: connection reset by a:1; see the log of the server, or of a proxy in front of it",
            .unavailable),
        Told(
            .protocolViolation(
                STOMPProtocolError(.peer, .unknownCommand(line: .init("HTTP/1.1 400".utf8))), .speaks(.http)),
            "STOMP: expected a command, got \"HTTP/1.1 400\"; this port speaks HTTP: for STOMP over WebSocket try "
                + "ws://HOST:PORT/PATH", .protocolError),
        Told(
            .protocolViolation(
                STOMPProtocolError(.peer, .unknownCommand(line: .init([0x15, 0xFF, 0x00] + "가\"".utf8))), nil),
            "STOMP: expected a command, got \"\\x15\\xff\\x00가\"\"", .protocolError),
        Told(
            .protocolViolation(
                STOMPProtocolError(.peer, .bareCarriageReturn(line: .init("a:b\rc".utf8))), nil),
            #"STOMP: carriage return in a header line (STOMP 1.2 escapes it as \r): "a:****""#, .protocolError),
        Told(
            .protocolViolation(STOMPProtocolError(.peer, .unknownCommand(line: .init("o".utf8))), .speaks(.sockJS)),
            "STOMP: expected a command, got \"o\"; this is a SockJS session: use the http:// URL of its endpoint, or "
                + "ws:// with /websocket right after it", .protocolError),
        lengthInCharacters("안녕", "\"안녕\""), lengthInCharacters(long, "\"\(long.prefix(399))\"..."),
        Told(
            .protocolViolation(STOMPProtocolError(.peer, .lineTooLong(limit: 64 << 10)), nil),
            "STOMP: a line of a frame is longer than 65536 bytes", .protocolError),
        Told(
            .protocolViolation(STOMPProtocolError(.peer, .tooManyHeaders(limit: 1000)), nil),
            "STOMP: a frame has more than 1000 headers", .protocolError),
        Told(
            .protocolViolation(STOMPProtocolError(.peer, .lineTooLong(limit: 64)), .speaks(.ssh)),
            "STOMP: a line of a frame is longer than 64 bytes; this port speaks SSH", .protocolError),
        Told(
            .protocolViolation(STOMPProtocolError(.peer, .frameTooLarge(limit: 1024)), nil),
            "STOMP: a frame is larger than the limit of 1024 bytes; raise the limit with --max-message",
            .protocolError),
        Told(
            .protocolViolation(STOMPProtocolError(.peer, .missingHeader("ack", of: .message)), nil),
            "STOMP: a MESSAGE frame has no ack header", .protocolError),
    ]

    private static let long = "é" + String(repeating: "x", count: 500)

    /// A body whose `content-length` counts characters, and how it is shown.
    private static func lengthInCharacters(_ body: String, _ shown: String) -> Told {
        let error = STOMPProtocolError(.peer, .noNULAfterBody(contentLength: body.utf16.count))
        let frame = ByteBuffer(string: "MESSAGE\n\n\(body)\0")
        return Told(
            .protocolViolation(error, LengthInCharacters(error, in: frame).map { .countsCharacters($0) }),
            "STOMP: content-length is \(body.utf16.count), which is the number of characters; the body has "
                + "\(body.utf8.count) bytes: \(shown); the server must count the bytes of the UTF-8 body",
            .protocolError)
    }

    static let waits: [Told] = [
        Told(
            .timedOut(
                .restOfFrame(UnfinishedFrame(bytes: 81, command: .message, contentLength: 6, bodyBytes: 5)),
                within: .seconds(5)),
            "STOMP: timed out after 5 s: incomplete MESSAGE frame (81 bytes received), the body has 5 bytes but "
                + "content-length is 6", .timedOut),
        Told(
            .timedOut(
                .restOfFrame(UnfinishedFrame(bytes: 23, command: .connected, bodyBytes: 0)), within: .seconds(5)),
            "STOMP: timed out after 5 s: incomplete CONNECTED frame (23 bytes received), no NUL after the 0 bytes of "
                + "the body",
            .timedOut),
        Told(
            .timedOut(.receipt, within: .seconds(5)),
            "STOMP: timed out after 5 s waiting for a receipt; Spring's simple broker only answers DISCONNECT with a "
                + "receipt; use --receipt auto", .timedOut),
        Told(
            .timedOut(.binaryReceipts(messages: [7], isByChoice: false), within: .seconds(5)),
            "STOMP: timed out after 5 s waiting for the receipt of message 7, sent as binary over WebSocket; the "
                + "server may ignore binary messages: use stomp://; if it sends no receipts, use --receipt "
                + "none", .timedOut),
        Told(
            .timedOut(.binaryReceipts(messages: Array(1...12), isByChoice: true), within: .seconds(5)),
            "STOMP: timed out after 5 s waiting for the receipt of messages 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 "
                + "more, sent as binary over WebSocket; the server may ignore binary messages: omit --ws-binary; if "
                + "it sends no receipts, use --receipt none", .timedOut),
        Told(.timedOut(.pong, within: .seconds(5)), "WebSocket: timed out after 5 s waiting for a pong", .timedOut),
        Told(
            .timedOut(.progress(queued: 300), within: .seconds(5)),
            "STOMP: timed out after 5 s: the server does not read; 300 bytes are not sent", .timedOut),
    ]

    static let refused: [Told] = [
        Told(
            .invalidEndpoint("a", .noScheme),
            "endpoint: \"a\": missing scheme; write it as stomp://HOST:PORT or ws://HOST:PORT/PATH", .usage),
        Told(
            .invalidEndpoint("ftp://a", .unknownScheme(name: "ftp")),
            "endpoint: \"ftp://a\": unknown scheme \"ftp\"; use stomp, stomps, tcp, ssl, ws, wss, http or "
                + "https", .usage),
        Told(
            .invalidEndpoint("x://***@a", .unknownScheme(name: nil)),
            "endpoint: \"x://***@a\": unknown scheme; use stomp, stomps, tcp, ssl, ws, wss, http or https",
            .usage),
        Told(
            .invalidEndpoint("a", .separatorInUserinfo),
            "endpoint: \"a\": /, # or ? before the @; in a login or passcode, write / as %2F, # as %23 and ? as %3F; "
                + "in a path, write @ as %40", .usage),
        Told(
            .invalidEndpoint(
                "a", .fragment), "endpoint: \"a\": unexpected fragment (#...), which is never sent to a server",
            .usage),
        Told(
            .invalidEndpoint("a", .query), "endpoint: \"a\": unexpected query (?...); STOMP over TCP has none",
            .usage),
        Told(.invalidEndpoint("a", .noHost), "endpoint: \"a\": missing host", .usage),
        Told(
            .invalidEndpoint(
                "a", .invalidCharacters), "endpoint: \"a\": characters that are not allowed in a URL", .usage),
        Told(
            .invalidEndpoint("a", .invalidPort(text: "99999")),
            "endpoint: \"a\": invalid port 99999; a port is 1 to 65535", .usage),
        Told(
            .invalidEndpoint("a", .invalidPort(text: nil)),
            "endpoint: \"a\": invalid port; a port is 1 to 65535", .usage),
        Told(.noEndpoint, "endpoint: missing", .usage),
        Told(
            .cannotSend(.invalid(STOMPProtocolError(.local, .headerWithoutName(.send)))),
            "STOMP: a header of SEND has no name", .badInput),
        Told(
            .cannotSend(.notText(message: nil, over: sockJS)),
            "SockJS: the body is not UTF-8, and SockJS carries only text; send it as base64, or use ws:// with "
                + "/websocket at the end of the path", .badInput),
        Told(
            .cannotSend(.notText(message: 3, over: sockJS)),
            "SockJS: message 3 is not UTF-8, and SockJS carries only text; send it as base64, or use ws:// with "
                + "/websocket at the end of the path", .badInput),
        Told(
            .cannotSend(.noPing(over: sockJS)), "SockJS xhr-streaming: only a plain WebSocket has pings",
            .badInput),
        Told(
            .cannotSend(.noCloseFrame(over: TransportDescription(.tcp, remoteAddress: "a:1"))),
            "TCP: only a WebSocket has close frames", .badInput),
        Told(.cannotSend(.afterDisconnect), "STOMP: nothing can be sent after DISCONNECT", .badInput),
    ]

    @Test(arguments: refusals + authorization + lastSent + endings + waits + refused) func saysWhatHappened(
        _ told: Told
    ) {
        told.check()
    }

    @Test func namesTheEndpoint() throws {
        let endpoint = try Endpoint("stomp://host")
        let start = "STOMP: timed out after 5 s waiting for CONNECTED from stomp://host:61613; "
        let all = STOMPClientError.timedOut(
            .connected(from: endpoint, accepting: STOMPVersion.allCases), within: .seconds(5))
        #expect(
            Explanation(all).line
                == start + "is this the STOMP port? A slow server may need --connect-timeout 30s")
        let old = STOMPClientError.timedOut(.connected(from: endpoint, accepting: [.v10]), within: .seconds(5))
        #expect(
            Explanation(old).line
                == start + "Spring does not answer a client that only accepts STOMP 1.0; use --stomp-version 1.2,1.1")
        #expect(
            Explanation(.speaksTLS(endpoint)).line
                == "TCP: stomp://host:61613 closed the connection without an answer: this port speaks TLS; try "
                + "stomps://")
        #expect(StomptapOutput.ExitStatus(.speaksTLS(endpoint)) == .protocolError)
    }

    /// The exit status depends on who caused the error: an invalid frame from this side is bad input.
    @Test func whoIsAtFaultDecides() {
        #expect(StomptapOutput.ExitStatus(STOMPProtocolError(.local, .nulInBody)) == .badInput)
        #expect(
            StomptapOutput.ExitStatus(STOMPProtocolError(.peer, .missingHeader("ack", of: .message))) == .protocolError)
    }
}
