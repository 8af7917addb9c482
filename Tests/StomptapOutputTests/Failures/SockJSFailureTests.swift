import NIOCore
import STOMPTransport
import StomptapOutput
import Testing

/// The error line for each SockJS failure.
@Suite struct SockJSFailureTests {
    private static let url = "http://h/ws/info"
    private static let path = "; is the path right? RabbitMQ uses /ws, Spring the path given to addEndpoint"
    private static let balancer =
        "; was it restarted, or does a load balancer send requests of one session to several servers?"

    private static func refusal(
        _ status: Int, _ reason: String = "Oops", type: String? = nil, location: String? = nil, origin: String? = nil,
        sent: [String] = []
    ) -> HTTPRefusal {
        HTTPRefusal(
            status: status, reason: reason, body: "", location: location, contentType: type,
            identity: HTTPIdentity(origin: origin, givenHeaders: sent))
    }

    private static func noInfo(_ status: Int, _ reason: String = "Oops", movedTo: String? = nil) -> TransportError {
        .sockJS(.noInfo(url: url, refusal(status, reason), movedTo: movedTo))
    }

    static let infos: [Told] = [
        Told(
            .sockJS(.refused(url: url, refusal(401), ownOrigin: "http://h")),
            "SockJS: 401 Oops from http://h/ws/info; send credentials, such as --http-header 'Authorization: Bearer "
                + "TOKEN'", .refused),
        Told(
            .sockJS(.refused(url: url, refusal(403, ""), ownOrigin: "http://h")),
            "SockJS: 403 from http://h/ws/info; try --origin http://h, or send credentials with --http-header or "
                + "--cookie",
            .refused),
        Told(
            .sockJS(.refused(url: url, refusal(403, "", origin: "http://a"), ownOrigin: "http://h")),
            "SockJS: 403 from http://h/ws/info: the server refused this origin; try --origin http://h", .refused),
        Told(
            .sockJS(.refused(url: url, refusal(403, "", origin: "http://h"), ownOrigin: "http://h")),
            "SockJS: 403 from http://h/ws/info: the server refused this origin; try --origin with the URL of the "
                + "server's own pages", .refused),
        Told(
            .sockJS(.refused(url: url, refusal(401, sent: ["authorization"]), ownOrigin: "http://h")),
            "SockJS: 401 Oops from http://h/ws/info; authorization was sent but rejected; see the log of the "
                + "application", .refused),
        Told(
            .sockJS(.noInfo(url: url, refusal(302, "Found", location: "/login"), movedTo: "/login")),
            "SockJS: 302 Found from http://h/ws/info; it redirects to /login, a login page; send credentials with "
                + "--cookie or --http-header", .protocolError),
        Told(
            noInfo(431, "Large"),
            "SockJS: 431 Large from http://h/ws/info; the request headers are too large for the server: send smaller "
                + "cookies (--cookie) or headers (--http-header)", .protocolError),
        Told(
            noInfo(404, "Not Found"), "SockJS: 404 Not Found from http://h/ws/info, not a SockJS endpoint" + path,
            .protocolError),
        Told(
            noInfo(302, movedTo: "http://h/\nx"),
            "SockJS: 302 Oops from http://h/ws/info; redirects are not followed; try http://h/\\nx",
            .protocolError),
        Told(noInfo(304), "SockJS: 304 Oops from http://h/ws/info", .protocolError),
        Told(noInfo(500), "SockJS: 500 Oops from http://h/ws/info", .protocolError),
        Told(
            noInfo(502),
            "SockJS: 502 Oops from http://h/ws/info; a proxy in front may not reach the application: is it running, "
                + "on the port that the proxy uses?", .protocolError),
        Told(
            .sockJS(.infoNotJSON(url: url, refusal(200, "OK", type: "text/html;\u{1}"))),
            "SockJS: http://h/ws/info answered text/html;\\x01, expected JSON" + path, .protocolError),
        Told(
            .sockJS(.infoWithoutWebSocketMember(url: url, refusal(200))),
            "SockJS: http://h/ws/info answered JSON without the \"websocket\" member that SockJS has" + path,
            .protocolError),
        Told(
            .sockJS(.invalidInfo(JSONFault(.missing("{"), at: 0), url: url, refusal(200))),
            "SockJS: http://h/ws/info did not answer with a JSON object: expected \"{\" at byte 0"
                + path, .protocolError),
        Told(
            .sockJS(.sessionsElsewhere(at: "http://other/\nws")),
            "SockJS: the SockJS sessions are at another URL; try http://other/\\nws", .protocolError),
    ]

    private static let webSocketRefusal = TransportError.webSocket(
        .notUpgraded(url: "ws://h/ws", refusal(426), sockJS: nil))

    static let choices: [Told] = [
        Told(
            .sockJS(.noWebSocketOffered(by: url)), "SockJS: http://h/ws/info offers no WebSocket", .protocolError),
        Told(.sockJS(.nothingToTry), "SockJS: no transport left to try", .protocolError),
        Told(
            .sockJS(
                .noTransportWorks(
                    at: "http://h/ws",
                    [
                        FailedTransport(.websocket, .sockJS(.noWebSocketOffered(by: url))),
                        FailedTransport(.xhrStreaming, .tcp(.connectionReset(by: "127.0.0.1:80"))),
                        FailedTransport(
                            .xhrPolling, .sockJS(.requestFailed(url: "http://h/ws/0/a/xhr", refusal(404)))),
                    ])),
            "SockJS: no transport works at http://h/ws: websocket: http://h/ws/info offers no WebSocket; "
                + "xhr-streaming: connection reset by 127.0.0.1:80; xhr-polling: 404 Oops from http://h/ws/0/a/xhr",
            .protocolError),
        Told(
            .sockJS(
                .noTransportWorks(
                    at: "http://h/ws",
                    [
                        FailedTransport(.websocket, .sockJS(.noWebSocketOffered(by: url))),
                        FailedTransport(.xhrPolling, .tcp(.connectionRefused(by: ["127.0.0.1:80"]))),
                    ])),
            "SockJS: no transport works at http://h/ws: websocket: http://h/ws/info offers no WebSocket; "
                + "xhr-polling: connection refused by 127.0.0.1:80; is the server running, and is this its port?",
            .unavailable),
        Told(
            .sockJS(.neither(noInfo(404, "Not Found"), norWebSocket: webSocketRefusal)),
            "WebSocket: neither SockJS nor a WebSocket: 404 Not Found from http://h/ws/info, not a SockJS endpoint; "
                + "426 Oops from ws://h/ws, not a WebSocket upgrade; does a proxy in front forward the Upgrade header?",
            .protocolError),
        Told(
            .sockJS(.neither(noInfo(302, movedTo: "http://h/x"), norWebSocket: webSocketRefusal)),
            "WebSocket: neither SockJS nor a WebSocket: 302 Oops from http://h/ws/info; 426 Oops from ws://h/ws, not "
                + "a WebSocket upgrade; redirects are not followed; try http://h/x", .protocolError),
        Told(
            .sockJS(
                .neither(noInfo(404, "Not Found"), norWebSocket: .tcp(.noAnswer(from: "h:80", within: .seconds(1))))),
            "TCP: neither SockJS nor a WebSocket: 404 Not Found from http://h/ws/info, not a SockJS endpoint; timed "
                + "out after 1 s connecting to h:80" + path, .timedOut),
        Told(
            .sockJS(.neither(noInfo(500), norWebSocket: .tcp(.connectionReset(by: "h:80")))),
            "TCP: neither SockJS nor a WebSocket: 500 Oops from http://h/ws/info; connection reset by h:80; see the "
                + "log of the server, or of a proxy in front of it", .unavailable),
    ]

    /// The WebSocket's answer gives a hint, and the last answer does not.
    @Test func theFirstFailureMayKnowMore() {
        let refused = TransportError.webSocket(.notUpgraded(url: "ws://h/s", refusal200, sockJS: nil))
        Told(
            .sockJS(
                .noTransportWorks(
                    at: "http://h/ws",
                    [
                        FailedTransport(.websocket, refused),
                        FailedTransport(.xhrPolling, .sockJS(.answerWithoutOpening)),
                    ])),
            "SockJS: no transport works at http://h/ws: websocket: 200 OK with an empty body from ws://h/s, not a "
                + "WebSocket upgrade; xhr-polling: the server's answer ended without an open frame; Spring answers "
                + "like this if a HandshakeInterceptor rejects the request; send credentials with --http-header or "
                + "--cookie",
            .protocolError
        ).check()
    }

    private let refusal200 = HTTPRefusal(status: 200, reason: "OK", body: "")

    static let sessions: [Told] = [
        Told(
            .sockJS(.notOpened(within: .seconds(2))),
            "SockJS: timed out after 2 s waiting for the session to open", .timedOut),
        Told(
            .sockJS(.endedBeforeOpening), "SockJS: the server closed the connection before it opened the session",
            .unavailable),
        Told(
            .sockJS(.closedBeforeOpening(code: 3000, reason: "Go\naway!")),
            #"SockJS: the server closed the session before it was open, with 3000 "Go\\naway!"; "#
                + "the session had ended on the server, or this client read too slowly", .unavailable),
        Told(
            .sockJS(.messagesBeforeOpening), "SockJS: the server sent messages before it opened the session",
            .protocolError),
        Told(
            .sockJS(.answerWithoutOpening),
            "SockJS: the server's answer ended without an open frame", .protocolError),
        Told(
            .sockJS(.tooMuchBeforeOpening(bytes: 70_000)),
            "SockJS: the server sent 70000 bytes without an open frame", .protocolError),
        Told(
            .sockJS(.requestRefused(url: "http://h/x", refusal(403))),
            "SockJS: 403 Oops from http://h/x; try --origin with the URL of the server's own pages, or send "
                + "credentials with --http-header or --cookie", .refused),
        Told(
            .sockJS(.requestRefused(url: "http://h/x", refusal(401))),
            "SockJS: 401 Oops from http://h/x; send credentials, such as --http-header 'Authorization: Bearer TOKEN'",
            .refused),
        Told(
            .sockJS(.requestFailed(url: "http://h/x", refusal(500, ""))), "SockJS: 500 from http://h/x",
            .protocolError),
        Told(
            .sockJS(.unknownSession(url: "http://h/x", refusal(404))),
            "SockJS: the server no longer knows the session: 404 Oops from http://h/x" + balancer, .unavailable),
        Told(
            .sockJS(.openedAgain), "SockJS: the server lost the session and opened a new one" + balancer, .unavailable),
        Told(
            .sockJS(.emptyAnswers(8)), "SockJS: the server sent 8 answers in a row without a frame",
            .protocolError),
        Told(
            .sockJS(.invalidFrame(ByteBuffer(string: "<html>\u{1B}"), JSONFault(.unknownFrame, at: 0))),
            "SockJS: the server sent an invalid SockJS frame: \"<html>\\x1b\", expected o, h, a or c at byte 0",
            .protocolError),
        Told(
            .sockJS(
                .invalidFrame(ByteBuffer(string: String(repeating: "x", count: 61)), JSONFault(.unknownFrame, at: 0))),
            "SockJS: the server sent an invalid SockJS frame: \"\(String(repeating: "x", count: 60))...\", expected "
                + "o, h, a or c at byte 0", .protocolError),
        Told(
            .sockJS(.invalidMessage(JSONFault(.endsEarly, at: 3))),
            "SockJS: the client sent an invalid SockJS message: unexpected end at byte 3", .protocolError),
        Told(
            .sockJS(.frameTooLarge(limit: 1000)),
            "SockJS: the server sent a frame of more than 1000 bytes; raise the limit with --max-message",
            .protocolError),
        Told(.sockJS(.messageNotUTF8), "SockJS: the server sent a message that is not UTF-8", .protocolError),
        Told(
            .sockJS(.cannotSendBinary(from: .client)),
            "SockJS: the message is not UTF-8, and SockJS carries only text; use the plain WebSocket at /websocket "
                + "below the SockJS URL", .usage),
        Told(
            .sockJS(.cannotSendBinary(from: .server)),
            "SockJS: the message is not UTF-8, and SockJS carries only text", .usage),
        Told(
            .sockJS(.clientGone(after: .seconds(5))),
            "SockJS: timed out after 5 s waiting for the client to poll", .unavailable),
    ]

    @Test(arguments: infos) func saysWhatInfoMeans(_ told: Told) { told.check() }
    @Test(arguments: choices) func saysWhyNoTransportIsTaken(_ told: Told) { told.check() }
    @Test(arguments: sessions) func saysWhyASessionEnds(_ told: Told) { told.check() }

    @Test(arguments: [
        (JSONFault.Reason.missing("["), "expected \"[\""),
        (.noString, "expected a string"), (.noValue, "expected a value"),
        (.noInteger, "expected a whole number"), (.noBoolean, "expected true or false"), (.endsEarly, "unexpected end"),
        (.endsInString, "unexpected end in a string"), (.moreAfterEnd, "unexpected text after the end"),
        (.controlCharacter, "a control character in a string"),
        (.unknownEscape, "invalid escape"),
        (.invalidUnicodeEscape, "\"\\u\" without four hexadecimal digits"),
        (.loneSurrogate, "lone surrogate"), (.tooDeep, "arrays and objects are nested too deeply"),
        (.tooManyMessages(limit: 9), "more than 9 messages in one array"),
        (.unknownFrame, "expected o, h, a or c"),
    ])
    func saysWhatIsNoJSON(reason: JSONFault.Reason, text: String) {
        #expect(JSONFault(reason, at: 7).sentence == text + " at byte 7")
    }
}
