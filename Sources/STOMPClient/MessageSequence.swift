import NIOCore
import STOMPCore
import STOMPTransport

/// Messages in the order received, for one reader at a time.
///
/// They are delivered in batches: messages that arrived while the reader was busy are delivered at once, without a
/// task switch for each. If a reader has more than ``ClientConfiguration/undeliveredLimit`` waiting, reading from
/// the socket is paused, so that the server slows down and memory does not grow.
///
/// It ends after UNSUBSCRIBE and after ``STOMPConnection/disconnect()``. If the task that reads it is cancelled while
/// it waits, the loop ends without an error; messages that arrive later stay for the next reader.
public struct MessageSequence: AsyncSequence, Sendable {
    /// A message.
    public typealias Element = Message

    let connection: STOMPConnection
    let inbox: Int

    /// The same messages in batches; no batch is empty.
    public var batches: Batches { Batches(messages: self) }

    /// Starts to read.
    public func makeAsyncIterator() -> Iterator { Iterator(batches: batches.makeAsyncIterator()) }

    /// Reads the messages one by one.
    public struct Iterator: AsyncIteratorProtocol {
        var batches: Batches.Iterator
        var batch: ArraySlice<Message> = []

        /// Waits for the next message.
        ///
        /// - Returns: the message; nil at the end of the sequence, or if the task is cancelled.
        /// - Throws: ``STOMPClientError`` if the session ends other than by ``STOMPConnection/disconnect()``.
        public mutating func next() async throws -> Message? {
            if batch.isEmpty {
                guard let next = try await batches.next() else { return nil }
                batch = next[...]
            }
            return batch.popFirst()
        }
    }

    /// Messages in batches: each holds what arrived since the one before.
    public struct Batches: AsyncSequence, Sendable {
        /// One or more messages.
        public typealias Element = [Message]

        let messages: MessageSequence

        /// Starts to read.
        public func makeAsyncIterator() -> Iterator { Iterator(messages: messages) }

        /// Reads the batches one by one.
        public struct Iterator: AsyncIteratorProtocol {
            let messages: MessageSequence

            /// Waits for the next batch.
            ///
            /// - Returns: the batch; nil at the end of the sequence, or if the task is cancelled.
            /// - Throws: ``STOMPClientError`` if the session ends other than by ``STOMPConnection/disconnect()``.
            public mutating func next() async throws -> [Message]? {
                try await messages.connection.nextBatch(of: messages.inbox)
            }
        }
    }
}

/// A subscription on a connection (STOMP 1.2, "SUBSCRIBE"), made by
/// ``STOMPConnection/subscribe(to:id:ack:headers:into:)``.
public struct Subscription: Sendable {
    /// The `id` header of SUBSCRIBE.
    public let id: String
    /// The `destination` header of SUBSCRIBE.
    public let destination: String
    /// The `ack` header of SUBSCRIBE.
    public let ack: AckMode
    /// The messages of this subscription, and of other subscriptions that were created with the same sequence.
    public let messages: MessageSequence
    /// The receipt of SUBSCRIBE; nil if the server sends no receipts.
    let receipt: Receipt?

    /// Whether the server has confirmed the subscription.
    public var isConfirmed: Bool { receipt?.isConfirmed ?? false }
}

/// How it is known that a subscription is active.
public enum SubscriptionConfirmation: Sendable, Hashable {
    /// The server has confirmed it with a receipt.
    case confirmed
    /// The server sends no receipts; the subscription is assumed to be active, because
    /// ``ClientConfiguration/settleTime`` has passed.
    case assumed
    /// The receipt was not received within ``ClientConfiguration/receiptTimeout``, although this server should send it.
    case unconfirmed
}

/// How a session ended after DISCONNECT (STOMP 1.2, "DISCONNECT").
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

/// A MESSAGE received on a subscription (STOMP 1.2, "MESSAGE").
public struct Message: Sendable {
    /// The frame as received.
    public let frame: Frame
    /// When the socket read that completed the frame returned.
    public let receivedAt: Timestamp

    /// Creates a message from a frame, for example in a test.
    public init(frame: Frame, receivedAt: Timestamp) {
        self.frame = frame
        self.receivedAt = receivedAt
    }

    /// The headers in the order of the frame, including repeated ones.
    public var headers: FrameHeaders { frame.headers }
    /// The body, without a copy.
    public var body: ByteBuffer { frame.body }
    /// The body as UTF-8; invalid bytes become U+FFFD.
    public var text: String { String(buffer: frame.body) }
    /// The `destination` header; nil if the server did not send it, which STOMP requires.
    public var destination: String? { frame.headers["destination"] }
    /// The id of its subscription; a STOMP 1.0 server may omit it.
    public var subscription: String? { frame.headers["subscription"] }
}
