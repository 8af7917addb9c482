import NIOCore
import STOMPCore
import STOMPTap
import STOMPTransport
import StomptapOutput
import Testing

/// The lines that a tap prints apart from the frames.
@Suite struct TapEventTests {
    @Test(arguments: [
        (TapOpening.tcp, "TCP"), (.webSocket(path: "/ws"), "WebSocket /ws"),
        (.sockJS(transport: "xhr", session: "/ws/0/a"), "SockJS xhr-polling /ws/0/a"),
        (.sockJS(transport: "xhr_streaming", session: "/a"), "SockJS xhr-streaming /a"),
        (.sockJS(transport: "eventsource", session: "/a"), "SockJS eventsource /a"),
        (.sockJS(transport: "jsonp", session: "/a"), "SockJS jsonp-polling /a"),
        (.sockJS(transport: "htmlfile", session: "/a"), "SockJS htmlfile /a"),
        (.sockJS(transport: "jsonp_send", session: "/a"), "SockJS jsonp-send /a"),
    ])
    func openingsHaveNames(opening: TapOpening, text: String) {
        #expect(opening.text == text)
    }

    @Test(arguments: [
        (
            TapEnding.webSocketClosed(by: .app, WebSocketClose(code: 1000)),
            "the app closed it: close 1000 normal closure"
        ),
        (
            .webSocketClosed(by: .server, WebSocketClose(code: 4001, reason: "x")),
            "the server closed it: close 4001 \"x\""
        ),
        (.webSocketClosed(by: .server, WebSocketClose(code: nil)), "the server closed it: close"),
        (.sockJSClosed(code: 3000, reason: "Go away!"), "the server closed it: c 3000 \"Go away!\""),
        (.connectionClosed(by: .app), "the app closed the connection"),
        (.connectionClosed(by: .server), "the server closed the connection"),
        (.connectionReset(by: .server), "the server reset the connection"),
        (
            .connectionBroken(by: .app, .tcp(.connectionReset(by: "127.0.0.1:1"))), "connection reset by the app"
        ),
        (
            .connectionBroken(by: .server, .tcp(.connectionLost(to: "127.0.0.1:1", SystemError(code: 32)))),
            "connection to the server lost: broken pipe"
        ),
        (.closedByTap, "the tap closed it"), (.tapEnded, "the tap was ended"),
        (.noConnectionToServer, "there is no connection to the server"),
        (.answered(status: 404, reason: "Not Found"), "the server answered 404 Not Found"),
        (.noRequest(within: .seconds(6)), "no request came for 6 s"), (.over, "it is over"),
    ])
    func endingsSayWhoAndHow(ending: TapEnding, text: String) {
        #expect(ending.text == text)
    }

    @Test(arguments: [
        (TapFault.connectionRefused, "refused"), (.closed(code: 1001), "closed with 1001"),
        (.closed(code: nil), "broke the connection off"), (.frozen, "frozen: nothing passes any more"),
        (.droppedHeartBeat, "dropped a heart-beat"),
        (.droppedFrame(.send, destination: "/a", bodySize: 2), "dropped a SEND to /a, 2 B"),
        (.droppedFrame(.message, destination: nil, bodySize: 0), "dropped a MESSAGE, 0 B"),
        (
            .slowed(delay: .milliseconds(150), jitter: .milliseconds(20), rate: nil),
            "everything is held for 150 ms to 170 ms, each way"
        ),
        (.slowed(delay: .seconds(1), jitter: .zero, rate: nil), "everything is held for 1 s, each way"),
        (
            .slowed(delay: .zero, jitter: .zero, rate: 20_000),
            "everything is slowed to 20000 octets a second, each way"
        ),
        (
            .slowed(delay: .seconds(1), jitter: .zero, rate: 5),
            "everything is held for 1 s, and slowed to 5 octets a second, each way"
        ),
    ])
    func faultsSayWhatTheyDo(fault: TapFault, text: String) {
        #expect(fault.text == text)
    }

    @Test(arguments: [
        (
            TapNote.cannotConnect(.tcp(.connectionRefused(by: ["h:1"]))),
            "TCP: connection refused by h:1; is the server running, and is this its port?"
        ),
        (
            .notSTOMP(STOMPProtocolError(.peer, .loneCarriageReturn)),
            "no STOMP any more, and from here on shown as it is: a carriage return stands alone between frames"
        ),
        (
            .invalidSockJSFrame(.sockJS(.invalidFrame(ByteBuffer(string: "x"), JSONFault(.unknownFrame, at: 0)))),
            "the server sent what is no SockJS frame: \"x\", none of o, h, a and c at octet 0"
        ),
        (
            .invalidSockJSMessages(JSONFault(.endsEarly, at: 1)),
            "the app sent what is no array of SockJS: it ends too early at octet 1"
        ),
        (.requestTooLarge, "not taken apart: a request of more than --max-message"),
        (.unsolicitedAnswer, "the server sent an answer that nobody had asked for"),
        (.otherUpgrade(path: "/"), "/ was upgraded to what is no WebSocket, and is not taken apart"),
        (
            .notTakenApart(.webSocket(.unknownExtensions(["foo"]))),
            "not taken apart: WebSocket: the extension foo is not known"
        ),
        (
            .noLongerTakenApart(.webSocket(.messageTooLarge(limit: 9, from: .otherSide))),
            "no longer taken apart: WebSocket: the other side sent a message of more than 9 octets; raise the limit with "
                + "--max-message"
        ),
        (.notHTTP(from: .app), "the app sent what is no HTTP"),
        (.headTooLarge(from: .server), "the server sent a head of HTTP that is too large"),
        (.unfinishedHead(within: .seconds(10)), "the app did not finish a head of HTTP within 10 s"),
        (.noHeaders(cause: "no token"), "no token"),
        (.tooLateToDrop, "this frame was not dropped: its beginning had passed before its rest came"),
        (.moreRefusals, "more HTTP requests are refused; they are no longer listed"),
    ])
    func notesAreALine(note: TapNote, text: String) {
        #expect(note.text == text)
    }

    private static let notesOfFrames: [(TapNote, String)] = [
        (
            .unfinishedFrame(
                UnfinishedFrame(bytes: 26, command: .send, contentLength: 3, bodyBytes: 3), destination: nil,
                .lengthCountsNUL),
            "26 octets of a SEND came, but not its end; content-length says 3, and the body so far has 3; content-length "
                + "counts the NUL, which is not of the body"
        ),
        (
            .requestFailed(
                FailedRequest(
                    path: "/ws/info", origin: "http://localhost:3000", status: 403, reason: "",
                    body: ByteBuffer(string: "Invalid CORS request"))),
            "/ws/info was answered 403 \"Invalid CORS request\"; the Origin that was sent is http://localhost:3000"
        ),
        (
            .requestFailed(FailedRequest(path: "/ws", origin: nil, status: 403, reason: "Forbidden")),
            "/ws was answered 403 Forbidden; no Origin was sent"
        ),
        (
            .requestFailed(
                FailedRequest(
                    path: "/ws", origin: nil, status: 404, reason: "Not Found", body: ByteBuffer(string: "<html>\n"))),
            "/ws was answered 404 Not Found"
        ),
        (
            .cookieOfOtherDomain(name: "SESSION", domain: "example.com", host: "127.0.0.1"),
            "the cookie SESSION is for example.com: a browser that asked 127.0.0.1 drops it; open the page under a host "
                + "name of that domain, and add --listen-name for it"
        ),
        (
            .invalidFrame(
                STOMPProtocolError(.peer, .noNULAfterBody(contentLength: 5)), .lengthInCharacters(5, bytes: 15)),
            "not a STOMP frame, and shown as it is: content-length is 5, but the octet after as many of body is no NUL; "
                + "content-length counts the 5 characters of the body, which has 15 octets"
        ),
        (
            .invalidFrame(STOMPProtocolError(.peer, .bodyNotAllowed(.connect)), .textForNUL("\\u0000")),
            "not a STOMP frame, and shown as it is: a CONNECT frame has a body; it ends with the characters \\u0000 in "
                + "place of a NUL, the octet 0"
        ),
        (
            .unfinishedFrame(
                UnfinishedFrame(bytes: 34, command: .send, bodyBytes: 6), destination: "/app/kimchi", nil),
            "34 octets of a SEND to /app/kimchi came, but not its end: no NUL after the 6 octets of its body"
        ),
        (
            .unfinishedFrame(UnfinishedFrame(bytes: 6, command: .error), destination: nil, .missingNUL),
            "6 octets of an ERROR came, but not its end: the headers have no empty line after them; React Native cuts "
                + "text at its NUL: with @stomp/stompjs, set forceBinaryWSFrames and appendMissingNULLonIncoming"
        ),
    ]

    @Test(arguments: notesOfFrames) func whatKeepsAnAppFromItsSessionIsALine(note: TapNote, text: String) {
        #expect(note.text == text)
    }
}
