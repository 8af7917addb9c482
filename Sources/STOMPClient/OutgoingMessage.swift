import NIOCore
import STOMPCore
import STOMPTransport
import Synchronization

/// A message to send.
public struct OutgoingMessage: Sendable {
    public var destination: String
    public var body: ByteBuffer
    /// Further headers, such as `content-type`, in their order.
    public var headers: HeaderList
    /// Whether the body is announced by its length. Default `FrameEncoder/ContentLength/automatic`.
    public var contentLength: FrameEncoder.ContentLength
    /// Whether the server is asked to say that it has processed it.
    public var wantsReceipt: Bool
    /// The open transaction that it belongs to.
    public var transaction: String?

    public init(
        to destination: String, body: ByteBuffer = ByteBuffer(), headers: HeaderList = [:],
        contentLength: FrameEncoder.ContentLength = .automatic, wantsReceipt: Bool = false, transaction: String? = nil
    ) {
        self.destination = destination
        self.body = body
        self.headers = headers
        self.contentLength = contentLength
        self.wantsReceipt = wantsReceipt
        self.transaction = transaction
    }
}

/// A receipt that was asked for.
public struct Receipt: Sendable {
    public let id: String
    /// When it came.
    let future: EventLoopFuture<Timestamp>
    private let arrival = Arrival()

    init(id: String, future: EventLoopFuture<Timestamp>) {
        self.id = id
        self.future = future
        future.whenSuccess { [arrival] time in arrival.time.store(time.nanoseconds, ordering: .releasing) }
    }

    private final class Arrival: Sendable {
        /// 0 until then.
        let time = Atomic(Int64(0))
    }

    /// Whether it has come.
    public var hasArrived: Bool { arrivedAt != nil }

    /// When the read of the socket returned that brought it.
    public var arrivedAt: Timestamp? {
        let time = arrival.time.load(ordering: .acquiring)
        return time == 0 ? nil : Timestamp(nanoseconds: time)
    }

    /// Waits for it.
    ///
    /// - Throws: ``STOMPClientError``: ``STOMPClientError/timedOut(_:within:)`` when none came for
    ///   ``ClientConfiguration/receiptTimeout``, or what ended the session; or `CancellationError`.
    public func arrives() async throws {
        // A future knows nothing of its waiter's cancellation.
        let waiter = future.eventLoop.makePromise(of: Timestamp.self)
        future.cascade(to: waiter)
        try await withTaskCancellationHandler {
            _ = try await waiter.futureResult.get()
        } onCancel: {
            waiter.fail(CancellationError())
        }
    }
}

/// What is sent, and what is said of the messages that came.
extension STOMPConnection {
    /// Whether a message with this body goes as a binary WebSocket message: where all do, or the body is not UTF-8.
    public nonisolated func sendsAsBinary(_ body: ByteBuffer) -> Bool {
        transport.keepsMessages && !transport.carriesOnlyText
            && (configuration.transport.sendsBinary || !body.isUTF8)
    }

    /// Sends messages in their order, all of them or, where one cannot be sent, none.
    ///
    /// Returns once they have left for the socket or little is queued before it: a caller that awaits each call is as
    /// fast as the server and keeps little in memory.
    ///
    /// - Parameter messages: what to send. They are all in memory at once.
    /// - Returns: the receipts of those messages that ask for one, in order.
    /// - Throws: ``STOMPClientError``; with ``STOMPClientError/cannotSend(_:)`` nothing was sent.
    @discardableResult
    public func send(_ messages: [OutgoingMessage]) async throws -> [Receipt] {
        if transport.carriesOnlyText, !messages.allSatisfy(\.body.isUTF8) {
            throw STOMPClientError.cannotSend(.notText(message: nil, over: transport))
        }
        let ids = try core.send { session throws(STOMPProtocolError) in
            var ids: [String] = []
            var frames: [Frame] = []
            frames.reserveCapacity(messages.count)
            for message in messages {
                let receipt = message.wantsReceipt ? session.makeReceiptID() : nil
                if let receipt { ids.append(receipt) }
                frames.append(
                    try session.send(
                        to: message.destination, headers: message.headers, body: message.body,
                        contentLength: message.contentLength, transaction: message.transaction, receipt: receipt))
            }
            return (ids, frames)
        }
        // RabbitMQ answers the receipts of a transaction after COMMIT.
        let receipts = zip(ids, messages.lazy.filter(\.wantsReceipt)).map { id, message in
            core.awaitReceipt(id, in: message.transaction)
        }
        try await core.writable()?.get()
        return receipts
    }

    /// Sends one message.
    ///
    /// - Returns: its receipt, where it asks for one.
    /// - Throws: ``STOMPClientError``.
    @discardableResult
    public func send(_ message: OutgoingMessage) async throws -> Receipt? {
        try await send([message]).first
    }

    /// Acknowledges a message of a subscription whose mode is not `AckMode/auto`.
    ///
    /// - Throws: ``STOMPClientError``.
    public func ack(_ message: Message, transaction: String? = nil) async throws {
        try await acknowledge([message]) { session, message throws(STOMPProtocolError) in
            try session.ack(message, transaction: transaction)
        }
    }

    /// Acknowledges messages one by one, in one go.
    ///
    /// - Throws: ``STOMPClientError``.
    public func ack(_ messages: [Message]) async throws {
        try await acknowledge(messages) { session, message throws(STOMPProtocolError) in try session.ack(message) }
    }

    /// Acknowledges those messages whose subscription is still open. Servers answer ERROR to an ACK for one that has ended,
    /// and give its messages to the next receiver.
    ///
    /// - Returns: how many were acknowledged.
    /// - Throws: ``STOMPClientError``.
    public func ackSubscribed(_ messages: [Message]) async throws -> Int {
        let session = core.machine.session
        let open = messages.filter { session.isSubscribed(to: $0.frame) }
        try await ack(open)
        return open.count
    }

    /// Tells that a message was not taken. STOMP 1.0 has no way to say so.
    ///
    /// - Throws: ``STOMPClientError``.
    public func nack(_ message: Message, transaction: String? = nil) async throws {
        try await acknowledge([message]) { session, message throws(STOMPProtocolError) in
            try session.nack(message, transaction: transaction)
        }
    }

    private func acknowledge(
        _ messages: [Message], _ make: (Session, Frame) throws(STOMPProtocolError) -> Frame
    ) async throws {
        try core.send { session throws(STOMPProtocolError) in
            var frames: [Frame] = []
            for message in messages { frames.append(try make(session, message.frame)) }
            return ((), frames)
        }
        try await core.writable()?.get()
    }

    // MARK: Transactions

    /// Opens a transaction.
    ///
    /// - Parameter id: its id; by default `tx-0`, `tx-1` and so on.
    /// - Returns: the id, for ``OutgoingMessage/transaction``, ``commit(_:)`` and ``abort(_:)``.
    /// - Throws: ``STOMPClientError``.
    public func begin(_ id: String? = nil) throws -> String {
        try core.send { session throws(STOMPProtocolError) in
            let (id, frame) = try session.begin(id)
            return (id, [frame])
        }
    }

    /// Makes everything in a transaction happen.
    ///
    /// - Returns: the receipt of COMMIT.
    /// - Throws: ``STOMPClientError``.
    @discardableResult
    public func commit(_ transaction: String) throws -> Receipt {
        let id = try core.send { session throws(STOMPProtocolError) in
            let receipt = session.makeReceiptID()
            return (receipt, [try session.commit(transaction, receipt: receipt)])
        }
        core.releaseReceipts(of: transaction)
        return core.awaitReceipt(id)
    }

    /// Forgets everything in a transaction.
    ///
    /// - Throws: ``STOMPClientError``.
    public func abort(_ transaction: String) throws {
        try core.send { session throws(STOMPProtocolError) in ((), [try session.abort(transaction)]) }
        core.releaseReceipts(of: transaction)
    }
}
