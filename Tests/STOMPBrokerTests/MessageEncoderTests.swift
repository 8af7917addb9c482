import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPBroker

@Suite struct MessageEncoderTests {
    private func message(_ send: String, _ version: STOMPVersion = .v12) throws -> Message {
        let frame = try frame(send, version)
        return Message(destination: try #require(frame.headers["destination"]), frame: frame)
    }

    private func delivery(
        _ message: Message, subscription: String? = "sub-0", ack: Bool = false, again: Bool = false
    ) -> Delivery {
        Delivery(
            message: message, connection: 1, subscription: subscription, id: .init(subscription: 17, number: 3),
            wantsAcknowledgement: ack, isRedelivered: again)
    }

    private func text(
        _ deliveries: Delivery..., version: STOMPVersion = .v12, serverProfile: ServerProfile = .standard
    ) -> String {
        var encoder = MessageEncoder(serverProfile: serverProfile)
        var buffer = ByteBuffer()
        for delivery in deliveries { encoder.write(delivery, version: version, into: &buffer) }
        return String(buffer: buffer)
    }

    @Test func headersPassThroughInTheirOrderWithRepeats() throws {
        let message = try message("SEND\ncustom:1\ndestination:/topic/a\ncontent-type:text/x\ncustom:2\n\nbody")
        #expect(
            text(delivery(message))
                == "MESSAGE\nsubscription:sub-0\nmessage-id:17-3\ndestination:/topic/a\ncustom:1\ncontent-type:text/x\n"
                + "custom:2\ncontent-length:4\n\nbody\0")
    }

    @Test func whatIsForTheBrokerOrForgedDoesNot() throws {
        let message = try message(
            "SEND\ndestination:/a\nreceipt:r\ntransaction:t\nsubscription:s\nmessage-id:m\nack:k\nredelivered:true\n"
                + "content-length:0\n\n")
        #expect(
            text(delivery(message))
                == "MESSAGE\nsubscription:sub-0\nmessage-id:17-3\ndestination:/a\ncontent-length:0\n\n\0")
    }

    @Test(arguments: [(STOMPVersion.v10, ""), (.v11, ""), (.v12, "ack:17-3\n")])
    func version12NamesWhatToAcknowledge(_ version: STOMPVersion, _ header: String) throws {
        let message = try message("SEND\ndestination:/a\n\n")
        #expect(
            text(delivery(message, ack: true, again: true), version: version)
                == "MESSAGE\nsubscription:sub-0\nmessage-id:17-3\n\(header)redelivered:true\ndestination:/a\n"
                + "content-length:0\n\n\0")
    }

    @Test func aSubscriptionWithoutAnIDIsNotNamed() throws {
        let message = try message("SEND\ndestination:/a\n\n")
        #expect(
            text(delivery(message, subscription: nil), version: .v10)
                == "MESSAGE\nmessage-id:17-3\ndestination:/a\ncontent-length:0\n\n\0")
    }

    @Test func eachVersionGetsItsOwnEscapes() throws {
        let message = try message("SEND\ndestination:/a\\cb\nk\\cey:a\\nb\\\\c\\rd\n\n")
        let head = "MESSAGE\nsubscription:sub-0\nmessage-id:17-3\n"
        #expect(
            text(delivery(message), version: .v12)
                == head + "destination:/a\\cb\nk\\cey:a\\nb\\\\c\\rd\ncontent-length:0\n\n\0")
        #expect(
            text(delivery(message), version: .v11)
                == head + "destination:/a\\cb\nk\\cey:a\\nb\\\\c\\\\rd\ncontent-length:0\n\n\0")
        #expect(
            text(delivery(message), version: .v10)
                == head + "destination:/a:b\nk\\cey:a\\nb\\c\\rd\ncontent-length:0\n\n\0")
    }

    @Test func bodiesKeepTheirNULs() throws {
        var decoder = FrameDecoder(version: .v12)
        decoder.feed(ByteBuffer(string: "SEND\ndestination:/a\ncontent-length:3\n\na\0b\0"))
        guard case .frame(let frame) = try decoder.next() else { throw NoFrame(text: "SEND") }
        #expect(text(delivery(Message(destination: "/a", frame: frame))).hasSuffix("content-length:3\n\na\0b\0"))
    }

    @Test func oneAfterAnotherEachMessageHasItsOwnHeaders() throws {
        let one = try message("SEND\ndestination:/a\nn:1\n\n1")
        let two = try message("SEND\ndestination:/b\nn:2\n\n2")
        let all = text(delivery(one), delivery(one), delivery(two), delivery(one))
        #expect(
            all == text(delivery(one)) + text(delivery(one)) + text(delivery(two)) + text(delivery(one)))
        #expect(all.contains("n:2"))
    }

    @Test func asRabbitMQReceiptsLeakAndALineFeedFollows() throws {
        let full = try message("SEND\ndestination:/topic/a\nreceipt:r\ntransaction:t\nk:v\n\nhi")
        #expect(
            text(delivery(full), serverProfile: .rabbitMQ)
                == "MESSAGE\nsubscription:sub-0\nmessage-id:17-3\nredelivered:false\ndestination:/topic/a\nreceipt:r\n"
                + "transaction:t\nk:v\ncontent-length:2\n\nhi\0\n")
        let empty = try message("SEND\ndestination:/topic/a\n\n")
        #expect(
            text(delivery(empty, subscription: nil, again: true), serverProfile: .rabbitMQ)
                == "MESSAGE\nmessage-id:17-3\nredelivered:true\ndestination:/topic/a\n\n\0\n")
    }

    @Test(arguments: [
        (ServerProfile.standard, TransportMessageKind.byContent, TransportMessageKind.byContent),
        (.spring, .binary, .byContent),
        (.rabbitMQ, .text, .text),
    ])
    func eachProfileHasItsKindsOfWebSocketMessages(
        _ serverProfile: ServerProfile, _ bytes: TransportMessageKind, _ text: TransportMessageKind
    ) throws {
        let binary = try message("SEND\ndestination:/a\ncontent-type:application/octet-stream\n\nhi")
        let plain = try message("SEND\ndestination:/a\ncontent-type:text/plain\n\nhi")
        #expect(serverProfile.kind(of: binary) == bytes)
        #expect(serverProfile.kind(of: plain) == text)
    }
}
