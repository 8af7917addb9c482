import NIOCore
import STOMPCore
import STOMPTransport

/// Messages as they come, for one reader.
///
/// They are handed over in batches: what came while the reader was busy comes at once, without a task switch for each.
/// A reader that falls behind by more than ``ClientConfiguration/undeliveredLimit`` stops the reading of the socket, so
/// that the server slows down and memory does not grow.
public struct MessageSequence: AsyncSequence, Sendable {
    public typealias Element = Message

    let connection: STOMPConnection
    let inbox: Int

    /// The same messages, a batch at a time; no batch is empty.
    public var batches: Batches { Batches(messages: self) }

    public func makeAsyncIterator() -> Iterator { Iterator(batches: batches.makeAsyncIterator()) }

    public struct Iterator: AsyncIteratorProtocol {
        var batches: Batches.Iterator
        var batch: ArraySlice<Message> = []

        /// - Throws: ``STOMPClientError`` when the session ends otherwise than by this side's will.
        public mutating func next() async throws -> Message? {
            if batch.isEmpty {
                guard let next = try await batches.next() else { return nil }
                batch = next[...]
            }
            return batch.popFirst()
        }
    }

    public struct Batches: AsyncSequence, Sendable {
        public typealias Element = [Message]

        let messages: MessageSequence

        public func makeAsyncIterator() -> Iterator { Iterator(messages: messages) }

        public struct Iterator: AsyncIteratorProtocol {
            let messages: MessageSequence

            /// - Throws: ``STOMPClientError`` when the session ends otherwise than by this side's will.
            public mutating func next() async throws -> [Message]? {
                try await messages.connection.nextBatch(of: messages.inbox)
            }
        }
    }
}

/// A subscription that was made on a connection.
public struct Subscription: Sendable {
    public let id: String
    public let destination: String
    public let ack: AckMode
    /// What comes on it, and on the other subscriptions that were made to share its sequence.
    public let messages: MessageSequence
    /// The receipt of SUBSCRIBE; nil where the server answers none.
    let receipt: Receipt?

    /// Whether the server has confirmed it by now.
    public var isConfirmed: Bool { receipt?.hasArrived ?? false }
}

/// Since when a subscription is known to stand.
public enum SubscriptionConfirmation: Sendable, Hashable {
    /// The server has confirmed it by a receipt.
    case confirmed
    /// The server answers no receipts; ``ClientConfiguration/settle`` has passed.
    case settled
    /// The receipt did not come within ``ClientConfiguration/receiptTimeout``, though this server should answer it.
    case unconfirmed
}

/// How a session ended after DISCONNECT.
public enum DisconnectOutcome: Sendable, Hashable {
    /// The receipt came: the server has processed everything that was sent.
    case confirmed
    /// The server closed the WebSocket with 1000 instead, as RabbitMQ does.
    case closed
    /// The stream ended without a receipt, so that what was sent last may not have been processed.
    case ended
    /// Neither came within ``ClientConfiguration/receiptTimeout``.
    case unanswered
}

/// A MESSAGE that came on a subscription.
public struct Message: Sendable {
    /// The frame as it came.
    public let frame: Frame
    /// When the read of the socket returned that brought its end.
    public let receivedAt: Timestamp

    public init(frame: Frame, receivedAt: Timestamp) {
        self.frame = frame
        self.receivedAt = receivedAt
    }

    public var headers: FrameHeaders { frame.headers }
    public var body: ByteBuffer { frame.body }
    public var destination: String? { frame.headers["destination"] }
    /// The id of the subscription that it came on; a STOMP 1.0 server may leave it out.
    public var subscription: String? { frame.headers["subscription"] }
}
