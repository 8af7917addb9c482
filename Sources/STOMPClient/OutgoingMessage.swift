import NIOCore
import STOMPCore
import STOMPTransport
import Synchronization

/// A message to send (STOMP 1.2, "SEND").
public struct OutgoingMessage: Sendable {
    /// The `destination` header.
    public var destination: String
    /// The body; its bytes are sent unchanged.
    public var body: ByteBuffer
    /// Additional headers, such as `content-type`, in their order.
    public var headers: HeaderList
    /// Whether the frame gets a `content-length`. Default `FrameEncoder/ContentLength/automatic`.
    public var contentLength: FrameEncoder.ContentLength
    /// Whether to request a receipt from the server (STOMP 1.2, "Header receipt"). Spring's simple broker sends none:
    /// see `Handshake/answersReceipts`.
    public var wantsReceipt: Bool
    /// The open transaction that it belongs to; nil for none.
    public var transaction: String?

    /// Creates a message.
    ///
    /// - Parameters:
    ///   - destination: the destination.
    ///   - body: the body. Default empty.
    ///   - headers: additional headers, in their order. Default none.
    ///   - contentLength: whether the frame gets a `content-length`. Default automatic.
    ///   - wantsReceipt: whether to request a receipt. Default false.
    ///   - transaction: the open transaction that it belongs to. Default nil.
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

    /// Creates a message with a body of UTF-8 text. It gets no `content-type` unless `headers` has one.
    ///
    /// - Parameters:
    ///   - destination: the destination.
    ///   - text: the body.
    ///   - headers: additional headers, in their order. Default none.
    ///   - wantsReceipt: whether to request a receipt. Default false.
    ///   - transaction: the open transaction that it belongs to. Default nil.
    public init(
        to destination: String, text: String, headers: HeaderList = [:], wantsReceipt: Bool = false,
        transaction: String? = nil
    ) {
        self.init(
            to: destination, body: ByteBuffer(string: text), headers: headers, wantsReceipt: wantsReceipt,
            transaction: transaction)
    }
}

/// A requested receipt (STOMP 1.2, "RECEIPT"): the server confirms with it that it has processed a frame.
public struct Receipt: Sendable {
    /// The `receipt` header of the frame that asked for it.
    public let id: String
    /// Succeeds with the time of arrival.
    let future: EventLoopFuture<Timestamp>
    private let arrival = Arrival()

    init(id: String, future: EventLoopFuture<Timestamp>) {
        self.id = id
        self.future = future
        future.whenSuccess { [arrival] time in arrival.time.store(time.nanoseconds, ordering: .releasing) }
    }

    private final class Arrival: Sendable {
        /// 0 until the receipt arrives.
        let time = Atomic(Int64(0))
    }

    /// Whether the receipt was received.
    public var isConfirmed: Bool { confirmedAt != nil }

    /// When the socket read that completed the receipt returned; nil before that.
    public var confirmedAt: Timestamp? {
        let time = arrival.time.load(ordering: .acquiring)
        return time == 0 ? nil : Timestamp(nanoseconds: time)
    }

    /// Waits for the receipt. It returns at once if the receipt was received already.
    ///
    /// The timeout restarts with each receipt received, because a server sends them one after another.
    ///
    /// - Throws: ``STOMPClientError``: ``STOMPClientError/timedOut(_:within:)`` if no receipt was received for
    ///   ``ClientConfiguration/receiptTimeout``, or the error that ended the session; or `CancellationError`.
    public func confirmation() async throws {
        // A future does not react to the cancellation of the task that waits for it.
        let waiter = future.eventLoop.makePromise(of: Timestamp.self)
        future.cascade(to: waiter)
        try await withTaskCancellationHandler {
            _ = try await waiter.futureResult.get()
        } onCancel: {
            waiter.fail(CancellationError())
        }
    }
}

/// Sending, acknowledging and transactions.
extension STOMPConnection {
    /// Whether a message with this body is sent as a binary WebSocket message: if all messages are, or if the body
    /// is not UTF-8.
    public nonisolated func sendsAsBinary(_ body: ByteBuffer) -> Bool {
        transport.keepsMessages && !transport.carriesOnlyText
            && (configuration.transport.sendsBinary || !body.isUTF8)
    }

    /// Sends messages in their order. If one cannot be sent, sends none.
    ///
    /// Returns when they were written to the socket or little is queued: a caller that awaits each call is as fast
    /// as the server and uses little memory.
    ///
    /// - Parameter messages: what to send. They are all in memory at once.
    /// - Returns: the receipts of the messages that request one, in order.
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
        // RabbitMQ sends the receipts of a transaction after COMMIT.
        let receipts = zip(ids, messages.lazy.filter(\.wantsReceipt)).map { id, message in
            core.awaitReceipt(id, in: message.transaction)
        }
        try await core.writable()?.get()
        return receipts
    }

    /// Sends one message.
    ///
    /// - Returns: its receipt; nil if none was requested.
    /// - Throws: ``STOMPClientError``.
    @discardableResult
    public func send(_ message: OutgoingMessage) async throws -> Receipt? {
        try await send([message]).first
    }

    /// Acknowledges a message of a subscription whose mode is not `AckMode/auto` (STOMP 1.2, "ACK").
    ///
    /// - Parameters:
    ///   - message: the message; in mode `AckMode/client` also all messages before it.
    ///   - transaction: the open transaction that the ACK belongs to. Default nil.
    /// - Throws: ``STOMPClientError``.
    public func ack(_ message: Message, transaction: String? = nil) async throws {
        try await acknowledge([message]) { session, message throws(STOMPProtocolError) in
            try session.ack(message, transaction: transaction)
        }
    }

    /// Acknowledges messages with one ACK each, sent together. If one cannot be acknowledged, sends none.
    ///
    /// - Throws: ``STOMPClientError``.
    public func ack(_ messages: [Message]) async throws {
        try await acknowledge(messages) { session, message throws(STOMPProtocolError) in try session.ack(message) }
    }

    /// Acknowledges the messages whose subscription is still open. Servers answer an ACK for an ended subscription
    /// with ERROR, and deliver its messages to the next receiver.
    ///
    /// - Returns: how many were acknowledged.
    /// - Throws: ``STOMPClientError``.
    public func ackSubscribed(_ messages: [Message]) async throws -> Int {
        let session = core.machine.session
        let open = messages.filter { session.isSubscribed(to: $0.frame) }
        try await ack(open)
        return open.count
    }

    /// Rejects a message (STOMP 1.2, "NACK"). STOMP 1.0 has no NACK.
    ///
    /// - Parameters:
    ///   - message: the message.
    ///   - transaction: the open transaction that the NACK belongs to. Default nil.
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

    /// Begins a transaction (STOMP 1.2, "BEGIN").
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

    /// Commits a transaction (STOMP 1.2, "COMMIT"): the server processes all its messages.
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

    /// Aborts a transaction (STOMP 1.2, "ABORT"): the server discards all its messages.
    ///
    /// - Throws: ``STOMPClientError``.
    public func abort(_ transaction: String) throws {
        try core.send { session throws(STOMPProtocolError) in ((), [try session.abort(transaction)]) }
        core.releaseReceipts(of: transaction)
    }
}
