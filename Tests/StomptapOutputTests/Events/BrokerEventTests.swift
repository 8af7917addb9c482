import NIOCore
import STOMPBroker
import STOMPCore
import STOMPTransport
import StomptapOutput
import Testing

/// The lines that `serve` prints about its broker.
@Suite struct BrokerEventTests {
    @Test(arguments: [
        (FrameDrop.sessionOver, "the session has ended"), (.notConnected, "no CONNECT before it"),
        (.missingHeader("id"), "missing header id"), (.noSubscriber("/topic/a"), "no subscriber to /topic/a"),
        (.notServed("/x"), "not a destination of the broker or of a handler; add a prefix with --prefix"),
        (.noReply(.noValue(path: ".a")), "the handler failed: no value at .a in the body"),
        (.noReply(.notJSON(contentType: "text/plain")), "the handler expects JSON, but content-type is text/plain"),
        (.noReply(.notJSON(contentType: "application/json")), "the handler expects JSON, but the body is not JSON"),
        (.noReply(.notJSON(contentType: nil)), "the handler expects JSON, but the body is not JSON"),
    ])
    func droppedFramesSayWhy(_ drop: FrameDrop, _ text: String) {
        let event = BrokerEvent(connection: 2, kind: .droppedFrame(.send, destination: "/x", drop))
        #expect(event.line == "connection 2: dropped SEND /x: \(text)")
        #expect(event.trace(.hiding) == nil)
    }

    @Test func aFrameIsShownWithItsSecretsHidden() throws {
        let bytes = ByteBuffer(string: "CONNECT\nlogin:ann\npasscode:secret\n\n\0")
        let event = BrokerEvent(connection: 1, kind: .frame(.incoming, bytes))
        let trace = String(decoding: try #require(event.trace(.hiding)), as: UTF8.self)
        #expect(trace.hasPrefix("stomptap: connection 1: < CONNECT  \(bytes.readableBytes) B\n  CONNECT\n  login:"))
        #expect(!trace.contains("secret"))
    }

    @Test func aFrameCannotDriveATerminal() throws {
        let bytes = ByteBuffer(string: "SEND\ndestination:/a\u{1B}[2J\n\n\u{7}\0")
        let trace = try #require(BrokerEvent(connection: 1, kind: .frame(.outgoing, bytes)).trace(.hiding))
        #expect(trace.allSatisfy { $0 >= 0x20 || $0 == 0x0A })
    }
}
