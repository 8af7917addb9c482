import NIOCore
import OutputFixtures
import STOMPCore
import STOMPTap
import STOMPTransport
import Testing

@testable import StomptapOutput

struct TapTrafficTests {
    private func printed(
        _ events: TapEvent..., as form: OutputForm = .pretty, style: (inout OutputStyle) -> Void = { _ in }
    ) -> String {
        var outputStyle = OutputStyle()
        outputStyle.timestamps = .utc
        style(&outputStyle)
        var renderer = TrafficRenderer(form: form, style: outputStyle, start: sampleTime)
        return appended { out in
            for event in events { renderer.append(event, at: sampleTime, to: &out) }
        }
    }

    private let text = TapEvent.sample(.incoming, .message(ByteBuffer(string: "token: t\n\u{1B}hi"), isText: true))
    private let bytes = TapEvent.sample(.bytes(ByteBuffer(string: "SEN\npasscode:abc\n\nx\0")))

    @Test func framesArePrintedWithTheirConnection() throws {
        #expect(
            printed(
                try .sent("CONNECT", ["login:u", "passcode:secret"]),
                try .came("MESSAGE", ["destination:/topic/a", "subscription:s", "message-id:1"], "hi")) == """
                    05:03:22.118 3 127.0.0.1:51234 app > server CONNECT
                                   login: u
                                   passcode: ****
                    05:03:22.118 3 127.0.0.1:51234 app < server MESSAGE /topic/a  s  2 B
                                   message-id: 1
                                   hi

                    """)
        let coloured = printed(try .sent("SEND")) { $0.palette = Palette(isOn: true) }
        #expect(coloured.contains("3 \u{1B}[2m127.0.0.1:51234\u{1B}[0m \u{1B}[1;34mapp > server SEND\u{1B}[0m"))
    }

    @Test func jsonNamesWayConnectionAndApp() throws {
        let sent = try TapEvent.sent("SEND", ["destination:/a", "x-token:t"], "x")
        #expect(
            printed(sent, try .came("RECEIPT", ["receipt-id:1"]), as: .json) == """
                {"time":"2026-11-21T05:03:22.118453Z","direction":"to-server","connection":3,"app":"127.0.0.1:51234",\
                "command":"SEND","headers":{"destination":"/a","x-token":"****"},"body":"x","bodyEncoding":"utf-8","bodySize":1}
                {"time":"2026-11-21T05:03:22.118453Z","direction":"to-app","connection":3,"app":"127.0.0.1:51234",\
                "command":"RECEIPT","headers":{"receipt-id":"1"},"body":"","bodyEncoding":"utf-8","bodySize":0}

                """)
        #expect(printed(sent, as: .json) { $0.mask = .none }.contains(#""x-token":"t""#))
    }

    @Test func whatIsNoSTOMPIsShownAsWhatItIs() {
        #expect(
            printed(text, bytes) == """
                05:03:22.118 3 127.0.0.1:51234 app < server text  12 B
                               token: *
                               \\x1bhi
                05:03:22.118 3 127.0.0.1:51234 app > server octets  20 B
                               SEN
                               passcode:****

                               x
                               ^@

                """)
        #expect(
            printed(text, bytes, as: .json) == """
                {"time":"2026-11-21T05:03:22.118453Z","direction":"to-app","connection":3,"app":"127.0.0.1:51234",\
                "type":"text","body":"token: *\\n\\u001bhi","bodyEncoding":"utf-8","bodySize":12}
                {"time":"2026-11-21T05:03:22.118453Z","direction":"to-server","connection":3,"app":"127.0.0.1:51234",\
                "type":"octets","body":"SEN\\npasscode:***\\n\\nx\\u0000","bodyEncoding":"utf-8","bodySize":20}

                """)
        let http = TapEvent.sample(
            .bytes(ByteBuffer(string: "GET /?token=s1 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nAuthorization: s2\r\n\r\n")))
        for form in [OutputForm.pretty, .json] {
            let printed = printed(http, as: form)
            #expect(printed.contains("Authorization: **") && !printed.contains("s1") && !printed.contains("s2"))
        }
        let binary = TapEvent.sample(.message(ByteBuffer(bytes: [0xFF]), isText: false))
        #expect(printed(binary).contains("app > server binary  1 B\n               00000000  ff "))
        #expect(printed(binary, as: .json).contains(#""type":"binary","body":"/w==","bodyEncoding":"base64""#))
    }

    /// Only the head of a frame has named secrets; everything else stays unchanged.
    @Test func rawBytesHideSecretsAndNothingElse() throws {
        let secret = try TapEvent.sent("SEND", ["passcode:abc", "login:u"], "passcode:abc\n")
        #expect(printed(secret, as: .raw) == "SEND\npasscode:***\nlogin:u\n\npasscode:abc\n\0")
        #expect(printed(secret, as: .raw) { $0.mask = .none } == "SEND\npasscode:abc\nlogin:u\n\npasscode:abc\n\0")
        let plain = try TapEvent.came("MESSAGE", ["destination:/a"], "token: t")
        #expect(printed(plain, bytes, as: .raw) == "MESSAGE\ndestination:/a\n\ntoken: t\0SEN\npasscode:***\n\nx\0")
    }

    @Test func bodiesAreThoseOfFramesThatHaveOne() throws {
        let events = (
            try TapEvent.sent("CONNECT"), try TapEvent.sent("SEND"), try TapEvent.came("MESSAGE", [], "b"), text
        )
        #expect(printed(events.0, events.1, events.2, events.3, as: .body()) == "\nb\ntoken: *\n\u{1B}hi\n")
        #expect(printed(events.0, events.2, as: .none) == "")
    }

    @Test func templatesHaveTheWayToo() throws {
        let form = OutputForm.format(try FormatTemplate("%n %a %w %c %d %l"))
        #expect(
            printed(try .sent("SEND", ["destination:/a"], "xy"), bytes, as: form) == """
                3 127.0.0.1:51234 to-server SEND /a 2
                3 127.0.0.1:51234 to-server MESSAGE  20

                """)
        let json = OutputForm.format(try FormatTemplate("%j"))
        let frame = try TapEvent.came("MESSAGE", ["destination:/a"], "x")
        #expect(printed(frame, as: json) == printed(frame, as: .json))
    }

    @Test func allElseIsNoTraffic() {
        for content in [
            .opened(.tcp), .heartBeat, .wire(.http, .request(method: "GET", target: "/"), nil),
            .fault(.frozen), .note(.moreRefusals), .ended(.over),
        ]
            as [TapEvent.Content]
        {
            #expect(printed(.sample(content)) == "")
            #expect(!TapEvent.sample(content).content.isTraffic)
        }
    }

    // MARK: Apart from the frames

    private func notice(_ event: TapEvent, _ detail: WireEvent.Detail? = nil) -> String {
        var notices = TapNotices(detail, style: OutputStyle(timestamps: .utc), start: sampleTime)
        return notices.prints(event.content) ? appended { notices.append(event, at: sampleTime, to: &$0) } : "nothing"
    }

    @Test func noticesAreALineEach() {
        let start = "05:03:22.118 3 127.0.0.1:51234"
        #expect(
            notice(.sample(.local, .opened(.webSocket(path: "/ws?token=t\n"))))
                == "\(start) * open: WebSocket /ws?token=****\\n\n")
        #expect(
            notice(.sample(.incoming, .fault(.droppedHeartBeat)))
                == "\(start) app < server fault: dropped a heart-beat\n"
        )
        #expect(
            notice(.sample(.local, .note(.notHTTP(from: .app)))) == "\(start) * the app did not send valid HTTP\n")
        #expect(
            notice(.sample(.local, .ended(.connectionClosed(by: .app))))
                == "\(start) * end: the app closed the connection\n")
    }

    @Test func layersAreToldWhereTheyAreAskedFor() {
        let request = TapEvent.sample(
            .wire(
                .http, .request(method: "GET", target: "/ws"),
                ByteBuffer(string: "GET /ws HTTP/1.1\r\nCookie: a=b\r\n\r\n")))
        let ping = TapEvent.sample(.incoming, .wire(.ws, .ping, ByteBuffer(string: "x")))
        for event in [request, ping, .sample(.heartBeat)] { #expect(notice(event) == "nothing") }
        #expect(
            notice(request, .layers) == """
                05:03:22.118 3 127.0.0.1:51234 app > server http GET /ws  33 B
                               GET /ws HTTP/1.1
                               Cookie: ****

                """)
        #expect(notice(ping, .layers) == "05:03:22.118 3 127.0.0.1:51234 app < server ws ping  1 B\n")
        #expect(notice(ping, .bytes).contains("ws ping  1 B\n               00000000  78 "))
        #expect(
            notice(.sample(.heartBeat), .layers) == "05:03:22.118 3 127.0.0.1:51234 app > server stomp heart-beat\n")
        #expect(notice(text, .bytes) == "nothing")
    }

    /// It is recorded as the message it was sent in, so that older readers of recordings understand it.
    @Test func anUnfinishedFrameIsShownAsFarAsItCame() {
        let bytes = ByteBuffer(string: "SEND\ndestination:/app/kimchi\npasscode:abc\n\njjigae")
        let frame = UnfinishedFrame(bytes: 47, command: .send, bodyBytes: 6)
        let event = TapEvent.sample(.unfinished(frame, .ws, .message(isText: true), bytes))
        #expect(
            printed(event) == """
                05:03:22.118 3 127.0.0.1:51234 app > server SEND (unfinished) /app/kimchi  49 B
                               SEND
                               destination:/app/kimchi
                               passcode:****

                               jjigae

                """)
        #expect(
            printed(event, as: .json) == #"""
                {"time":"2026-11-21T05:03:22.118453Z","direction":"to-server","connection":3,"app":"127.0.0.1:51234",\#
                "type":"text","unfinished":true,"body":"SEND\ndestination:/app/kimchi\npasscode:***\n\njjigae",\#
                "bodyEncoding":"utf-8","bodySize":49}

                """#)
    }

    @Test func aMessageThatIsAnInvalidFrameLooksLikeOne() {
        let bad = ByteBuffer(string: "SEND\ncontent-length:2\npasscode:abc\n\n안녕\0")
        #expect(
            printed(.sample(.message(bad, isText: true))) == """
                05:03:22.118 3 127.0.0.1:51234 app > server text  43 B
                               SEND
                               content-length:2
                               passcode:****

                               안녕
                               ^@

                """)
    }
}
