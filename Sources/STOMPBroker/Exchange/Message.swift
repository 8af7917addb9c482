import NIOCore
import STOMPCore

/// What somebody has sent: the SEND frame and where it goes.
final class Message: Sendable {
    let destination: String
    /// The SEND frame, whose body and headers go on in MESSAGE.
    let frame: Frame

    init(destination: String, frame: Frame) {
        self.destination = destination
        self.frame = frame
    }

    /// What it costs to keep it, in octets.
    var cost: Int { frame.bytes.readableBytes + BrokerLimits.messageOverhead }

    /// The same message for keeping: a small frame must not keep the whole read that it came in.
    func kept() -> Message {
        guard frame.bytes.readableBytes * 2 < frame.bytes.storageCapacity else { return self }
        return Message(destination: destination, frame: frame.detached())
    }
}

/// A message on its way to one subscription.
struct Delivery {
    /// Names a delivery to its receiver: the subscription's number, and the how manieth message of it this is. It
    /// stands in `message-id`, and in `ack` at 1.2.
    struct ID: Hashable, CustomStringConvertible {
        var subscription: Int
        var number: Int

        var description: String { "\(subscription)-\(number)" }
    }

    let message: Message
    let connection: ConnectionID
    /// The id that the client gave to its subscription; nil where a 1.0 client gave none.
    let subscription: String?
    let id: ID
    let wantsAcknowledgement: Bool
    let isRedelivered: Bool
}

extension Delivery.ID {
    /// Reads what ``description`` writes.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let subscription = parts[0], let number = parts[1] else { return nil }
        self.init(subscription: subscription, number: number)
    }
}

/// Names a connection to the broker.
typealias ConnectionID = Int
