import NIOCore
import STOMPCore

/// Writes MESSAGE frames as one kind of server does. What is the same for all who get a message is written once for each version.
struct MessageEncoder {
    private let serverProfile: ServerProfile
    /// Headers of SEND that are spoken to the broker, or that only the broker may say.
    private let dropped: [String]
    private var message: Message?
    /// The headers of ``message`` that all get, for each version; empty until they are needed.
    private var common = Array(repeating: ByteBuffer(), count: STOMPVersion.allCases.count)

    init(serverProfile: ServerProfile = .standard) {
        self.serverProfile = serverProfile
        let own = ["destination", "content-length", "subscription", "message-id", "ack", "redelivered"]
        // RabbitMQ passes on what was asked of it.
        dropped = serverProfile == .rabbitMQ ? own : own + ["receipt", "transaction"]
    }

    /// Appends the MESSAGE of a delivery.
    mutating func write(_ delivery: Delivery, version: STOMPVersion, into buffer: inout ByteBuffer) {
        if delivery.message !== message {
            forget()
            message = delivery.message
        }
        let index = version.index
        if common[index].readableBytes == 0 { writeCommon(delivery.message, version, &common[index]) }

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

    /// Lets the last message go.
    mutating func forget() {
        guard message != nil else { return }
        message = nil
        for index in common.indices { common[index].clear() }
    }

    private func writeCommon(_ message: Message, _ version: STOMPVersion, _ buffer: inout ByteBuffer) {
        let encoder = FrameEncoder(version: version)
        encoder.relayHeader("destination", message.destination, into: &buffer)
        encoder.relayHeaders(of: message.frame, except: dropped, into: &buffer)
        if message.frame.bodySize > 0 || serverProfile.announcesEmptyBodies {
            buffer.writeString("content-length:\(message.frame.bodySize)\n")
        }
        buffer.writeInteger(UInt8(ascii: "\n"))
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
