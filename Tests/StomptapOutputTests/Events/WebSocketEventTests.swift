import STOMPTransport
import StomptapOutput
import Testing

/// WebSocket and SockJS events in `--trace-file` and with `-v`.
@Suite struct WebSocketEventTests {
    private static let reset = TransportError.tcp(.connectionReset(by: "h:80"))

    @Test(
        arguments: [
            (WireEvent.Content.bytes, "octets"),
            (.request(method: "GET", target: "/ws"), "GET /ws"), (.answer(status: 404, reason: "No"), "404 No"),
            (.offerWithheld(of: ["h2c", "foo"]), "withheld the offer of h2c, foo"),
            (.compressionAgreed("permessage-deflate; x=1"), "agreed on permessage-deflate; x=1"),
            (.compressionDeclined, "not compressed: the server did not accept the offer"),
            (.webSocketFrame(WebSocketFrameHead(.text, size: 5)), "frame text FIN  5 B"),
            (
                .webSocketFrame(WebSocketFrameHead(.binary, isLast: false, isCompressed: true, maskKey: 0xAB, size: 0)),
                "frame binary RSV1 mask 000000ab  0 B"
            ),
            (.webSocketFrame(WebSocketFrameHead(.continuation, size: 1)), "frame continuation FIN  1 B"),
            (.webSocketFrame(WebSocketFrameHead(.ping, maskKey: 0xFFFF_FFFF, size: 4)), "frame ping FIN mask ffffffff"),
            (.webSocketFrame(WebSocketFrameHead(.pong, size: 4)), "frame pong FIN"),
            (
                .webSocketFrame(WebSocketFrameHead(.close, size: 5, close: WebSocketClose(code: 1001, reason: "bye"))),
                "frame close FIN 1001 going away \"bye\""
            ),
            (.webSocketFrame(WebSocketFrameHead(.close, close: WebSocketClose(code: nil))), "frame close FIN"),
            (.webSocketFrame(WebSocketFrameHead(.close, size: 1)), "frame close FIN"),
            (.message(isText: true, compressedSize: nil), "text message"),
            (.message(isText: false, compressedSize: 7), "binary message, compressed to 7 B"),
            (.ping, "ping"), (.pong, "pong"),
            (.close(WebSocketClose(code: 1001, reason: "bye")), "close 1001 going away \"bye\""),
            (.close(WebSocketClose(code: 4000, reason: "a\nb")), "close 4000 \"a\\nb\""),
            (.close(WebSocketClose(code: nil)), "close"),
            (.sockJSOpened(.xhrStreaming, at: "http://h/ws"), "SockJS xhr-streaming at http://h/ws"),
            (
                .fellBack(from: .websocket, because: reset, to: .xhrStreaming),
                "websocket does not work, connection reset by h:80: trying xhr-streaming"
            ),
            (.fellBackToWebSocket(because: reset), "connection reset by h:80: trying a plain WebSocket"),
            (.sockJSFrame(.open), "o"), (.sockJSFrame(.heartBeat), "h"), (.sockJSFrame(.prelude), "prelude"),
            (.sockJSFrame(.messages(count: 1, bytes: 3)), "a, 1 message of 3 bytes"),
            (.sockJSFrame(.close(code: 3000, reason: "Go away!")), "c 3000 \"Go away!\""),
            (.sockJSFrameSent, "frame"), (.sockJSMessageSent, "message"),
            (.sockJSMessages(count: 0, bytes: 0), "0 messages of 0 bytes"),
        ] as [(WireEvent.Content, String)])
    func areToldInAFewWords(content: WireEvent.Content, text: String) {
        #expect(content.text == text)
        #expect(WireEvent(.ws, .local, .layers, content).text == text)
    }

    @Test(arguments: [
        (TransportDescription.Kind.tcp, "TCP"), (.webSocket, "WebSocket"), (.eventStream, "HTTP"),
        (.sockJS(.xhrPolling), "SockJS xhr-polling"), (.sockJS(.websocket), "SockJS websocket"),
    ])
    func transportsHaveNames(kind: TransportDescription.Kind, name: String) {
        #expect(TransportDescription(kind, remoteAddress: "").name == name)
    }
}
