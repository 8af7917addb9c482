import NIOCore
import OutputFixtures
import STOMPCore
import STOMPTransport
import Testing

@testable import StomptapOutput

@Suite struct RawTrafficTests {
    private func printed(_ events: TrafficEvent..., as form: OutputForm = .pretty, hasDump: Bool = false) -> String {
        var style = OutputStyle()
        style.timestamps = .none
        var renderer = TrafficRenderer(form: form, style: style, hasDump: hasDump, start: sampleTime)
        return appended { out in
            for var event in events {
                event.time = sampleTime
                renderer.append(event, to: &out)
            }
        }
    }

    private let text = TrafficEvent(.incoming, .ws, .wire(.message(isText: true), ByteBuffer(string: "a\u{1B}[2Jb\nc")))
    private let close = TrafficEvent(
        .incoming, .ws,
        .wire(.ended(TransportClosure(layer: .webSocket, code: 1001, reason: "b\u{7}ye", isClean: true))))

    @Test func nothingThatCameDrivesATerminal() {
        #expect(printed(text) == "< ws text  8 B\n  a\\x1b[2Jb\n  c\n")
        #expect(printed(close) == "< ws close 1001 going away \"b\\x07ye\"  clean\n")
    }

    @Test func whatIsNoTextIsDumpedAndTextWhenAskedFor() {
        let binary = TrafficEvent(.outgoing, .ws, .wire(.message(isText: false), ByteBuffer(bytes: [0xFF])))
        #expect(printed(binary).hasPrefix("> ws binary  1 B\n  00000000  ff "))
        #expect(printed(binary, hasDump: true) == printed(binary), "once is enough")
        #expect(printed(text, hasDump: true).contains("  c\n  00000000  61 1b 5b 32 4a 62 0a 63"))
    }

    @Test func aFrameThatIsNoneIsShownAsOneWithItsSecretsHidden() {
        let bytes = TrafficEvent(.outgoing, .tcp, .wire(.bytes, ByteBuffer(string: "SEN\npasscode:abc\n\nx\0")))
        #expect(printed(bytes) == "> tcp octets  20 B\n  SEN\n  passcode:****\n\n  x\n  ^@\n")
        #expect(printed(bytes, as: .json).contains(#""type":"octets","body":"SEN\npasscode:***\n\nx\u0000""#))
    }

    @Test func theOtherFormsHaveWhatCameAlone() throws {
        let sent = TrafficEvent(.outgoing, .ws, .wire(.message(isText: true), ByteBuffer(string: "sent")))
        #expect(printed(sent, text, close, as: .body()) == "a\u{1B}[2Jb\nc\n")
        #expect(printed(sent, text, close, as: .raw) == "a\u{1B}[2Jb\nc")
        #expect(printed(sent, text, as: .none) == "")
        var event = ServerSentEvent()
        event.event = "tick"
        event.id = "7"
        event.data = ByteBuffer(string: "{}")
        let format = OutputForm.format(try FormatTemplate("%{event} %{id} %b %l"), terminator: 0x0A)
        #expect(printed(TrafficEvent(.incoming, .http, .wire(.serverSentEvent(event))), as: format) == "tick 7 {} 2\n")
    }

    @Test func theNameOfAnEventHidesASecret() {
        var event = ServerSentEvent()
        event.event = "at ws://h/?token=t1"
        let tick = TrafficEvent(.incoming, .http, .wire(.serverSentEvent(event)))
        for form in [OutputForm.pretty, .json] {
            #expect(printed(tick, as: form).contains("?token=****") && !printed(tick, as: form).contains("t1"))
        }
    }

    @Test func jsonHasAnObjectForEachEvent() throws {
        #expect(
            printed(text, close, as: .json) == """
                {"time":"2026-11-21T05:03:22.118453Z","direction":"in","layer":"ws","type":"text",\
                "body":"a\\u001b[2Jb\\nc","bodyEncoding":"utf-8","bodySize":8}
                {"time":"2026-11-21T05:03:22.118453Z","direction":"in","layer":"ws","type":"close",\
                "code":1001,"reason":"b\\u0007ye","clean":true}

                """)
        let frame = try makeMessage(["destination:/a"], "x")
        #expect(
            printed(TrafficEvent(.incoming, .stomp, .frame(frame)), as: .json).hasSuffix(
                #""layer":"stomp","type":"frame","command":"MESSAGE","headers":{"destination":"/a"},"#
                    + #""body":"x","bodyEncoding":"utf-8","bodySize":1}"# + "\n"))
        #expect(
            printed(TrafficEvent(.incoming, .http, .wire(.retry(50))), as: .json).hasSuffix(
                #""type":"retry","retry":50}"# + "\n"))
    }
}
