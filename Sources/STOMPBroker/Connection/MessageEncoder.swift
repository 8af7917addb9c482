import NIOCore
import STOMPCore
import STOMPTransport

/// Encodes MESSAGE frames as the emulated server does. The part that is the same for all receivers is encoded
/// once per version.
struct MessageEncoder {
    private let serverProfile: ServerProfile
    /// Headers of SEND that are meant for the broker, or that only the broker may set.
    private let dropped: [String]
    /// For Spring: the number of generated `message-id` headers, over all sessions.
    private var numbered = 0
    /// For Spring: the part of ``message`` after the headers that differ between receivers.
    private var end = ByteBuffer()
    private var message: Message?
    /// The message kind of the last message.
    private(set) var kind = TransportMessageKind.byContent
    /// Whether the sender has set a `message-id`.
    private var hasOwnID = false
    /// The headers of ``message`` that are the same for all receivers, for each version; empty until needed.
    private var common = Array(repeating: ByteBuffer(), count: STOMPVersion.allCases.count)

    init(serverProfile: ServerProfile = .standard) {
        self.serverProfile = serverProfile
        let own = ["destination", "content-length", "subscription", "message-id", "ack", "redelivered"]
        // RabbitMQ forwards the `receipt` and `transaction` headers of SEND.
        dropped =
            serverProfile.isSpring
            ? ["destination", "content-type", "content-length", "subscription"]
            : serverProfile == .rabbitMQ ? own : own + ["receipt", "transaction"]
    }

    /// Appends the MESSAGE of a delivery.
    mutating func write(_ delivery: Delivery, version: STOMPVersion, into buffer: inout ByteBuffer) {
        if delivery.message !== message {
            forget()
            message = delivery.message
            kind = serverProfile.kind(of: delivery.message)
            hasOwnID = serverProfile.isSpring && delivery.message.frame.headers.contains("message-id")
        }
        let index = version.index
        if common[index].readableBytes == 0 { writeCommon(delivery.message, version, &common[index]) }
        if serverProfile.isSpring {
            if end.readableBytes == 0 { writeEnd(delivery.message) }
            return writeSpring(delivery, version, common[index], into: &buffer)
        }

        let id = delivery.id.description
        buffer.writeString("MESSAGE\n")
        if let subscription = delivery.subscription {
            FrameEncoder(version: version).relayHeader("subscription", subscription, into: &buffer)
        }
        buffer.writeString("message-id:")
        buffer.writeString(id)
        if delivery.wantsAcknowledgement, version == .v12 {
            buffer.writeString("\nack:")
            buffer.writeString(id)
        }
        if delivery.isRedelivered || serverProfile == .rabbitMQ {
            buffer.writeString("\nredelivered:\(delivery.isRedelivered)")
        }
        buffer.writeInteger(UInt8(ascii: "\n"))
        buffer.writeImmutableBuffer(common[index])
        buffer.writeImmutableBuffer(delivery.message.frame.body)
        buffer.writeString(serverProfile.frameEnd)
    }

    /// Spring's order: the destination, the content type and the sender's other headers, then Spring's own headers.
    private mutating func writeSpring(
        _ delivery: Delivery, _ version: STOMPVersion, _ head: ByteBuffer, into buffer: inout ByteBuffer
    ) {
        buffer.writeString("MESSAGE\n")
        buffer.writeImmutableBuffer(head)
        if let subscription = delivery.subscription {
            FrameEncoder(version: version).relayHeader("subscription", subscription, into: &buffer)
        }
        // As in Spring, a `message-id` of the sender is forwarded, and no other is added.
        if !hasOwnID {
            buffer.writeString("message-id:\(SessionPolicy.name(of: delivery.connection))-\(numbered)\n")
            numbered += 1
        }
        buffer.writeImmutableBuffer(end)
    }

    /// Releases the last message.
    mutating func forget() {
        guard message != nil else { return }
        message = nil
        end.clear()
        for index in common.indices { common[index].clear() }
    }

    private func writeCommon(_ message: Message, _ version: STOMPVersion, _ buffer: inout ByteBuffer) {
        let encoder = FrameEncoder(version: version)
        encoder.relayHeader("destination", message.destination, into: &buffer)
        if serverProfile.isSpring {
            if let type = message.frame.headers["content-type"] {
                encoder.relayHeader("content-type", type, into: &buffer)
            }
            encoder.relayHeaders(of: message.frame, except: dropped, into: &buffer)
            return
        }
        encoder.relayHeaders(of: message.frame, except: dropped, into: &buffer)
        if message.frame.bodySize > 0 || serverProfile.announcesEmptyBodies {
            buffer.writeString("content-length:\(message.frame.bodySize)\n")
        }
        buffer.writeInteger(UInt8(ascii: "\n"))
    }

    /// Invalid UTF-8 becomes U+FFFD, unless the message is binary; `content-length` is not changed.
    private mutating func writeEnd(_ message: Message) {
        let body = message.frame.body
        end.writeString("content-length:\(body.readableBytes)\n\n")
        if body.isUTF8 || message.isOctetStream {
            end.writeImmutableBuffer(body)
        } else {
            end.writeString(String(buffer: body))
        }
        end.writeInteger(UInt8(0))
    }
}

extension STOMPVersion {
    fileprivate var index: Int {
        switch self {
        case .v10: 0
        case .v11: 1
        case .v12: 2
        }
    }
}
