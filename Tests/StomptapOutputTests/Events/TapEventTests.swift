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
            "the app closed the WebSocket: close 1000 normal closure"
        ),
        (
            .webSocketClosed(by: .server, WebSocketClose(code: 4001, reason: "x")),
            "the server closed the WebSocket: close 4001 \"x\""
        ),
        (.webSocketClosed(by: .server, WebSocketClose(code: nil)), "the server closed the WebSocket: close"),
        (.sockJSClosed(code: 3000, reason: "Go away!"), "the server closed the SockJS session: c 3000 \"Go away!\""),
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
        (.closedByTap, "the tap closed the connection"), (.tapEnded, "the tap was stopped"),
        (.noConnectionToServer, "no connection to the server"),
        (.answered(status: 404, reason: "Not Found"), "the server answered 404 Not Found"),
        (.noRequest(within: .seconds(6)), "no request for 6 s"), (.over, "closed"),
    ])
    func endingsSayWhoAndHow(ending: TapEnding, text: String) {
        #expect(ending.text == text)
    }

    @Test(arguments: [
        (TapFault.connectionRefused, "refused"), (.closed(code: 1001), "closed with 1001"),
        (.closed(code: nil), "cut the connection"), (.frozen, "frozen: nothing is relayed any more"),
        (.droppedHeartBeat, "dropped a heart-beat"),
        (.droppedFrame(.send, destination: "/a", bodySize: 2), "dropped a SEND to /a, 2 B"),
        (.droppedFrame(.message, destination: nil, bodySize: 0), "dropped a MESSAGE, 0 B"),
        (
            .slowed(delay: .milliseconds(150), jitter: .milliseconds(20), rate: nil),
            "all traffic is delayed by 150 ms to 170 ms, in each direction"
        ),
        (.slowed(delay: .seconds(1), jitter: .zero, rate: nil), "all traffic is delayed by 1 s, in each direction"),
        (
            .slowed(delay: .zero, jitter: .zero, rate: 20_000),
            "all traffic is limited to 20000 B/s, in each direction"
        ),
        (
            .slowed(delay: .seconds(1), jitter: .zero, rate: 5),
            "all traffic is delayed by 1 s and limited to 5 B/s, in each direction"
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
            "no longer valid STOMP, shown unchanged from here on: carriage return without a line feed between frames"
        ),
        (
            .invalidSockJSFrame(.sockJS(.invalidFrame(ByteBuffer(string: "x"), JSONFault(.unknownFrame, at: 0)))),
            "the server sent an invalid SockJS frame: \"x\", expected o, h, a or c at byte 0"
        ),
        (
            .invalidSockJSMessages(JSONFault(.endsEarly, at: 1)),
            "the app sent an invalid SockJS message array: unexpected end at byte 1"
        ),
        (.requestTooLarge, "not decoded: the request is larger than --max-message"),
        (.unsolicitedAnswer, "the server sent a response without a request"),
        (.otherUpgrade(path: "/"), "/ was upgraded to a protocol other than WebSocket; not decoded"),
        (
            .notTakenApart(.webSocket(.unknownExtensions(["foo"]))),
            "not decoded: WebSocket: unknown extension foo"
        ),
        (
            .noLongerTakenApart(.webSocket(.messageTooLarge(limit: 9, from: .otherSide))),
            "no longer decoded: WebSocket: the peer sent a message of more than 9 bytes; raise the limit with "
                + "--max-message"
        ),
        (.notHTTP(from: .app), "the app did not send valid HTTP"),
        (.headTooLarge(from: .server), "the server sent an HTTP head that is too large"),
        (.unfinishedHead(within: .seconds(10)), "timed out after 10 s: the app did not finish an HTTP head"),
        (.noHeaders(cause: "no token"), "no token"),
        (.tooLateToDrop, "this frame was not dropped: its start had already been relayed"),
        (.moreRefusals, "more HTTP requests were refused; they are no longer listed"),
    ])
    func notesAreALine(note: TapNote, text: String) {
        #expect(note.text == text)
    }

    private static let notesOfFrames: [(TapNote, String)] = [
        (
            .unfinishedFrame(
                UnfinishedFrame(bytes: 26, command: .send, contentLength: 3, bodyBytes: 3), destination: nil,
                .lengthCountsNUL),
            "incomplete SEND frame (26 bytes received), the body has 3 bytes but content-length is 3; content-length "
                + "counts the NUL, which is not part of the body"
        ),
        (
            .requestFailed(
                FailedRequest(
                    path: "/ws/info", origin: "http://localhost:3000", status: 403, reason: "",
                    body: ByteBuffer(string: "Invalid CORS request"))),
            "/ws/info was answered 403 \"Invalid CORS request\"; the Origin sent was http://localhost:3000"
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
            "the cookie SESSION is for example.com: a browser at 127.0.0.1 ignores it; open the page under a host "
                + "name of that domain and add --listen-name for that name"
        ),
        (
            .invalidFrame(
                STOMPProtocolError(.peer, .noNULAfterBody(contentLength: 5)), .lengthInCharacters(5, bytes: 15)),
            "not a valid STOMP frame, shown unchanged: content-length is 5, but no NUL follows a body of that "
                + "length; content-length counts the 5 characters of the body, which has 15 bytes"
        ),
        (
            .invalidFrame(STOMPProtocolError(.peer, .bodyNotAllowed(.connect)), .textForNUL("\\u0000")),
            "not a valid STOMP frame, shown unchanged: a CONNECT frame must not have a body; it ends with the "
                + "characters \\u0000 instead of a NUL byte"
        ),
        (
            .unfinishedFrame(
                UnfinishedFrame(bytes: 34, command: .send, bodyBytes: 6), destination: "/app/kimchi", nil),
            "incomplete SEND frame to /app/kimchi (34 bytes received), no NUL after the 6 bytes of the body"
        ),
        (
            .unfinishedFrame(UnfinishedFrame(bytes: 6, command: .error), destination: nil, .missingNUL),
            "incomplete ERROR frame (6 bytes received), no empty line after the headers; React Native cuts text at "
                + "its NUL: with @stomp/stompjs, set forceBinaryWSFrames and appendMissingNULLonIncoming"
        ),
    ]

    @Test(arguments: notesOfFrames) func whatKeepsAnAppFromItsSessionIsALine(note: TapNote, text: String) {
        #expect(note.text == text)
    }
}
