import NIOCore
import STOMPCore
import STOMPTransport

/// Writes MESSAGE frames as one kind of server does. What is the same for all who get a message is written once for each version.
struct MessageEncoder {
    private let serverProfile: ServerProfile
    /// Headers of SEND that are spoken to the broker, or that only the broker may say.
    private let dropped: [String]
    /// Where it is Spring: how many messages were numbered, over all sessions.
    private var numbered = 0
    /// Where it is Spring: what follows the headers that differ, for ``message``.
    private var end = ByteBuffer()
    private var message: Message?
    /// What kind of message the last one went as.
    private(set) var kind = TransportMessageKind.byContent
    /// Whether its sender gave it a `message-id`.
    private var hasOwnID = false
    /// The headers of ``message`` that all get, for each version; empty until they are needed.
    private var common = Array(repeating: ByteBuffer(), count: STOMPVersion.allCases.count)

    init(serverProfile: ServerProfile = .standard) {
        self.serverProfile = serverProfile
        let own = ["destination", "content-length", "subscription", "message-id", "ack", "redelivered"]
        // RabbitMQ passes on what was asked of it.
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

    /// Spring's order: the destination, the type and what else the sender said, then what is Spring's own.
    private mutating func writeSpring(
        _ delivery: Delivery, _ version: STOMPVersion, _ head: ByteBuffer, into buffer: inout ByteBuffer
    ) {
        buffer.writeString("MESSAGE\n")
        buffer.writeImmutableBuffer(head)
        if let subscription = delivery.subscription {
            FrameEncoder(version: version).relayHeader("subscription", subscription, into: &buffer)
        }
        // One that the sender gave leaks, and stays the only one.
        if !hasOwnID {
            buffer.writeString("message-id:\(SessionPolicy.name(of: delivery.connection))-\(numbered)\n")
            numbered += 1
        }
        buffer.writeImmutableBuffer(end)
    }

    /// Lets the last message go.
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

    /// What is not UTF-8 goes as U+FFFD, unless the message goes as binary; its length stays.
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
