import NIOCore
import STOMPCore
import STOMPTransport

/// Messages in the order received, for one reader.
///
/// They are delivered in batches: messages that arrived while the reader was busy are delivered at once, without a
/// task switch for each. If a reader has more than ``ClientConfiguration/undeliveredLimit`` waiting, reading from
/// the socket is paused, so that the server slows down and memory does not grow.
public struct MessageSequence: AsyncSequence, Sendable {
    public typealias Element = Message

    let connection: STOMPConnection
    let inbox: Int

    /// The same messages in batches; no batch is empty.
    public var batches: Batches { Batches(messages: self) }

    public func makeAsyncIterator() -> Iterator { Iterator(batches: batches.makeAsyncIterator()) }

    public struct Iterator: AsyncIteratorProtocol {
        var batches: Batches.Iterator
        var batch: ArraySlice<Message> = []

        /// - Throws: ``STOMPClientError`` if the session ends for any reason other than a call of this side.
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

            /// - Throws: ``STOMPClientError`` if the session ends for any reason other than a call of this side.
            public mutating func next() async throws -> [Message]? {
                try await messages.connection.nextBatch(of: messages.inbox)
            }
        }
    }
}

/// A subscription on a connection.
public struct Subscription: Sendable {
    public let id: String
    public let destination: String
    public let ack: AckMode
    /// The messages of this subscription, and of other subscriptions that were created with the same sequence.
    public let messages: MessageSequence
    /// The receipt of SUBSCRIBE; nil if the server sends no receipts.
    let receipt: Receipt?

    /// Whether the server has confirmed the subscription.
    public var isConfirmed: Bool { receipt?.hasArrived ?? false }
}

/// How it is known that a subscription is active.
public enum SubscriptionConfirmation: Sendable, Hashable {
    /// The server has confirmed it with a receipt.
    case confirmed
    /// The server sends no receipts; ``ClientConfiguration/settle`` has passed.
    case settled
    /// The receipt was not received within ``ClientConfiguration/receiptTimeout``, although this server should send it.
    case unconfirmed
}

/// How a session ended after DISCONNECT.
public enum DisconnectOutcome: Sendable, Hashable {
    /// The receipt was received: the server has processed everything that was sent.
    case confirmed
    /// The server closed the WebSocket with 1000 instead, as RabbitMQ does.
    case closed
    /// The stream ended without a receipt, so the server may not have processed the last frames.
    case ended
    /// Neither a receipt nor the end of the stream within ``ClientConfiguration/receiptTimeout``.
    case unanswered
}

/// A MESSAGE received on a subscription.
public struct Message: Sendable {
    /// The frame as received.
    public let frame: Frame
    /// When the socket read that completed the frame returned.
    public let receivedAt: Timestamp

    public init(frame: Frame, receivedAt: Timestamp) {
        self.frame = frame
        self.receivedAt = receivedAt
    }

    public var headers: FrameHeaders { frame.headers }
    public var body: ByteBuffer { frame.body }
    public var destination: String? { frame.headers["destination"] }
    /// The id of its subscription; a STOMP 1.0 server may omit it.
    public var subscription: String? { frame.headers["subscription"] }
}
