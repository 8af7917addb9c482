import NIOCore
import OutputFixtures
import STOMPTransport
import Testing

@testable import StomptapOutput

@Suite struct TracePrinterTests {
    private func printed(
        _ event: WireEvent, detail: WireEvent.Detail = .bytes, style: (inout OutputStyle) -> Void = { _ in }
    ) -> String {
        var outputStyle = OutputStyle()
        outputStyle.timestamps = .utc
        // 16 bytes per row, so that no word in these tests is split.
        outputStyle.width = .fixed(120)
        style(&outputStyle)
        var printer = TracePrinter(detail, style: outputStyle, start: sampleTime)
        return appended { printer.append(event, at: sampleTime, to: &$0) }
    }

    private func stomp(_ frame: [UInt8], _ direction: WireEvent.Direction = .outgoing) -> WireEvent {
        let command = String(decoding: frame.prefix { $0 != 10 }, as: UTF8.self)
        return WireEvent(.stomp, direction, .frames, .frame(command: command), bytes: ByteBuffer(bytes: frame))
    }

    @Test func aFrameIsPrintedAsItStandsOnTheWire() {
        #expect(
            printed(stomp(Array("SEND\ndestination:/app/hi\nx:a\\cb\n\none\n\u{1B}two\0".utf8))) == """
                05:03:22.118 > stomp SEND /app/hi  42 B
                               SEND
                               destination:/app/hi
                               x:a\\cb

                               one
                               \\x1btwo
                               ^@

                """)
    }

    @Test func lineEndsOfAnotherKindAreSeen() {
        #expect(
            printed(stomp(Array("RECEIPT\r\nreceipt-id:1\r\n\r\n\0".utf8), .incoming)) { $0.timestamps = .none } == """
                < stomp RECEIPT\\r  26 B
                  RECEIPT\\r
                  receipt-id:1\\r

                  ^@

                """)
    }

    @Test func secretsAreHidden() {
        let connect = Array("CONNECT\nlogin:u\npasscode:a:b\\n\nAuthorization:Bearer t\n\n\0".utf8)
        let text = printed(stomp(connect))
        #expect(text.contains("login:u\n") && text.contains("passcode:****\n") && text.contains("Authorization:****\n"))
        #expect(!text.contains("a:b") && !text.contains("Bearer"))
        #expect(printed(stomp(connect)) { $0.mask = .none }.contains("passcode:a:b\\n\n"))
    }

    @Test func aLargeBodyIsOnlyTold() {
        let head = Array("SEND\n\n".utf8)
        let full = printed(stomp(head + [UInt8](repeating: 0x61, count: TracePrinter.largestBody) + [0]))
        #expect(full.contains(String(repeating: "a", count: TracePrinter.largestBody) + "\n"))
        let large = printed(stomp(head + [UInt8](repeating: 0x61, count: 5 << 20) + [0]))
        #expect(large.hasSuffix("\n\n               [5242880 B of body]\n               ^@\n"))
    }

    @Test func aBodyThatIsNoTextIsDumped() {
        let text = printed(stomp(Array("SEND\n\n".utf8) + [0xFF, 0x41, 0]))
        #expect(text.contains("\n\n               00000000  ff 41  ") && text.hasSuffix("|.A|\n               ^@\n"))
    }

    @Test(arguments: ["", "\n", "SEND", "SEND\n", "SEND\n\n", "\0", "SEND\nx\0", "\r\n\0"])
    func whatIsNoFrameIsPrintedAsFarAsItGoes(text: String) {
        let printed = printed(stomp(Array(text.utf8)))
        #expect(printed.hasPrefix("05:03:22.118 > stomp ") && printed.hasSuffix("\n"))
    }

    @Test func otherLayersHaveALine() {
        let ping = WireEvent(
            .ws, .incoming, .layers, .webSocketFrame(WebSocketFrameHead(.ping, size: 2)),
            bytes: ByteBuffer(string: "hi"))
        #expect(printed(ping, detail: .layers) == "05:03:22.118 < ws frame ping FIN  2 B\n")
        #expect(printed(ping).hasPrefix("05:03:22.118 < ws frame ping FIN  2 B\n               00000000  68 69 "))
        #expect(printed(ping, detail: .frames) == "")
        let beat = WireEvent(
            .stomp, .incoming, .layers, .heartBeat(agreed: .seconds(10)), bytes: ByteBuffer(string: "\n"))
        #expect(printed(beat) == "05:03:22.118 < stomp heart-beat, every 10 s  1 B\n")
        let connected = WireEvent(.tcp, .local, .layers, .connected(to: "\u{1B}[::1]:1"))
        #expect(printed(connected) == "05:03:22.118 * tcp connected to \\x1b[::1]:1\n")
    }

    @Test func aHeadIsPrintedWhole() {
        let head = "GET /ws?token=abc HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\nX: \u{1B}\r\n\r\n"
        let event = WireEvent(
            .http, .outgoing, .layers,
            .requestHead(method: "GET", target: "/ws?token=abc", version: "HTTP/1.1", wantsWebSocket: true),
            bytes: ByteBuffer(string: head))
        #expect(
            printed(event) { $0.timestamps = .none } == """
                > http GET /ws?token=**** HTTP/1.1  58 B
                  GET /ws?token=**** HTTP/1.1
                  Host: h
                  Cookie: ****
                  X: \\x1b

                """)
    }

    @Test func bytesAreDumpedWithoutSecrets() {
        let bytes = ByteBuffer(string: "CONNECT\npasscode:secret\n\n\0")
        let event = WireEvent(.tcp, .outgoing, .bytes, .bytes, bytes: bytes)
        #expect(
            printed(event) { $0.timestamps = .none } == """
                > tcp octets  26 B
                  00000000  43 4f 4e 4e 45 43 54 0a  70 61 73 73 63 6f 64 65  |CONNECT.passcode|
                  00000010  3a 2a 2a 2a 2a 2a 2a 0a  0a 00                    |:******...|

                """)
    }

    @Test func aSecretThatIsCutIsHiddenInBothParts() {
        for (first, second) in [("passc", "ode:secret\n"), ("a\npasscode:sec", "ret\nx:y"), ("Cookie: ", "secret")] {
            var scanner = SecretScanner()
            for part in [first, second] {
                let bytes = ByteBuffer(string: part)
                var event = WireEvent(.tcp, .incoming, .bytes, .bytes, bytes: bytes)
                event.secrets = bytes.withUnsafeReadableBytes { scanner.secrets(in: $0) }
                #expect(!printed(event).contains("sec") && !printed(event).contains("ret."))
                #expect(printed(event) { $0.mask = .none }.contains(part.replacing("\n", with: ".").suffix(3)))
            }
        }
        var piece = WireEvent(
            .ws, .outgoing, .bytes, .message(isText: true, compressedSize: nil),
            bytes: ByteBuffer(string: "[\"ode:sec\"]"))
        piece.isPiece = true
        #expect(printed(piece).contains("[omitted") && !printed(piece).contains("sec\""))
        #expect(printed(piece) { $0.mask = .none }.contains("ode:sec"))
    }

    @Test func aFirstLineThatQuotesSecretsHidesThem() {
        let event = WireEvent(
            .sockjs, .incoming, .layers, .unreadableHead(firstLine: #"a["CONNECTED\nx-token:secret\nversion:1.2"]"#),
            bytes: ByteBuffer(string: "x"))
        #expect(printed(event).contains(#"\nx-token:****\nversion"#))
    }

    @Test func aTraceFileHasAnObjectForEachEvent() {
        var json = EventJSON(mask: .hiding)
        var event = WireEvent(
            .stomp, .outgoing, .frames, .frame(command: "CONNECT"),
            bytes: ByteBuffer(string: "CONNECT\npasscode:secret\n\n\0"))
        event.connection = 2
        #expect(
            appended { json.append(event, at: sampleTime, to: &$0) }
                == #"{"time":"2026-11-21T05:03:22.118453Z","connection":2,"direction":"out","layer":"stomp","level":1,"#
                + #""event":"CONNECT","size":26,"data":"CONNECT\npasscode:******\n\n\u0000","dataEncoding":"utf-8"}"#
                + "\n")
        let binary = WireEvent(.tcp, .incoming, .bytes, .bytes, bytes: ByteBuffer(bytes: [0xFF, 0xFE]))
        #expect(
            appended { json.append(binary, at: sampleTime, to: &$0) }.contains(
                #""data":"//4=","dataEncoding":"base64"}"#))
        let state = WireEvent(.tcp, .local, .layers, .closed)
        #expect(appended { json.append(state, at: sampleTime, to: &$0) }.hasSuffix(#""event":"closed"}"# + "\n"))
    }

    @Test func bodiesThatAreShownElsewhereAreLeftOut() {
        var printer = TracePrinter(.layers, style: OutputStyle(timestamps: .none), start: sampleTime)
        printer.omission = .body
        func lines(_ frame: String, _ direction: WireEvent.Direction) -> [Substring] {
            appended { printer.append(stomp(Array("\(frame)\n\nbody\0".utf8), direction), at: sampleTime, to: &$0) }
                .split(separator: "\n")
        }
        #expect(lines("SUBSCRIBE\nid:sub-0", .outgoing).contains("  body"))
        let shown = lines("MESSAGE\nsubscription:sub-0", .incoming)
        #expect(
            shown.contains("  subscription:sub-0") && shown.contains("  [4 B of body]") && !shown.contains("  body"))
        #expect(lines("MESSAGE\nsubscription:sub-1", .incoming).contains("  body"))
    }

    @Test func messagesThatAreShownElsewhereAreLeftOut() {
        var printer = TracePrinter(.layers, style: OutputStyle(timestamps: .none), start: sampleTime)
        func isShown(_ frame: String, _ direction: WireEvent.Direction) -> Bool {
            appended { printer.append(stomp(Array("\(frame)\n\nx\0".utf8), direction), at: sampleTime, to: &$0) } != ""
        }
        let message = "MESSAGE\ndestination:/a\nsubscription:sub-0"
        #expect(isShown("SUBSCRIBE\nid:sub-0\ndestination:/a", .outgoing) && isShown(message, .incoming))
        printer.omission = .message
        #expect(!isShown(message, .incoming) && !isShown("MESSAGE\nsubscription:sub-0\r", .incoming))
        // The command did not subscribe to these, so it does not print them, and the trace does.
        #expect(isShown("MESSAGE\nsubscription:sub-1", .incoming) && isShown("MESSAGE\nid:sub-0", .incoming))
        #expect(isShown("ERROR\nsubscription:sub-0", .incoming) && isShown(message, .outgoing))
        // After these frames the command prints no more messages of the subscription.
        for (end, direction) in [
            ("UNSUBSCRIBE\nid:sub-0", WireEvent.Direction.outgoing), ("DISCONNECT", .outgoing), ("CONNECT", .outgoing),
        ] {
            #expect(isShown("SUBSCRIBE\nid:sub-0\ndestination:/a", .outgoing) && !isShown(message, .incoming))
            #expect(isShown(end, direction) && isShown(message, .incoming))
        }
        #expect(isShown("SUBSCRIBE\nid:sub-0\ndestination:/a", .outgoing))
        printer.omission = .nothing
        #expect(isShown(message, .incoming))
    }
}
