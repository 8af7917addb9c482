import NIOCore
import STOMPCore

/// Writes MESSAGE frames. What is the same for all who get a message is written once for each version.
struct MessageEncoder {
    /// Headers of SEND that are spoken to the broker, or that only the broker may say.
    private static let dropped = [
        "destination", "content-length", "receipt", "transaction", "subscription", "message-id", "ack", "redelivered",
    ]

    private var message: Message?
    /// The headers of ``message`` that all get, for each version; empty until they are needed.
    private var common = Array(repeating: ByteBuffer(), count: STOMPVersion.allCases.count)

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
        buffer.writeString(delivery.isRedelivered ? "\nredelivered:true\n" : "\n")
        buffer.writeImmutableBuffer(common[index])
        buffer.writeImmutableBuffer(delivery.message.frame.body)
        buffer.writeInteger(UInt8(0))
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
        encoder.relayHeaders(of: message.frame, except: Self.dropped, into: &buffer)
        buffer.writeString("content-length:\(message.frame.bodySize)\n\n")
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
