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
    let future: EventLoopFuture<Void>
    private let arrival = Arrival()

    init(id: String, future: EventLoopFuture<Void>) {
        self.id = id
        self.future = future
        future.whenSuccess { [arrival] in arrival.time.store(Timestamp.now().nanoseconds, ordering: .releasing) }
    }

    private final class Arrival: Sendable {
        /// 0 until then.
        let time = Atomic(Int64(0))
    }

    /// Whether it has come.
    public var hasArrived: Bool { arrivedAt != nil }

    /// When it came.
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
        let waiter = future.eventLoop.makePromise(of: Void.self)
        future.cascade(to: waiter)
        try await withTaskCancellationHandler {
            try await waiter.futureResult.get()
        } onCancel: {
            waiter.fail(CancellationError())
        }
    }
}
