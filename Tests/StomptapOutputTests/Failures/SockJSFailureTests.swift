import NIOCore
import STOMPTransport
import StomptapOutput
import Testing

/// The error line for each SockJS failure.
@Suite struct SockJSFailureTests {
    private static let url = "http://h/ws/info"
    private static let path = "; is the path right? RabbitMQ's is /ws, Spring's what addEndpoint names"
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
            "SockJS: 401 Oops from http://h/ws/info; give credentials, such as --http-header 'Authorization: Bearer "
                + "TOKEN'", .refused),
        Told(
            .sockJS(.refused(url: url, refusal(403, ""), ownOrigin: "http://h")),
            "SockJS: 403 from http://h/ws/info; try --origin http://h, or credentials by --http-header or --cookie",
            .refused),
        Told(
            .sockJS(.refused(url: url, refusal(403, "", origin: "http://a"), ownOrigin: "http://h")),
            "SockJS: 403 from http://h/ws/info: the server refused this origin; try --origin http://h", .refused),
        Told(
            .sockJS(.refused(url: url, refusal(403, "", origin: "http://h"), ownOrigin: "http://h")),
            "SockJS: 403 from http://h/ws/info: the server refused this origin; try --origin with the URL of its own "
                + "pages", .refused),
        Told(
            .sockJS(.refused(url: url, refusal(401, sent: ["authorization"]), ownOrigin: "http://h")),
            "SockJS: 401 Oops from http://h/ws/info; authorization was sent: the application refused it; its log says "
                + "why", .refused),
        Told(
            .sockJS(.noInfo(url: url, refusal(302, "Found", location: "/login"), movedTo: "/login")),
            "SockJS: 302 Found from http://h/ws/info; it redirects to /login, a login page; give credentials by "
                + "--cookie or --http-header", .protocolError),
        Told(
            noInfo(431, "Large"),
            "SockJS: 431 Large from http://h/ws/info; the headers of the request are too large for it: send smaller "
                + "cookies (--cookie) or headers (--http-header)", .protocolError),
        Told(
            noInfo(404, "Not Found"), "SockJS: 404 Not Found from http://h/ws/info, so there is no SockJS" + path,
            .protocolError),
        Told(
            noInfo(302, movedTo: "http://h/\nx"),
            "SockJS: 302 Oops from http://h/ws/info; it redirects, which is not followed: try http://h/\\nx",
            .protocolError),
        Told(noInfo(304), "SockJS: 304 Oops from http://h/ws/info", .protocolError),
        Told(noInfo(500), "SockJS: 500 Oops from http://h/ws/info", .protocolError),
        Told(
            noInfo(502),
            "SockJS: 502 Oops from http://h/ws/info; a proxy in front may have no backend: is the application running, "
                + "and at the proxy's port?", .protocolError),
        Told(
            .sockJS(.infoNotJSON(url: url, refusal(200, "OK", type: "text/html;\u{1}"))),
            "SockJS: http://h/ws/info answered text/html;\\x01, where SockJS has JSON" + path, .protocolError),
        Told(
            .sockJS(.infoWithoutWebSocketMember(url: url, refusal(200))),
            "SockJS: http://h/ws/info answered JSON that says nothing of \"websocket\", which SockJS has" + path,
            .protocolError),
        Told(
            .sockJS(.invalidInfo(JSONFault(.missing("{"), at: 0), url: url, refusal(200))),
            "SockJS: http://h/ws/info answered what is no JSON object: no \"{\" where it should stand at octet 0"
                + path, .protocolError),
        Told(
            .sockJS(.sessionsElsewhere(at: "http://other/\nws")),
            "SockJS: the server has its sessions elsewhere; try http://other/\\nws", .protocolError),
    ]

    private static let webSocketRefusal = TransportError.webSocket(
        .notUpgraded(url: "ws://h/ws", refusal(426), sockJS: nil))

    static let choices: [Told] = [
        Told(
            .sockJS(.noWebSocketOffered(by: url)), "SockJS: http://h/ws/info says that there is none", .protocolError),
        Told(.sockJS(.nothingToTry), "SockJS: there is nothing to try", .protocolError),
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
            "SockJS: no transport works at http://h/ws: websocket: http://h/ws/info says that there is none; "
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
            "SockJS: no transport works at http://h/ws: websocket: http://h/ws/info says that there is none; "
                + "xhr-polling: connection refused by 127.0.0.1:80; is the server running, and is this its port?",
            .unavailable),
        Told(
            .sockJS(.neither(noInfo(404, "Not Found"), norWebSocket: webSocketRefusal)),
            "WebSocket: neither SockJS nor a WebSocket: 404 Not Found from http://h/ws/info, so there is no SockJS; 426 "
                + "Oops from ws://h/ws, not a WebSocket upgrade; does a proxy in front pass on the Upgrade header?",
            .protocolError),
        Told(
            .sockJS(.neither(noInfo(302, movedTo: "http://h/x"), norWebSocket: webSocketRefusal)),
            "WebSocket: neither SockJS nor a WebSocket: 302 Oops from http://h/ws/info; 426 Oops from ws://h/ws, not a "
                + "WebSocket upgrade; it redirects, which is not followed: try http://h/x", .protocolError),
        Told(
            .sockJS(
                .neither(noInfo(404, "Not Found"), norWebSocket: .tcp(.noAnswer(from: "h:80", within: .seconds(1))))),
            "TCP: neither SockJS nor a WebSocket: 404 Not Found from http://h/ws/info, so there is no SockJS; no answer "
                + "from h:80 within 1 s" + path, .timedOut),
        Told(
            .sockJS(.neither(noInfo(500), norWebSocket: .tcp(.connectionReset(by: "h:80")))),
            "TCP: neither SockJS nor a WebSocket: 500 Oops from http://h/ws/info; connection reset by h:80; the server, "
                + "or a proxy before it, has broken it off: its log may say why", .unavailable),
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
            "SockJS: no transport works at http://h/ws: websocket: 200 OK with an empty body from ws://h/s, not a WebSocket "
                + "upgrade; xhr-polling: the server's answer ended without the frame that opens the session; Spring "
                + "answers so where a HandshakeInterceptor refuses; give credentials by --http-header or --cookie",
            .protocolError
        ).check()
    }

    private let refusal200 = HTTPRefusal(status: 200, reason: "OK", body: "")

    static let sessions: [Told] = [
        Told(.sockJS(.notOpened(within: .seconds(2))), "SockJS: the session was not opened within 2 s", .timedOut),
        Told(
            .sockJS(.endedBeforeOpening), "SockJS: the server ended the connection before it opened the session",
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
            "SockJS: the server's answer ended without the frame that opens the session", .protocolError),
        Told(
            .sockJS(.tooMuchBeforeOpening(bytes: 70_000)),
            "SockJS: the server sent 70000 octets without the frame that opens the session", .protocolError),
        Told(
            .sockJS(.requestRefused(url: "http://h/x", refusal(403))),
            "SockJS: 403 Oops from http://h/x; try --origin with the URL of its own pages, or credentials by "
                + "--http-header or --cookie", .refused),
        Told(
            .sockJS(.requestRefused(url: "http://h/x", refusal(401))),
            "SockJS: 401 Oops from http://h/x; give credentials, such as --http-header 'Authorization: Bearer TOKEN'",
            .refused),
        Told(
            .sockJS(.requestFailed(url: "http://h/x", refusal(500, ""))), "SockJS: 500 from http://h/x",
            .protocolError),
        Told(
            .sockJS(.unknownSession(url: "http://h/x", refusal(404))),
            "SockJS: the server does not know the session any more: 404 Oops from http://h/x" + balancer, .unavailable),
        Told(
            .sockJS(.openedAgain), "SockJS: the server lost the session and opened a new one" + balancer, .unavailable),
        Told(
            .sockJS(.emptyAnswers(8)), "SockJS: the server gave 8 answers in a row without a frame in them",
            .protocolError),
        Told(
            .sockJS(.invalidFrame(ByteBuffer(string: "<html>\u{1B}"), JSONFault(.unknownFrame, at: 0))),
            "SockJS: the server sent what is no SockJS frame: \"<html>\\x1b\", none of o, h, a and c at octet 0",
            .protocolError),
        Told(
            .sockJS(
                .invalidFrame(ByteBuffer(string: String(repeating: "x", count: 61)), JSONFault(.unknownFrame, at: 0))),
            "SockJS: the server sent what is no SockJS frame: \"\(String(repeating: "x", count: 60))...\", "
                + "none of o, h, a and c at octet 0", .protocolError),
        Told(
            .sockJS(.invalidMessage(JSONFault(.endsEarly, at: 3))),
            "SockJS: the client sent what is no SockJS message: it ends too early at octet 3", .protocolError),
        Told(
            .sockJS(.frameTooLarge(limit: 1000)),
            "SockJS: the server sent a frame of more than 1000 octets; raise the limit with --max-message",
            .protocolError),
        Told(.sockJS(.messageNotUTF8), "SockJS: the server sent a message that is no UTF-8", .protocolError),
        Told(
            .sockJS(.cannotSendBinary(from: .client)),
            "SockJS: what is no UTF-8 cannot be sent: SockJS carries text only; the plain WebSocket beneath the SockJS "
                + "URL, at /websocket, carries it", .usage),
        Told(
            .sockJS(.cannotSendBinary(from: .server)),
            "SockJS: what is no UTF-8 cannot be sent: SockJS carries text only", .usage),
        Told(
            .sockJS(.clientGone(after: .seconds(5))),
            "SockJS: the client did not come back for messages within 5 s", .unavailable),
    ]

    @Test(arguments: infos) func saysWhatInfoMeans(_ told: Told) { told.check() }
    @Test(arguments: choices) func saysWhyNoTransportIsTaken(_ told: Told) { told.check() }
    @Test(arguments: sessions) func saysWhyASessionEnds(_ told: Told) { told.check() }

    @Test(arguments: [
        (JSONFault.Reason.missing("["), "no \"[\" where it should stand"),
        (.noString, "no string where one should stand"), (.noValue, "no value where one should stand"),
        (.noInteger, "no whole number"), (.noBoolean, "neither true nor false"), (.endsEarly, "it ends too early"),
        (.endsInString, "it ends in the midst of a string"), (.moreAfterEnd, "there is more behind its end"),
        (.controlCharacter, "a control character in a string"),
        (.unknownEscape, "an escape that JSON does not have"),
        (.invalidUnicodeEscape, "\"\\u\" without four hexadecimal digits"),
        (.loneSurrogate, "half a surrogate pair"), (.tooDeep, "arrays and objects stand too deep in each other"),
        (.tooManyMessages(limit: 9), "more than 9 messages in one array"),
        (.unknownFrame, "none of o, h, a and c"),
    ])
    func saysWhatIsNoJSON(reason: JSONFault.Reason, text: String) {
        #expect(JSONFault(reason, at: 7).sentence == text + " at octet 7")
    }
}
